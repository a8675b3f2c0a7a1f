"""The cells of a row, and of one that is too long to be held in memory. Pure."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from batchsite.workbooks.disk_room import keep_room

_IN_MEMORY = 1_000_000


@dataclass
class Cell:
    """`kind` is the type of the cell in the file: n, s, str, inlineStr, b, e or d."""

    column: int
    kind: str
    style: int
    text: str = ""
    formula: bool = False
    stored: bool = False
    """Whether there is a result beside the formula, be it an empty text."""


class LongRow:
    """Cells in an unnamed temporary file, the longest of them in parts."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (closed with the row)
        self.columns: list[int] = []

    def add(self, part: Cell) -> None:
        if self.columns[-1:] != [part.column]:
            self.columns.append(part.column)
        before = self._file.tell()
        self._file.write(json.dumps([part.column, part.kind, part.style, part.text]).encode() + b"\n")
        keep_room(before, self._file.tell())

    def __iter__(self) -> Iterator[Cell]:
        """All parts; those of one cell have the same column."""
        self._file.seek(0)
        for line in self._file:
            yield Cell(*json.loads(line))
