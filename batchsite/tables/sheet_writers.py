"""Small tables of our own, such as the ledger, as files that people open: CSV or an Excel workbook. Pure.

Rows come one by one, and memory stays flat. A cell that a spreadsheet would run is made harmless.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from batchsite.tables.formulas import without_formulas

Cell = str | int
UTF8_BOM = "\ufeff"
"""Without it, Excel reads a CSV in an encoding of its own."""


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yields the file line by line."""
    yield (UTF8_BOM + _line(head)).encode()
    for row in rows:
        yield _line(without_formulas(map(str, row))).encode()


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue()


def write_workbook(path: Path, name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Writes one sheet: numbers as numbers, everything else as text."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)}) as book:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for place, title in enumerate(head):
            sheet.write_string(0, place, title, bold)
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, place, cell)
                else:
                    sheet.write_string(number, place, cell[:32_000])
