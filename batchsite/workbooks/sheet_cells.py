"""The cells of a sheet as a stream of rows. Pure.

openpyxl is not used for them, for three things it does not give in a stream: numbers as they stand in the file,
formulas beside their results, and memory that stays flat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from openpyxl.utils import column_index_from_string

from batchsite.workbooks.xml_stream import Damaged, TooLarge, XmlStream

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d+)")
_MOST_MERGED = 1000
_YES = {"1", "true"}


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


@dataclass
class SheetRow:
    """`number` is what Excel shows at its left."""

    number: int
    cells: list[Cell]
    hidden: bool
    length: int = 0
    """Characters of its cells."""


@dataclass
class SheetEnd:
    """What is known of a sheet once it is read."""

    merged: list[str] = field(default_factory=list)
    hidden_columns: int = 0


class SheetReader(XmlStream):
    """Reads the XML of one sheet. `longest`: characters of a whole row."""

    def __init__(self, longest: int) -> None:
        super().__init__(longest)
        self._rows: list[SheetRow | SheetEnd] = []
        self._row, self._column = SheetRow(0, [], False), 0
        self._cell = Cell(0, "n", 0)
        self._value = ""
        self._inline: str | None = None
        self._phonetic = False
        self._end_of_sheet = SheetEnd()

    def read(self, part: IO[bytes]) -> Iterator[SheetRow | SheetEnd]:
        """The rows, and in the end what stands behind them. Raises Damaged, TooLarge, ExpatError."""
        for _ in self.feed(part):
            yield from self._rows
            self._rows.clear()
        yield self._end_of_sheet

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "c":
            self._begin_cell(values)
        elif tag == "v" or (tag == "t" and not self._phonetic):
            self.taking = True
        elif tag == "is":
            self.forget_text()
        elif tag == "f":
            self._cell.formula = True
        elif tag == "row":
            self._begin_row(values)
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "mergeCell" and len(self._end_of_sheet.merged) < _MOST_MERGED:
            self._end_of_sheet.merged.append(values.get("ref", ""))
        elif tag == "col" and values.get("hidden") in _YES:
            self._end_of_sheet.hidden_columns += 1

    def ended(self, tag: str) -> None:
        if tag == "c":
            self._end_cell()
        elif tag == "t":
            self.taking = False
        elif tag == "v":
            self.taking = False
            self._value = self.text()
            self.forget_text()
        elif tag == "is":
            self._inline = self.text()
        elif tag == "row":
            self._rows.append(self._row)
        elif tag == "rPh":
            self._phonetic = False

    def _begin_row(self, values: dict[str, str]) -> None:
        number = int(values.get("r") or self._row.number + 1)
        if not self._row.number < number <= MOST_ROWS:
            raise Damaged("row numbers")
        self._row, self._column = SheetRow(number, [], values.get("hidden") in _YES), 0

    def _begin_cell(self, values: dict[str, str]) -> None:
        column = self._column + 1
        if reference := values.get("r"):
            match = _REFERENCE.fullmatch(reference)
            column = column_index_from_string(match[1]) if match else 0
        if not self._column < column <= MOST_COLUMNS:
            raise Damaged("cell references")
        self._column = column
        self._cell = Cell(column, values.get("t") or "n", int(values.get("s") or 0))
        self._value, self._inline = "", None
        self.forget_text()

    def _end_cell(self) -> None:
        """`<is>` is the text of an inlineStr cell, whatever `<v>` beside it says."""
        cell, row, inline = self._cell, self._row, self._inline
        chosen = inline if inline is not None and (cell.kind == "inlineStr" or not self._value) else self._value
        cell.text = chosen
        cell.stored = bool(chosen) or cell.kind == "str" or (cell.kind == "inlineStr" and inline is not None)
        row.length += len(chosen)
        if row.length > self.longest:
            raise TooLarge(f"Row {row.number:,} has more than {self.longest:,} characters, which is the limit.")
        row.cells.append(cell)
