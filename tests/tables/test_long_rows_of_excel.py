"""Rows of an Excel file that are too long to be held: bad rows like others, named and skipped with every byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from batchsite.tables import Limits, ReadingError, Table, open_table
from tests.tables.forms import changed, excel, shared

SMALL = Limits(rows=1000, columns=50, cell=100, unpacked=10_000_000)
SHEET = "xl/worksheets/sheet1.xml"
HEADER = ["id", *(f"text {n}" for n in range(1, 10))]
GOOD = [["1", *["a"] * 9], ["3", *["c"] * 9]]


def opened(data: bytes, **answers: str) -> Table:
    return open_table(io.BytesIO(data), filename="x.xlsx", answers=answers, limits=SMALL)


def kept(table: Table) -> list[list[str]]:
    """The rows of the file that holds what was skipped, below its header."""
    assert table.left_out.file
    csv.field_size_limit(1_000_000)
    return list(csv.reader(io.StringIO(table.left_out.file.read().decode(), newline="")))[1:]


def inline(row: list[str]) -> bytes:
    """An Excel file whose second row has its texts in the sheet itself."""
    cells = "".join(
        f'<c r="{chr(65 + n)}3" t="inlineStr"><is><t>{text}</t></is></c>' for n, text in enumerate(row) if text
    )
    book = shared([HEADER, GOOD[0], ["mark"], GOOD[1]])
    return changed(book, SHEET, '<c r="A3" t="s"><v>12</v></c>', cells)


def texts_apart(row: list[str]) -> bytes:
    """The same with texts that cells share."""
    return shared([HEADER, GOOD[0], row, GOOD[1]])


@pytest.mark.parametrize(("made", "longest"), [(inline, 80), (inline, 2000), (texts_apart, 120), (texts_apart, 2000)])
def test_it_is_skipped_with_every_byte(made: Callable[[list[str]], bytes], longest: int) -> None:
    row = ["2", *('x"y,' * (longest // 4) for _ in range(8)), "end"]
    data = made(row)
    with pytest.raises(ReadingError) as caught:
        opened(data)
    [problem] = caught.value.problems

    assert problem.message.startswith(("The row has more than 400 characters", "Cell B3 is too long"))
    assert (problem.line, problem.row, caught.value.rows, caught.value.can_skip) == (3, 2, 3, True)
    table = opened(data, bad_rows="leave")
    assert list(table.rows()) == GOOD
    assert kept(table) == [row]


def test_cells_that_are_missing_stay_missing() -> None:
    row = ["2", "", "", "x" * 500, "", "y" * 600]
    table = opened(inline(row), bad_rows="leave")

    assert list(table.rows()) == GOOD
    assert kept(table) == [row]


def test_a_header_that_is_too_long_is_named() -> None:
    with pytest.raises(ReadingError) as caught:
        opened(excel([["x" * 1000, "text"], ["1", "a"], ["2", "b"]]), names="give")
    assert (caught.value.problems[0].line, caught.value.can_skip) == (1, False)
