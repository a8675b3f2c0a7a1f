"""Excel files (.xlsx): the cells of one sheet as Excel shows them. Pure.

A sheet is read twice. First all of it is looked at: how far it goes, and what cannot be read; then its rows are given
out. Questions: `sheet`, and those of `layouts`, as for any text.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from openpyxl.utils import get_column_letter

from batchsite.tables.cell_faults import name_fault, too_long, too_many_columns
from batchsite.tables.dialects import Trial
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.excel_workbook import Book, Cell, Damaged, Sheet, SheetEnd, SheetRow, unescaped
from batchsite.tables.formats.unsupported import say_what
from batchsite.tables.layout import lay_out
from batchsite.tables.number_formats import number_format, text_format
from batchsite.tables.quotes import Dialect
from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_top import Layout
from batchsite.tables.table_types import (
    Answers,
    Asks,
    Choice,
    Limits,
    Problem,
    Question,
    ReadingError,
    Table,
    Understood,
)

SHEET = "sheet"
_SAMPLE_ROWS = 200
_SHOWN_ROWS, _SHOWN_CELLS = 4, 12
_DAMAGE = (ExpatError, ParseError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, Damaged)
_DAMAGED = "This Excel file is damaged or not complete. Open it in Excel, save it again and upload that file."
Row = tuple[int, list[str]]
"""(number of the row in the sheet, its cells up to the last column that the sheet uses)."""


def open_excel(archive: zipfile.ZipFile, *, filename: str, answers: Answers, limits: Limits) -> Table:
    """The table in an Excel file. Raises ReadingError, Asks."""
    if "xl/workbook.bin" in archive.namelist():
        say_what("a binary Excel file (.xlsb)", filename)
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > limits.unpacked:
        raise refuse(f"Unpacked this Excel file has {unpacked:,} bytes; {limits.unpacked:,} are the limit.")
    try:
        book = Book(archive)
    except Exception as error:  # openpyxl raises whatever its own code stumbles over
        if isinstance(error, OSError) and error.errno:
            raise
        raise refuse(_DAMAGED) from None
    if not book.sheets:
        raise refuse("This Excel file has no sheet that can be read. Save it as .xlsx (not “Strict”) or as CSV.")
    understood = Understood(form="xlsx")
    try:
        sheet = _choose(book, answers, understood)
        return ExcelTable(book, sheet, understood, answers=answers, limits=limits)
    except _DAMAGE:
        raise refuse(_DAMAGED) from None


def _choose(book: Book, answers: Answers, understood: Understood) -> Sheet:
    """The sheet with the table. Raises ReadingError, Asks."""
    filled = [(sheet, rows) for sheet in book.sheets if (rows := list(islice(_begin(book, sheet), _SHOWN_ROWS)))]
    if not filled:
        raise refuse("The Excel file is empty: no sheet has anything in it.")
    visible = [(sheet, rows) for sheet, rows in filled if not sheet.hidden] or filled
    chosen = next((sheet for sheet, _ in filled if sheet.name == answers.get(SHEET)), None)
    if len(visible) > 1 and chosen is None:
        choices = tuple(Choice(sheet.name, f"Sheet “{sheet.name}”", tuple(rows)) for sheet, rows in visible)
        widest = max(visible, key=lambda one: len(one[1]) * max(map(len, one[1])))
        text = f"The file has {len(visible):,} sheets with something in them. Which is the table?"
        raise Asks([Question(SHEET, text, choices, guess=widest[0].name)], understood)
    sheet = chosen or visible[0][0]
    understood.sheet = sheet.name
    hidden = [other.name for other, _ in filled if other.hidden and other is not sheet]
    if hidden and len(visible) == 1:
        understood.notes.append(f"Hidden and not read: {', '.join(f'sheet “{name}”' for name in hidden[:10])}.")
    return sheet


def _begin(book: Book, sheet: Sheet) -> Iterator[tuple[str, ...]]:
    """The first rows with something in them, to be shown."""
    shower = _Shower(book)
    for row in book.rows(sheet):
        if isinstance(row, SheetRow):
            texts = {cell.column: text for cell in row.cells if (text := shower.text(cell))}
            if texts:
                yield tuple(excerpt(texts.get(n, "")) for n in range(1, min(max(texts), _SHOWN_CELLS) + 1))


class _Shower:
    """Cells as Excel shows them."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._numbers = [number_format(code, since_1904=book.since_1904) for code in book.formats]
        self._texts = [text_format(code) for code in book.formats]
        self._general = number_format("General")

    def text(self, cell: Cell) -> str:
        if not cell.text:
            return ""
        if cell.kind == "n":
            show = self._numbers[cell.style] if cell.style < len(self._numbers) else self._general
            return show(cell.text)
        if cell.kind == "b":
            return "TRUE" if cell.text.strip() in {"1", "true"} else "FALSE"
        if cell.kind in {"e", "d"}:
            return cell.text
        text = self.book.texts[int(cell.text)] if cell.kind == "s" else unescaped(cell.text)
        change = self._texts[cell.style] if cell.style < len(self._texts) else None
        return change(text) if change and text else text

    def by_country(self, cell: Cell) -> bool:
        """Whether a number is written as ISO 8601, other than on the screen."""
        return cell.kind == "n" and cell.style in self.book.by_country


@dataclass
class _Extent:
    """How far a sheet goes, by its cells with something in them; and what must be said of it."""

    first_row: int = 0
    last_row: int = 0
    first_column: int = 0
    last_column: int = 0
    filled_rows: int = 0
    formulas: int = 0
    hidden_rows: int = 0
    errors: list[str] = field(default_factory=list)
    error_count: int = 0
    by_country: bool = False
    end: SheetEnd = field(default_factory=SheetEnd)

    def include(self, row: SheetRow, columns: list[int]) -> None:
        self.first_row = self.first_row or row.number
        self.last_row = row.number
        self.first_column = min(self.first_column or columns[0], columns[0])
        self.last_column = max(self.last_column, columns[-1])
        self.filled_rows += 1
        self.hidden_rows += row.hidden


class ExcelTable(Table):
    """The table of a sheet."""

    def __init__(self, book: Book, sheet: Sheet, understood: Understood, *, answers: Answers, limits: Limits) -> None:
        self.understood = understood
        self._book, self._sheet, self._limits = book, sheet, limits
        self._shower = _Shower(book)
        self._extent = _Extent()
        self._checks = RowChecks(limits, answers)
        self.left_out = self._checks.bad
        self._bad: set[int] = set()
        self._look()
        layout = self._lay_out(answers)
        self._skip, self.columns = layout.skip, layout.columns
        self._settle()
        self._say()

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once."""
        width, first = len(self.columns), self._first_row()
        try:
            for number, cells in self._sheet_rows():
                if number in self._bad:
                    self.left_out.write_cells(cells)
                elif number >= first:
                    yield cells[:width]
        except _DAMAGE:
            raise refuse(_DAMAGED) from None

    def _sheet_rows(self) -> Iterator[Row]:
        """Every row from the first with something in it to the last, the empty ones between them included."""
        extent, text = self._extent, self._shower.text
        next_row = extent.first_row
        begin, width = extent.first_column, extent.last_column - extent.first_column + 1
        for row in self._book.rows(self._sheet):
            if not isinstance(row, SheetRow) or row.number < extent.first_row:
                continue
            if row.number > extent.last_row:
                return
            for number in range(next_row, row.number):
                yield number, [""] * width
            next_row = row.number + 1
            cells = [""] * width
            for cell in row.cells:
                if cell.text and begin <= cell.column < begin + width:
                    cells[cell.column - begin] = text(cell)
            yield row.number, cells

    # --- the first look

    def _look(self) -> None:
        """All of the sheet: how far it goes, and what stands in it."""
        extent = self._extent
        for row in self._book.rows(self._sheet):
            if isinstance(row, SheetEnd):
                extent.end = row
                continue
            columns = [cell.column for cell in row.cells if self._look_at(cell, row.number)]
            if columns:
                extent.include(row, columns)
        width = extent.last_column - extent.first_column + 1
        if fault := too_many_columns(width, self._limits, "sheet"):
            raise refuse(fault)

    def _look_at(self, cell: Cell, row: int) -> bool:
        """Whether there is anything in a cell."""
        extent = self._extent
        if cell.formula:
            extent.formulas += 1
            if not cell.text and cell.kind != "str":
                self._report(row, cell, "holds a formula whose result is not stored. Open and save the file in Excel.")
                return True
        if not cell.text:
            return False
        if cell.kind == "e":
            extent.error_count += 1
            if len(extent.errors) < 3:
                extent.errors.append(f"{cell.text} in {_place(cell.column, row)}")
        extent.by_country = extent.by_country or self._shower.by_country(cell)
        if cell.kind in {"s", "str", "inlineStr"}:
            text = self._shower.text(cell)
            if long := too_long(len(text), self._limits):
                self._report(row, cell, f"is too long. {long}")
            return bool(text)
        return True

    def _report(self, row: int, cell: Cell, message: str) -> None:
        place = _place(cell.column, row)
        if row not in self._bad:
            self._bad.add(row)
            self._checks.rows = row
            self._checks.bad_row(f"Cell {place} {message}", row, cell.column)

    # --- the layout

    def _lay_out(self, answers: Answers) -> Layout:
        """Titles, header and names, judged as for any text. Raises ReadingError, Asks."""
        sample = list(islice(self._sheet_rows(), _SAMPLE_ROWS))
        if not sample:
            raise refuse(f"Sheet “{self._sheet.name}” is empty.")
        records = [(cells, "\t".join(cells), number, "") for number, cells in sample]
        layout = lay_out(Trial(Dialect("\t", ""), records), answers, self._limits, whole=len(sample) < _SAMPLE_ROWS)
        understood = self.understood
        understood.header, understood.header_line = layout.header, layout.header_line
        understood.set_aside = layout.set_aside
        understood.notes.extend(layout.notes)
        if layout.questions:
            raise Asks(layout.questions, understood)
        problems = layout.problems or [
            Problem(fault, layout.header_line, column=column)
            for column, name in enumerate(layout.columns, 1)
            if (fault := name_fault(name, column))
        ]
        if problems:
            raise ReadingError(problems)
        return layout

    def _first_row(self) -> int:
        return self._extent.first_row + self._skip

    def _settle(self) -> None:
        """Raises ReadingError for rows that cannot be read, unless they are left out by choice."""
        extent, checks, first = self._extent, self._checks, self._first_row()
        checks.rows = max(0, extent.last_row - first + 1)
        if checks.rows > self._limits.rows:
            checks.bad_file(f"The sheet has {checks.rows:,} rows; {self._limits.rows:,} are the limit.")
        for place, problem in enumerate(checks.bad.first):
            row = (problem.row or 0) - first + 1
            checks.bad.first[place] = replace(problem, row=row if problem.row and row > 0 else None)
        if any(number < first for number in self._bad):
            raise ReadingError(checks.bad.first, checks.bad.count)
        checks.settle()
        if self._bad:
            self.left_out.write_cells(self.columns)

    def _say(self) -> None:
        """Notes on all that is not plain reading."""
        extent, notes = self._extent, self.understood.notes
        empty = extent.last_row - extent.first_row + 1 - extent.filled_rows
        if extent.by_country:
            notes.append("Dates that Excel shows in each country's own way are written as 2024-12-31.")
        if extent.formulas:
            notes.append(f"{_count(extent.formulas, 'formula')} read as the result that was stored last.")
        if extent.error_count:
            notes.append(f"{_count(extent.error_count, 'error')} of formulas kept as text: {', '.join(extent.errors)}.")
        if extent.end.merged:
            places = ", ".join(extent.end.merged[:5]) + (", …" if len(extent.end.merged) > 5 else "")
            notes.append(f"Merged cells have their text in the first cell, the others are empty: {places}.")
        if extent.hidden_rows:
            notes.append(f"{_count(extent.hidden_rows, 'row')} hidden in Excel are read like the others.")
        if extent.end.hidden_columns:
            notes.append("Columns that are hidden in Excel are read like the others.")
        if empty > 0:
            notes.append(f"{_count(empty, 'row')} within the sheet with nothing in them.")


def _place(column: int, row: int) -> str:
    return f"{get_column_letter(column)}{row}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
