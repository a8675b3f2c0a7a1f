"""Whatever is uploaded: a table with the cells of the file, or a refusal in words. Never anything else."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.tables import Asks, Limits, ReadingError, Table, open_table
from tests.tables.tables import WIDE

LIMITS = Limits(rows=50, columns=20, cell=200)
tableish = st.lists(st.sampled_from([b"a", b"b1", b",", b";", b"\n", b"\r\n", b"\r", b'"', b'""', b" ", b"\xc3\xa9"]))
damaged = st.lists(st.sampled_from([b"a,b\n", b'"x","y"\n', b"1,2\r\n", b"\0", b"\xff", b'"', b",", b"\xef\xbb\xbf"]))


@settings(max_examples=300)
@given(st.binary(max_size=300) | tableish.map(b"".join) | damaged.map(b"".join))
def test_any_bytes_give_a_table_or_a_sentence(data: bytes) -> None:
    outcome = _outcome(data)
    if isinstance(outcome, Asks):
        assert all(question.text and question.choices for question in outcome.questions)
        return
    if isinstance(outcome, ReadingError):
        assert outcome.problem_count >= len(outcome.problems) >= 1
        assert all(problem.message for problem in outcome.problems)
        return
    table, rows = outcome
    assert all(len(row) == len(table.columns) for row in rows)
    told = [row for row in rows if _says_something(row)]
    assert told == _by_python(data, table)[-len(told) :][: len(told)]


def _outcome(data: bytes) -> ReadingError | Asks | tuple[Table, list[list[str]]]:
    try:
        table = open_table(io.BytesIO(data), limits=LIMITS)
        return table, list(table.rows())
    except (ReadingError, Asks) as error:
        return error


def _by_python(data: bytes, table: Table) -> list[list[str]]:
    """The rows as the csv module sees them, which must be the same wherever we accept a file."""
    text = data.decode(table.understood.encoding)
    spaces = any(note.startswith("Spaces behind delimiters") for note in table.understood.notes)
    sign = table.understood.delimiter
    records = csv.reader(io.StringIO(text, newline=""), delimiter=sign, skipinitialspace=spaces, strict=True)
    return list(filter(_says_something, records))[1:]


def _says_something(cells: list[str]) -> bool:
    return any(cell.strip() for cell in cells)


@given(
    st.lists(
        st.lists(
            st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=3, max_size=3
        ),
        max_size=8,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], delimiter: str, end: str) -> None:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    answers = {"header": "first row", "repeated": "keep", "below_header": "rows", "footer": "part"}
    table = open_table(io.BytesIO(target.getvalue().encode()), answers=answers, limits=WIDE)

    assert table.understood.delimiter == delimiter
    assert list(table.rows()) == rows
