"""The cells of a sheet as a stream of rows. Pure.

openpyxl is not used for them, for three things it does not give in a stream: numbers as they stand in the file,
formulas beside their results, and memory that stays flat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO

from batchsite.workbooks.long_row import Cell, LongRow
from batchsite.workbooks.xml_stream import Damaged, XmlStream

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
NO_STYLE = 1_000_000
"""More than any file has: what an attribute names that is no number."""
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d+)")
_MOST_MERGED = 1000
_YES = {"1", "true"}


@dataclass
class SheetRow:
    """`number` is what Excel shows at its left."""

    number: int
    cells: list[Cell]
    hidden: bool
    length: int = 0
    """Characters of its cells."""
    long: LongRow | None = None
    """All of its cells, where they have more characters than may be held."""


@dataclass
class SheetEnd:
    """What is known of a sheet once it is read."""

    merged: list[str] = field(default_factory=list)
    hidden_columns: int = 0


class SheetReader(XmlStream):
    """Reads the XML of one sheet. `longest`: characters of a whole row."""

    def __init__(self, longest: int) -> None:
        from openpyxl.utils import column_index_from_string  # only where it is needed: all of openpyxl comes with it

        super().__init__(longest)
        self._column_of = column_index_from_string
        self._rows: list[SheetRow | SheetEnd] = []
        self._row, self._column = SheetRow(0, [], False), 0
        self._cell = Cell(0, "n", 0)
        self._value, self._valued = "", False
        self._inline: str | None = None
        self._in_cell = self._phonetic = False
        self._extensions = 0
        self._end_of_sheet = SheetEnd()

    def read(self, part: IO[bytes]) -> Iterator[SheetRow | SheetEnd]:
        """The rows, and in the end what stands behind them. Raises Damaged, TooLarge, ExpatError."""
        for _ in self.feed(part):
            yield from self._rows
            self._rows.clear()
        yield self._end_of_sheet

    def started(self, tag: str, values: dict[str, str]) -> None:
        if self._extensions:
            self._extensions += tag == "extLst"
        elif self._in_cell:
            self._begin_part(tag)
        elif tag == "c":
            self._begin_cell(values)
        elif tag == "row":
            self._begin_row(values)
        elif tag == "extLst":
            self._extensions = 1
        elif tag == "mergeCell" and len(self._end_of_sheet.merged) < _MOST_MERGED:
            self._end_of_sheet.merged.append(values.get("ref", ""))
        elif tag == "col" and values.get("hidden") in _YES:
            self._end_of_sheet.hidden_columns += 1

    def _begin_part(self, tag: str) -> None:
        """What stands within a cell."""
        if tag == "v" or (tag == "t" and not self._phonetic):
            self.taking = True
        elif tag == "is":
            self.forget_text()
        elif tag == "f":
            self._cell.formula = True
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "extLst":
            self._extensions = 1

    def ended(self, tag: str) -> None:
        if self._extensions:
            self._extensions -= tag == "extLst"
        elif tag == "v":
            self.taking = False
            self._value, self._valued = self.text(), True
            self.forget_text()
        elif tag == "c":
            self._end_cell()
        elif tag == "t":
            self.taking = False
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
            column = self._column_of(match[1]) if match else 0
        if not self._column < column <= MOST_COLUMNS:
            raise Damaged("cell references")
        self._column = column
        style = values.get("s") or "0"
        self._cell = Cell(column, values.get("t") or "n", int(style) if style.isdecimal() else NO_STYLE)
        self._in_cell = True
        self._value, self._valued, self._inline = "", False, None
        self.forget_text()

    def _end_cell(self) -> None:
        """`<is>` is the text of an inlineStr cell, whatever `<v>` beside it says."""
        self._in_cell = False
        cell, row, inline = self._cell, self._row, self._inline
        chosen = inline if inline is not None and (cell.kind == "inlineStr" or not self._value) else self._value
        cell.text = chosen
        given = self._valued or inline is not None
        cell.stored = bool(chosen) or cell.kind == "str" or (cell.kind == "inlineStr" and given)
        row.length += len(chosen)
        row.cells.append(cell)
        if row.long or row.length > self.longest:
            self._put_away(row)

    def overflow(self) -> None:
        """A part of a cell that is longer than a row may be."""
        self._row.cells.append(replace(self._cell, text=self.text()))
        self.forget_text()
        self._put_away(self._row)

    def _put_away(self, row: SheetRow) -> None:
        row.long = row.long or LongRow()
        for cell in row.cells:
            row.long.add(cell)
        row.cells.clear()
