"""Rows taken and rows skipped are the rows of the file, and every byte of the skipped ones is kept."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.tables import Asks, Limits, ReadingError, Table, open_table
from tests.tables.forms import excel, parquet_file
from tests.tables.tables import WIDE, opened, refused

CASES = Path(__file__).parents[1] / "cases"
SKIP = {"bad_rows": "leave"}


def skipped(table: Table) -> bytes:
    """The bytes of the skipped rows, once the others are read."""
    return table.left_out.file.read() if table.left_out.file else b""


@pytest.mark.parametrize(
    ("name", "bad_lines"),
    [("33-open-quote-left-out", [6, 31]), ("34-left-out-then-refused", [18, 45, 121, 251])],
)
def test_the_cases_add_up(name: str, bad_lines: list[int]) -> None:
    data = (CASES / name / "input.csv").read_bytes()
    error = refused(data, Limits(10_000, 50, 100_000))
    table = opened(data, answers=SKIP)
    rows = list(table.rows())
    lines = data.splitlines(keepends=True)

    assert [problem.line for problem in error.problems] == bad_lines
    assert (error.rows, error.can_skip) == (len(lines) - 1, True)
    assert len(rows) + table.left_out.count == error.rows
    assert [problem.line for problem in table.left_out.first] == bad_lines
    assert skipped(table) == lines[0] + b"".join(lines[line - 1] for line in bad_lines)


PARTS = [b"1,2\n", b'"a","b"\n', b'3,"x, ""y""\nz"\n', b",\n", b"\n", "é,😀\n".encode()]
DAMAGE = [b"9\n", b'1"0,1\n', b'"a"b,1\n', b'7,"open\n', b"\xff,1\n", b"\0\n", b"1,2,3\n", b"x" * 200 + b"\n"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PARTS + DAMAGE), max_size=14).map(b"".join))
def test_whatever_is_offered_can_be_done(data: bytes) -> None:
    data = b"a,b\n1,2\n" + data
    answers = {"delimiter": ",", "header": "first row", "quoting": '"', "footer": "part", "below_header": "rows"}
    answers |= {"repeated": "leave", "quotes": "damage", "encoding": "utf-8"}
    limits = Limits(rows=100, columns=5, cell=60)
    rows = offered(data, limits, answers)
    if rows:
        table = opened(data, limits, answers | SKIP)
        assert len(list(table.rows())) + table.left_out.count == rows
        kept = skipped(table).removeprefix(b"a,b\n")
        assert all(line in data for line in kept.splitlines(keepends=True))


def offered(data: bytes, limits: Limits, answers: dict[str, str]) -> int:
    """The rows of a file whose bad rows can be skipped, as the refusal says; 0 where it does not say so."""
    try:
        list(opened(data, limits, answers).rows())
    except Asks:
        return 0
    except ReadingError as error:
        return error.rows if error.can_skip else 0
    return 0


def test_a_line_that_is_too_long_to_be_held_is_kept_whole() -> None:
    long = b"x" * 1_000_000
    table = opened(b"a,b\n1,2\n" + long + b"\n3,4\n", Limits(10, 5, 1000), SKIP)

    assert len(list(table.rows())) == 2
    assert skipped(table) == b"a,b\n" + long + b"\n"


@pytest.mark.parametrize("codec", ["utf-16", "cp1252", "utf-8-sig"])
def test_the_skipped_rows_are_a_file_like_the_first(codec: str) -> None:
    data = "id,name\n1,Zoë\n2\n3,Ünal\n4,Ä,x\n".encode(codec)
    table = opened(data, answers=SKIP | {"encoding": "cp1252"})

    assert len(list(table.rows())) == 2
    assert skipped(table) == "id,name\n2\n4,Ä,x\n".encode(codec)


def test_lines_of_json_are_kept_as_they_stand() -> None:
    bad = b'{"id": 2, "a": }  \r\n'
    data = b'{"id": 1}\n' + bad + b'{"id": 3}\n' + b'{"a":"' + b"y" * 5000 + b'"}\n[1]\n'
    with pytest.raises(ReadingError) as caught:
        list(opened(data, Limits(10, 5, 100)).rows())
    table = opened(data, Limits(10, 5, 100), SKIP)

    assert (caught.value.rows, caught.value.problem_count, caught.value.can_skip) == (5, 3, True)
    assert len(list(table.rows())) == 2
    assert skipped(table) == bad + b'{"a":"' + b"y" * 5000 + b'"}\n[1]\n'


def test_a_line_of_json_beyond_what_is_held_is_kept_whole() -> None:
    bad = b'{"a":"' + b"y" * 700_000 + b'"}\n'
    table = opened(b'{"a": 1}\n' + bad + b'{"a": 2}\n', Limits(10, 5, 100), SKIP)

    assert len(list(table.rows())) == 2
    assert skipped(table) == bad


@pytest.mark.parametrize(
    "data",
    [excel([["id", "text"], ["1", "a"], ["2", "x" * 200], ["3", "b"]]),
     parquet_file({"id": ["1", "2", "3"], "text": ["a", "x" * 200, "b"]})],
    ids=["Excel", "Parquet"],
)  # fmt: skip
def test_rows_without_bytes_of_their_own_are_kept_as_csv(data: bytes) -> None:
    limits = Limits(10, 5, 100)
    with pytest.raises(ReadingError) as caught:
        list(open_table(io.BytesIO(data), limits=limits).rows())
    table = open_table(io.BytesIO(data), answers=SKIP, limits=limits)

    assert (caught.value.rows, caught.value.can_skip) == (3, True)
    assert len(list(table.rows())) == 2
    assert skipped(table) == b"id,text\r\n2," + b"x" * 200 + b"\r\n"


def test_open_quotes_cost_no_more_than_their_share() -> None:
    import time

    def seconds(lines: int) -> float:
        data = b"a,b\n1,2\n" + b'x","y\n' * lines
        begin = time.process_time()
        with pytest.raises((ReadingError, Asks)):
            list(opened(data, WIDE.__class__(10**7, 5, 20_000), {"delimiter": ",", "quoting": '"'}).rows())
        return time.process_time() - begin

    few, many = seconds(20_000), seconds(80_000)
    assert many < 8 * few + 0.5
