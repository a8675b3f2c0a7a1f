"""Parquet files: every type as text."""

# ruff: noqa: DTZ001
from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from batchsite.tables import Limits, ReadingError
from tests.tables.forms import opened, parquet_file, read, refused, sentence

BERLIN = pa.timestamp("ms", tz="Europe/Berlin")
CELLS: dict[str, tuple[Any, str]] = {
    "text": (pa.array(['a\nb, "c" 東京']), 'a\nb, "c" 東京'),
    "long text": (pa.array(["a"], pa.large_string()), "a"),
    "category": (pa.array(["a"]).dictionary_encode(), "a"),
    "whole": (pa.array([2**62]), "4611686018427387904"),
    "unsigned": (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    "float": (pa.array([1.0]), "1.0"),
    "tenth": (pa.array([0.1]), "0.1"),
    "short float": (pa.array([0.1], pa.float32()), "0.1"),
    "huge": (pa.array([1e300]), "1e+300"),
    "boolean": (pa.array([True]), "true"),
    "decimal": (pa.array([Decimal("-12345678901234567890.50")]), "-12345678901234567890.50"),
    "date": (pa.array([date(2024, 1, 2)]), "2024-01-02"),
    "time": (pa.array([time(1, 2, 3)]), "01:02:03"),
    "moment": (pa.array([datetime(2024, 1, 2, 3, 4, 5)]), "2024-01-02T03:04:05"),
    "exact moment": (pa.array([datetime(2024, 1, 2, 3, 4, 5, 600)]), "2024-01-02T03:04:05.0006"),
    "moment with a zone": (pa.array([datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)], BERLIN), "2024-01-02T03:04:05Z"),
    "span": (pa.array([timedelta(seconds=1.5)], pa.duration("ms")), "1500 ms"),
    "list": (pa.array([[1, 2]]), "[1,2]"),
    "struct": (pa.array([{"a": 1.5, "b": "é", "c": [date(2024, 1, 2)]}]), '{"a":1.5,"b":"é","c":["2024-01-02"]}'),
    "map": (pa.array([[("k", Decimal("1.50"))]], pa.map_(pa.string(), pa.decimal128(5, 2))), '{"k":1.50}'),
    "nothing": (pa.nulls(1), ""),
    "null": (pa.array([None], pa.int64()), ""),
}


@pytest.mark.parametrize(("values", "shown"), CELLS.values(), ids=CELLS.keys())
def test_a_value_is_text(values: Any, shown: str) -> None:
    assert read(parquet_file({"id": ["007"], "value": values})) == [["id", "value"], ["007", shown]]


def test_many_rows_come_in_their_order() -> None:
    data = parquet_file({"n": list(range(20_000))}, row_group_size=3000)

    table = opened(data, "x.parquet", Limits(rows=20_000, columns=1, cell=10))

    assert [row[0] for row in table.rows()] == [str(number) for number in range(20_000)]
    assert table.understood.form == "parquet"


@pytest.mark.parametrize("values", [pa.array([b"x"]), pa.array([[b"x"]]), pa.array([b"abc"], pa.binary(3))])
def test_bytes_that_are_no_text_are_refused_by_column(values: Any) -> None:
    (problem,) = refused(parquet_file({"id": ["1"], "picture": values}))

    assert "Column “picture” holds binary data" in problem.message
    assert problem.column == 2


def test_a_cell_that_cannot_be_is_named_and_can_be_left_out() -> None:
    data = parquet_file({"a": ["x", "y\0", "z"]})

    (problem,) = refused(data)
    assert (problem.row, problem.column) == (2, 1)
    assert read(data, bad_rows="leave") == [["a"], ["x"], ["z"]]


def test_names_that_cannot_be_are_refused() -> None:
    assert "has no name" in sentence(parquet_file({"": ["a"]}))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_file_gets_a_sentence(share: float) -> None:
    data = parquet_file({"a": [f"text {n}" for n in range(1000)]})
    assert "Parquet file is damaged or not complete" in sentence(data[: int(len(data) * share)])


def test_limits_are_named() -> None:
    data = parquet_file({"a": ["x" * 30] * 20, "b": list(range(20))})
    assert "20 rows; 10 are the limit" in sentence(data, limits=Limits(rows=10, columns=5, cell=100))
    assert "2 columns; 1 are the limit" in sentence(data, limits=Limits(rows=100, columns=1, cell=100))
    assert "30 characters; 20 are the limit" in refused(data, limits=Limits(rows=100, columns=5, cell=20))[0].message
    assert "100 are the limit" in sentence(data, limits=Limits(rows=100, columns=5, cell=100, unpacked=100))


TEXTS = {"n": pa.array([5, 9, 7]), "text": ["bb", "dd", "cc"]}


def test_a_page_whose_checksum_does_not_fit_is_refused() -> None:
    data = parquet_file(TEXTS, compression="none", use_dictionary=False, write_page_checksum=True)
    assert len(read(data)) == 4

    assert "Parquet file is damaged" in sentence(data.replace(b"\2\0\0\0cc", b"\2\0\0\0cd"))


def test_bytes_that_are_no_utf8_are_refused_without_a_checksum() -> None:
    data = parquet_file(TEXTS, compression="none", use_dictionary=False)
    assert len(read(data)) == 4

    assert "Parquet file is damaged" in sentence(data.replace(b"\2\0\0\0cc", b"\2\0\0\0c\xff"))


def test_a_file_that_says_more_rows_than_its_groups_have_is_refused() -> None:
    data = parquet_file({"a": [f"text {n}" for n in range(300)]}, row_group_size=300)
    spoilt = [data[:at] + b"\xda\4" + data[at + 2 :] for at in places(data, b"\xd8\4")]  # 300 and 301, as Thrift writes

    told = [told_of(one) for one in spoilt]
    assert told.count("Parquet file is damaged") > 2
    assert set(told) <= {"Parquet file is damaged", "301 lines"}  # a size that nobody needs may lie


def told_of(data: bytes) -> str:
    """What comes of a file: how many lines, or that it is damaged."""
    try:
        return f"{len(read(data))} lines"
    except ReadingError as error:
        return "Parquet file is damaged" if "Parquet file is damaged" in str(error) else str(error)


def places(data: bytes, part: bytes) -> list[int]:
    return [at for at in range(len(data)) if data.startswith(part, at)]
