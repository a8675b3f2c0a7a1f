"""The exact export, read by Python's csv and by our own reading, is cell for cell what went in: for any text."""

from __future__ import annotations

import csv
import io

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from batchsite.exports.text_writers import Row, RowOutcome, csv_exact, json_array, jsonl
from batchsite.recipes.download_columns import OUR_COLUMNS
from batchsite.tables import Limits, open_table

LIMITS = Limits(rows=10_000, columns=100, cell=1_000_000)
texts = st.text(max_size=12) | st.text(alphabet='",;\t|\r\n \x1e\x1f=é', max_size=12)
readable = texts.map(lambda text: text.replace("\0", ""))


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str]) -> tuple[list[str], list[Row]]:
    names = st.text(alphabet='abc",;\t|\r\né', min_size=1, max_size=6).filter(str.strip)
    columns = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    width = len(columns)
    row = st.tuples(st.lists(cells, min_size=width, max_size=width), outcomes(cells))
    return columns, draw(st.lists(row, max_size=6))


def outcomes(cells: st.SearchStrategy[str]) -> st.SearchStrategy[RowOutcome]:
    counts = st.none() | st.integers(0, 10**12)
    return st.builds(
        RowOutcome,
        cells,
        st.just("failed"),
        answer=cells,
        error=cells,
        finish_reason=st.just("stop"),
        answered_by=st.just("grok-4.3"),
        prompt_tokens=counts,
        completion_tokens=counts,
        reasoning_tokens=counts,
        cost_ticks=counts,
        warning=st.just(""),
        values=st.just(()),
    )


@given(tables(texts))
@example((["a"], [([""], RowOutcome("", "failed")), (["\r"], RowOutcome("", "failed"))]))
@example((["a"], [(["\x1f"], RowOutcome("", "failed")), (["\x1e"], RowOutcome("", "failed", answer='"'))]))
def test_python_reads_it_back(table: tuple[list[str], list[Row]]) -> None:
    columns, rows = table
    data = b"".join(csv_exact(columns, rows))
    header, *found = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)

    assert header[: len(columns)] == columns
    assert [row[: len(columns)] for row in found] == [cells for cells, _ in rows]
    answer = len(columns) + OUR_COLUMNS.index("answer")
    assert [row[answer] for row in found] == [outcome.answer for _, outcome in rows]


@given(tables(readable))
def test_our_own_reading_reads_it_back(table: tuple[list[str], list[Row]]) -> None:
    columns, rows = table
    data = b"".join(csv_exact(columns, rows))
    read = open_table(io.BytesIO(data), answers={"header": "first row"}, limits=LIMITS)  # also where it is all there is

    assert read.columns[: len(columns)] == columns
    assert read.understood.delimiter == ","
    assert [row[: len(columns)] for row in read.rows()] == [cells for cells, _ in rows]


@given(tables(texts))
def test_json_holds_every_text(table: tuple[list[str], list[Row]]) -> None:
    columns, rows = table
    found = orjson.loads(b"".join(json_array(columns, rows)))

    assert found == [orjson.loads(line) for line in b"".join(jsonl(columns, rows)).split(b"\n") if line]
    assert [[row[name] for name in columns] for row in found] == [cells for cells, _ in rows]
