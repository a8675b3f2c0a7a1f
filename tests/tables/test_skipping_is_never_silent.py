"""Spoilt tables without their bad rows: all others are rows of the good table, whole and in their order."""

from __future__ import annotations

import io
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from batchsite.tables import Asks, ReadingError, Table, open_table
from tests.tables.damage import Case, cases
from tests.tables.good_tables import good_tables
from tests.tables.judging import LIMITS
from tests.tables.tables import opened, refused

EVERY = 3 * int(os.environ.get("DAMAGE_EVERY", "2"))
SKIP = {"bad_rows": "leave"}
LONG_ENOUGH = 3
"""Rows from which on a table shows which of its lines is the damaged one."""


def refusal(case: Case) -> ReadingError | None:
    """Why a spoilt table is not taken as it stands. None where it is, or where a person is asked first."""
    try:
        list(open_table(io.BytesIO(case.data), limits=LIMITS).rows())
    except ReadingError as error:
        return error
    except Asks:
        return None
    return None


def without_bad_rows() -> Iterator[tuple[Case, ReadingError, Table, list[list[str]]]]:
    """Every spoilt table whose bad rows can be skipped, and what is left of it."""
    tables = [good for good in good_tables() if len(good.cells) > LONG_ENOUGH]
    for case in itertools.islice(cases(tables, range(1)), None, None, EVERY):
        error = refusal(case)
        if error and error.can_skip:
            table = open_table(io.BytesIO(case.data), answers=SKIP, limits=LIMITS)
            yield case, error, table, list(table.rows())


def are_in(rows: Iterable[list[str]], good: Iterable[list[str]]) -> bool:
    left = iter(good)
    return all(any(row == other for other in left) for row in rows)


def test_what_is_left_is_of_the_good_table_and_adds_up() -> None:
    wrong, seen = list[tuple[str, str]](), Counter[str]()
    for case, error, table, rows in without_bad_rows():
        seen[case.kind] += 1
        if not are_in(rows, case.base.cells) or len(rows) + table.left_out.count != error.rows:
            wrong.append((case.base.name, case.kind))
    assert wrong == []
    assert sum(seen.values()) > 1400 / EVERY / 2
    assert {"line end added", "quote dropped"} <= seen.keys()


@pytest.mark.parametrize(
    ("text", "bad", "left"),
    [
        ("id,text\n1,one\n2,two\nmore of two\n3,three\n", [3, 4], [["1", "one"], ["3", "three"]]),
        ("id,text\r\n1,one\r\n2,two\nmore\r\n3,three\r\n", [3, 4], [["1", "one"], ["3", "three"]]),
        ("id,text\r\n1,one\r\n2,two\rmore\r\n3,three\r\n", [3, 4], [["1", "one"], ["3", "three"]]),
        ("id,text\n1,one\n2,\nall of it\n3,three\n", [3, 4], [["1", "one"], ["3", "three"]]),
        ("name,n\nAnn,1\nBo\nb,2\nCy,3\nDan,4\n", [3, 4], [["Ann", "1"], ["Cy", "3"], ["Dan", "4"]]),
        ("a,b,c\n1,2,3\n4,5,6\n7\n8,9,1\n2,3,4\n", [3, 4, 5], [["1", "2", "3"], ["2", "3", "4"]]),
        ('id,text\n1,"one"\n2,"two"\nmore\n3,"three"\n', [4], [["1", "one"], ["2", "two"], ["3", "three"]]),
        ('id,text\n1,"one"\n2,"two "\n"more"\n3,"three"\n4,x\n', [3, 4], [["1", "one"], ["3", "three"], ["4", "x"]]),
        ('id,text,n\n"1","one","1"\n"2"\n,"two","2"\n"3","x","3"\n', [3, 4], [["1", "one", "1"], ["3", "x", "3"]]),
        ("id,n\n1,10\n2\n3,30\n", [3], [["1", "10"], ["3", "30"]]),
        ("id,text\n1,one\n-----\n2,two\n", [3], [["1", "one"], ["2", "two"]]),
        ("id,text,n\n1,one,1\npage two\n2,two,2\n", [3], [["1", "one", "1"], ["2", "two", "2"]]),
    ],
)
def test_a_row_that_a_line_end_cut_is_skipped_with_what_was_cut_off(
    text: str, bad: list[int], left: list[list[str]]
) -> None:
    error = refused(text)
    assert [problem.line for problem in error.problems] == bad

    table = opened(text, answers=SKIP)
    assert list(table.rows()) == left
    assert [problem.line for problem in table.left_out.first] == bad
    assert len(left) + table.left_out.count == error.rows
    lines = text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    kept = table.left_out.file.read() if table.left_out.file else b""
    kept = kept.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert kept.split(b"\n") == [lines[0], *(lines[line - 1] for line in bad), b""]


def test_a_piece_that_was_given_out_ends_in_a_row_like_any_other() -> None:
    """The row above the first bad one went through together with those above it."""
    body = "".join(f"{n},text {n}\n" for n in range(1, 9001))
    error = refused("id,text\n" + body + "the rest\n" + "9001,b\n")

    assert [problem.line for problem in error.problems] == [9001, 9002]
    assert "may stand on line 9,002" in error.problems[0].message
    assert error.problems[0].excerpt == "9000,text 9000"
