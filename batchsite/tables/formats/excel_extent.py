"""The first pass over a sheet: its extent, which cells cannot be read, and what to report about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from batchsite.tables.cell_faults import too_long, too_many_columns
from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_types import Limits
from batchsite.workbooks.display import NUMBER_KINDS, TEXT_KINDS, Display
from batchsite.workbooks.long_row import Cell
from batchsite.workbooks.number_formats import Departure
from batchsite.workbooks.sheet_cells import SheetEnd, SheetRow
from batchsite.workbooks.workbook import Book, Sheet

_SHOWN_PLACES = 3
_UNSOLVED = "holds a formula whose result is not stored. Open and save the file in Excel."
_WORDS = {
    Departure.PLAIN: "{numbers} written without the number format, which is unknown here or doesn’t fit",
    Departure.DIGITS: "{numbers} with every digit stored in the file, where Excel shows 15",
    Departure.HIDDEN: "{numbers} hidden by the number format, and read as Excel shows them: without the number",
}


@dataclass
class _Places:
    """Cells of one kind: how many, and where the first ones are."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, place: str) -> None:
        self.count += 1
        if len(self.first) < _SHOWN_PLACES:
            self.first.append(place)

    def __str__(self) -> str:
        return ", ".join(self.first) + (", …" if self.count > len(self.first) else "")


@dataclass
class Extent:
    """The extent of a sheet, by its filled cells."""

    first_row: int = 0
    last_row: int = 0
    first_column: int = 0
    last_column: int = 0
    filled_rows: int = 0

    @property
    def width(self) -> int:
        return self.last_column - self.first_column + 1

    @property
    def empty_rows(self) -> int:
        return self.last_row - self.first_row + 1 - self.filled_rows

    def include(self, number: int, columns: list[int]) -> None:
        self.first_row = self.first_row or number
        self.last_row = number
        self.first_column = min(self.first_column or columns[0], columns[0])
        self.last_column = max(self.last_column, columns[-1])
        self.filled_rows += 1


class FirstLook:
    """Reads all of a sheet once. Raises ReadingError at a limit, and what a damaged file raises."""

    def __init__(self, book: Book, sheet: Sheet, display: Display, limits: Limits, checks: RowChecks) -> None:
        self.extent = Extent()
        self.bad_rows: set[int] = set()
        """The numbers of rows that cannot be read; `checks` knows why."""
        self.long_rows: set[int] = set()
        """Those of them that cannot be held in memory either."""
        self._display, self._limits, self._checks = display, limits, checks
        self._longest = book.longest
        self._errors = _Places()
        self._departures: dict[Departure, _Places] = {}
        self._formulas = self._hidden_rows = self._size = 0
        self._end = SheetEnd()
        for row in book.rows(sheet):
            if isinstance(row, SheetEnd):
                self._end = row
            else:
                self._look_at_row(row)
        if fault := too_many_columns(self.extent.width, limits, "sheet"):
            raise refuse(fault)

    def notes(self) -> Iterator[str]:
        """All that is not plain reading, in words."""
        if Departure.ISO in self._departures:
            yield "Dates without a format, or whose format depends on the country, are written like 2024-12-31."
        for departure, words in _WORDS.items():
            if places := self._departures.get(departure):
                yield f"{words.format(numbers=_count(places.count, 'number'))}: {places}."
        if self._formulas:
            yield f"{_count(self._formulas, 'formula')} read as the result that was stored last."
        if self._errors.count:
            yield f"{_count(self._errors.count, 'error')} of formulas kept as text: {self._errors}."
        if self._end.merged:
            places_of_merged = ", ".join(self._end.merged[:5]) + (", …" if len(self._end.merged) > 5 else "")
            yield f"In merged cells the text is in the first cell, and the others are empty: {places_of_merged}."
        if self._hidden_rows:
            yield f"{_count(self._hidden_rows, 'row')} hidden in Excel are read like the others."
        if self._end.hidden_columns:
            yield "Columns that are hidden in Excel are read like the others."
        if self.extent.empty_rows > 0:
            yield f"{_count(self.extent.empty_rows, 'row')} within the sheet with nothing in them."

    def _look_at_row(self, row: SheetRow) -> None:
        if self._is_long(row):
            columns = row.long.columns if row.long else [cell.column for cell in row.cells if cell.text]
            self.long_rows.add(row.number)
            self._report(row.number, columns[0], f"The row has more than {self._longest:,} characters.")
        else:
            columns = [cell.column for cell in row.cells if self._look_at(cell, row.number)]
        if columns:
            self.extent.include(row.number, columns)
            self._hidden_rows += row.hidden

    def _is_long(self, row: SheetRow) -> bool:
        """A text that many cells share is counted as often as it is to be read, before it is."""
        size = sum(map(self._display.size, row.long or row.cells))
        self._size += size
        if self._size > self._limits.unpacked:
            raise refuse(f"The texts of this sheet have more than {self._limits.unpacked:,} bytes, which is the limit.")
        return row.long is not None or size > 4 * self._longest  # bytes of as many characters

    def _look_at(self, cell: Cell, row: int) -> bool:
        """Returns whether a cell is filled."""
        if cell.formula:
            self._formulas += 1
            if not cell.stored:
                self._report(row, cell.column, f"Cell {_place(cell, row)} {_UNSOLVED}")
                return True
        if not cell.text:
            return False
        if cell.kind == "e":
            self._errors.add(f"{cell.text[:20]} in {_place(cell, row)}")
        if cell.kind in NUMBER_KINDS and (departure := self._display.number(cell).departure):
            self._departures.setdefault(departure, _Places()).add(_place(cell, row))
        if cell.kind not in TEXT_KINDS and len(cell.text) <= self._limits.cell:
            return True
        text = self._display.text(cell)
        if fault := too_long(len(text), self._limits):
            self._report(row, cell.column, f"Cell {_place(cell, row)} is too long. {fault}")
        return bool(text)

    def _report(self, row: int, column: int, message: str) -> None:
        if row not in self.bad_rows:
            self.bad_rows.add(row)
            self._checks.rows = row
            self._checks.bad_row(message, row, column)


def _place(cell: Cell, row: int) -> str:
    from openpyxl.utils import get_column_letter  # only where it is needed: all of openpyxl comes with it

    return f"{get_column_letter(cell.column)}{row}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
