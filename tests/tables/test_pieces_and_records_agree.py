"""Plain pieces are read by the hundreds of records, doubtful ones record by record: both must say the same."""

from __future__ import annotations

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchsite.tables import Asks, Limits, ReadingError, Understood
from batchsite.tables.delimited_table import DelimitedTable
from batchsite.tables.quotes import Dialect
from batchsite.tables.row_judge import Delimited
from batchsite.tables.table_top import Layout
from batchsite.tables.text_source import TextSource

LIMITS = Limits(rows=12, columns=5, cell=60)
PARTS = [b"1,2\n", b'"a","b"\n', b'3,"x, ""y""\nz"\n', b'"\n",4\r\n', b",\n", b"\n", b"5,6\r7,8\n", "é,😀\n".encode()]
DAMAGE = [b"9\n", b'1"0,1\n', b'"a"b,1\n', b'"', b",", b"\r", b"\0", b"\xff", b"x" * 130]


class Trickle(io.BytesIO):
    """Gives out a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.size)


def outcome(data: bytes, size: int) -> tuple[list[list[str]], object]:
    """(rows, refusal) of a table that comes in pieces of that size."""
    rows: list[list[str]] = []
    source = TextSource(b"", Trickle(data, size), longest=2 * LIMITS.cell)
    header = ["a", 'b"c' if data.startswith(b'a,b"c') else "b"]
    layout = Layout(skip=1, columns=header, width=2, header_line=1, header_cells=header)
    try:
        form = Delimited(Dialect(), layout, Understood(encoding="utf-8", header_line=1), "utf-8")
        table = DelimitedTable(source, form, limits=LIMITS, answers={})
        for row in table.rows():
            rows.append(row)
    except ReadingError as error:
        return rows, (error.problems, error.problem_count)
    except Asks as asks:
        return rows, asks.questions
    return rows, None


files = st.lists(st.sampled_from(PARTS + DAMAGE), max_size=14).map(b"".join)


@settings(max_examples=400)
@given(files, st.integers(1, 60))
@example(b"1,2\n" * 14, 8)
@example(b"1,2\n" * 4 + b'3"4",5\n' + b'"a",6\n' * 4, 8)
@example(b'"x\ry",1\n' * 3 + b"9\n" + b"1,2\n" * 3, 8)
@example(b'"a,\nb",1\n' * 3 + b"9\n" + b"1,2\n" * 3, 8)
def test_pieces_of_any_size_give_the_same(data: bytes, size: int) -> None:
    whole = outcome(b"a,b\n" + data, 100_000)
    pieces = outcome(b"a,b\n" + data, size)

    assert pieces == whole


@given(st.integers(1, 60))
def test_a_bare_quote_in_the_header_counts_once_a_cell_is_quoted(size: int) -> None:
    rows, refusal = outcome(b'a,b"c\n' + b"1,2\n" * 4 + b'"a",6\n' * 4, size)

    assert rows == [["1", "2"]] * 4
    assert refusal is not None


@given(st.integers(1, 60))
def test_a_bare_quote_counts_when_a_cell_was_quoted_long_before(size: int) -> None:
    rows, refusal = outcome(b'a,b\n"1",2\n' + b"3,4\n" * 4 + b'5,6"\n7,8\n', size)

    assert rows == [["1", "2"]] + [["3", "4"]] * 4
    assert refusal is not None
