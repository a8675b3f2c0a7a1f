"""Excel files (.xlsx): the cells of one sheet as Excel shows them. Pure.

A sheet is read twice. First all of it is looked at: how far it goes, and what cannot be read; then its rows are given
out. Questions: `sheet`, and those of `layouts`, as for any text.
"""

from __future__ import annotations

import zipfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from batchsite.tables.cell_faults import unfit
from batchsite.tables.dialects import Trial
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.excel_extent import FirstLook
from batchsite.tables.formats.unsupported import say_what
from batchsite.tables.layout import lay_out
from batchsite.tables.quotes import Dialect
from batchsite.tables.row_checks import RowChecks, refuse
from batchsite.tables.table_top import Layout
from batchsite.tables.table_types import (
    RECENT,
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
from batchsite.workbooks.display import Display
from batchsite.workbooks.sheet_cells import SheetRow
from batchsite.workbooks.totals import declared_totals
from batchsite.workbooks.workbook import DAMAGE, Book, Sheet
from batchsite.workbooks.xml_stream import TooLarge

SHEET = "sheet"
_SAMPLE_ROWS = 200
_JUDGED = 1000
"""Characters of a cell that are looked at to find the header."""
_SHOWN_ROWS, _SHOWN_CELLS = 4, 12
_LONGEST_ROW = 4
"""Times the limit of a cell: characters of a row, or of a cell that is too long but can be skipped."""
_DAMAGED = "This Excel file is damaged or incomplete. Open it in Excel, save it again and upload that file."


def open_excel(archive: zipfile.ZipFile, *, filename: str, answers: Answers, limits: Limits) -> Table:
    """The table in an Excel file. Raises ReadingError, Asks."""
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > limits.unpacked:
        raise refuse(f"Unpacked this Excel file has {unpacked:,} bytes; the limit is {limits.unpacked:,}.")
    with _refusals():
        book = Book(archive, _LONGEST_ROW * limits.cell)
    if book.binary:
        say_what("a binary Excel file (.xlsb)", filename)
    if not book.sheets:
        raise refuse("This Excel file has no sheet that can be read. Save the table as CSV and upload that file.")
    understood = Understood(form="xlsx")
    with _refusals():
        sheet = _choose(book, answers, understood)
        return ExcelTable(book, sheet, understood, answers=answers, limits=limits)


@contextmanager
def _refusals() -> Iterator[None]:
    """Raises ReadingError for what a workbook raises."""
    try:
        yield
    except TooLarge as limit:
        raise refuse(str(limit)) from None
    except DAMAGE:
        raise refuse(_DAMAGED) from None


def _choose(book: Book, answers: Answers, understood: Understood) -> Sheet:
    """The sheet with the table. Raises ReadingError, Asks."""
    filled = [(sheet, rows) for sheet in book.sheets if (rows := list(islice(_begin(book, sheet), _SHOWN_ROWS)))]
    if not filled:
        raise refuse("The Excel file is empty: no sheet has anything in it.")
    understood.sheets = [sheet.name for sheet, _ in filled]
    visible = [(sheet, rows) for sheet, rows in filled if not sheet.hidden] or filled
    chosen = next((sheet for sheet, _ in filled if sheet.name == answers.get(SHEET)), None)
    if len(visible) > 1 and chosen is None:
        choices = tuple(Choice(sheet.name, f"Sheet “{sheet.name}”", tuple(rows)) for sheet, rows in visible)
        widest, _ = max(visible, key=lambda item: len(item[1]) * max(map(len, item[1])))
        text = f"The file has {len(visible):,} sheets with something in them. Which is the table?"
        raise Asks([Question(SHEET, text, choices, guess=widest.name)], understood)
    sheet = chosen or visible[0][0]
    understood.sheet = sheet.name
    hidden = [other.name for other, _ in filled if other.hidden and other is not sheet]
    if hidden and len(visible) == 1:
        understood.notes.append(f"Hidden and not read: {', '.join(f'sheet “{name}”' for name in hidden[:10])}.")
    return sheet


def _begin(book: Book, sheet: Sheet) -> Iterator[tuple[str, ...]]:
    """Returns the first filled rows, to be shown."""
    display = Display(book)
    for row in book.rows(sheet):
        if isinstance(row, SheetRow):
            cells = row.long or row.cells
            texts = {cell.column: text for cell in cells if (text := excerpt(next(display.parts(cell), "")))}
            if texts:
                yield tuple(texts.get(n, "") for n in range(1, min(max(texts), _SHOWN_CELLS) + 1))


class ExcelTable(Table):
    """The table of a sheet."""

    def __init__(self, book: Book, sheet: Sheet, understood: Understood, *, answers: Answers, limits: Limits) -> None:
        self.understood = understood
        self._last_lines: deque[int] = deque(maxlen=RECENT)
        self._book, self._sheet, self._limits = book, sheet, limits
        self._display = Display(book)
        self._checks = RowChecks(limits, answers)
        self.left_out = self._checks.bad
        look = FirstLook(book, sheet, self._display, limits, self._checks)
        self._extent, self._bad, self._long = look.extent, look.bad_rows, look.long_rows
        layout = self._lay_out(answers)
        self._skip, self.columns, self.sample = layout.skip, layout.columns, layout.sample
        self.declared_totals = declared_totals(book.package, sheet.path, self._extent.last_row)
        self._settle()
        understood.notes.extend(look.notes())

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once."""
        width, first = len(self.columns), self._first_row()
        with _refusals():
            for number, row in self._sheet_rows():
                if row and number in self._long:
                    self._keep_long(row)
                elif number in self._bad:
                    self.left_out.write_cells(self._cells(row))
                elif number >= first:
                    self._last_lines.append(number)
                    yield self._cells(row)[:width]

    def last_lines(self) -> list[int]:
        return list(self._last_lines)

    def _sheet_rows(self) -> Iterator[tuple[int, SheetRow | None]]:
        """(number, row) from the first row with something in it to the last; None where the file has none."""
        extent = self._extent
        next_row = extent.first_row
        for row in self._book.rows(self._sheet):
            if not isinstance(row, SheetRow) or row.number < extent.first_row:
                continue
            if row.number > extent.last_row:
                return
            for number in range(next_row, row.number):
                yield number, None
            next_row = row.number + 1
            yield row.number, row

    def _cells(self, row: SheetRow | None) -> list[str]:
        """Returns the texts of a row that fits into memory, up to the last column that the sheet uses."""
        begin, width, text = self._extent.first_column, self._extent.width, self._display.text
        cells = [""] * width
        for cell in row.cells if row else ():
            if cell.text and begin <= cell.column < begin + width:
                cells[cell.column - begin] = text(cell)
        return cells

    def _beginnings(self, row: SheetRow | None) -> list[str]:
        """Returns the same for any row, each text cut to the part that is judged."""
        begin, width = self._extent.first_column, self._extent.width
        cells = [""] * width
        for cell in (row.long or row.cells) if row else ():
            place = cell.column - begin
            if cell.text and 0 <= place < width and not cells[place]:
                cells[place] = next(self._display.parts(cell), "")[:_JUDGED]
        return cells

    def _keep_long(self, row: SheetRow) -> None:
        """Keeps a skipped row that cannot be held, as a line of CSV."""
        column, opened = self._extent.first_column, False
        for cell in row.long or row.cells:
            if cell.column > column or not opened:
                between = '"' * opened + "," * (cell.column - column) + '"'
                self.left_out.write(between.encode())
                column, opened = cell.column, True
            for part in self._display.parts(cell):
                self.left_out.write(part.replace('"', '""').encode())
        self.left_out.write(b'"\r\n')

    def _lay_out(self, answers: Answers) -> Layout:
        """Titles, header and names, judged as for any text. Raises ReadingError, Asks."""
        sample = islice(self._sheet_rows(), _SAMPLE_ROWS)
        shortened = [(self._beginnings(row), number) for number, row in sample]
        if not shortened:
            raise refuse(f"Sheet “{self._sheet.name}” is empty.")
        records = [(cells, "\t".join(cells), number, "") for cells, number in shortened]
        layout = lay_out(Trial(Dialect("\t", ""), records), answers, self._limits, whole=len(records) < _SAMPLE_ROWS)
        understood = self.understood
        understood.header, understood.header_line = layout.header, layout.header_line
        understood.set_aside = layout.set_aside
        understood.notes.extend(layout.notes)
        if layout.questions:
            raise Asks(layout.questions, understood)
        problems = layout.problems or [
            Problem(fault, layout.header_line, column=column)
            for column, name in enumerate(layout.columns, 1)
            if (fault := unfit(name))
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
            checks.bad_file(f"The sheet has {checks.rows:,} rows; the limit is {self._limits.rows:,}.")
        for place, problem in enumerate(checks.bad.first):
            row = (problem.row or 0) - first + 1
            checks.bad.first[place] = replace(problem, row=row if problem.row and row > 0 else None)
        if any(number < first for number in self._bad):
            raise ReadingError(checks.bad.first, checks.bad.count)
        checks.settle()
        if self._bad:
            self.left_out.write_cells(self.columns)
