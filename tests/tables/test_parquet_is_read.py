"""Parquet files: every type as text."""

# ruff: noqa: DTZ001
from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from batchsite.tables import Limits, ReadingError
from tests.tables.forms import asked, opened, parquet_file, read, refused, sentence

CASES = Path(__file__).parents[1] / "cases"
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
    "empty map": (pa.array([[]], pa.map_(pa.string(), pa.int64())), "{}"),
    "empty map within": (pa.array([{"m": []}], pa.struct([("m", pa.map_(pa.string(), pa.int64()))])), '{"m":{}}'),
    "map with a key twice": (pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())), '[["k",1],["k",2]]'),
    "late moment": (pa.array([253402300800], pa.timestamp("s")), "10000-01-01T00:00:00"),
    "late moment with a zone": (pa.array([253402300800_000], BERLIN), "10000-01-01T00:00:00Z"),
    "late date": (pa.array([2932897], pa.date32()), "10000-01-01"),
    "late moment within": (pa.array([[253402300800]], pa.list_(pa.timestamp("s"))), '["10000-01-01T00:00:00"]'),
    "late date within": (pa.array([{"d": 2932897}], pa.struct([("d", pa.date32())])), '{"d":"10000-01-01"}'),
    "lists": (pa.array([[[1, None], None, []]]), "[[1,null],null,[]]"),
    "list of three": (pa.array([[1.0, 2.5, None]], pa.list_(pa.float64(), 3)), "[1.0,2.5,null]"),
    "no list of three": (pa.array([None], pa.list_(pa.float64(), 3)), ""),
    "nothing within": (pa.array([{"a": None, "b": True}]), '{"a":null,"b":true}'),
    "bytes": (pa.array(["Zoë".encode()]), "Zoë"),
    "bytes within": (pa.array([[b"x", None]]), '["x",null]'),
    "bytes of a width": (pa.array([b"abc"], pa.binary(3)), "abc"),
    "category of bytes": (pa.array([b"x"]).dictionary_encode(), "x"),
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


def test_text_without_the_mark_of_text_is_text_where_all_of_it_is_utf8() -> None:
    table = opened((CASES / "17-parquet-text-as-byte-array" / "input.parquet").read_bytes(), "input.parquet")

    assert [table.columns, *table.rows()] == [["id", "name"], ["1", "Ann"], ["2", "Zoë"]]
    assert table.understood.notes == ["Bytes that are not marked as text, but are UTF-8, are read as text: “name”."]


@pytest.mark.parametrize("values", [pa.array([b"\xff"]), pa.array([[b"\xff"]]), pa.array([b"a\xffc"], pa.binary(3))])
def test_a_binary_column_can_be_left_out(values: Any) -> None:
    data = parquet_file({"id": ["1"], "picture": values, "n": [2]})

    question = asked(data)
    assert (question.key, question.guess) == ("binary", "leave")
    assert "Column “picture” holds binary data" in question.text
    assert question.choices[0].rows == (("id", "n"),)
    assert read(data, binary="leave") == [["id", "n"], ["1", "2"]]
    (problem,) = refused(data, binary="refuse")
    assert "Column “picture” holds binary data" in problem.message
    assert problem.column == 2


def test_a_file_of_binary_columns_alone_is_refused() -> None:
    assert "holds binary data" in sentence(parquet_file({"picture": [b"\xff"]}), binary="leave")


def test_late_moments_of_impala_and_spark_keep_their_century() -> None:
    late = pa.array([datetime(9999, 12, 31, 23, 59, 59, 123456)], pa.timestamp("us"))
    assert read(parquet_file({"t": late}, use_deprecated_int96_timestamps=True))[1] == ["9999-12-31T23:59:59.123456"]


def test_a_cell_that_cannot_be_is_named_and_can_be_left_out() -> None:
    data = parquet_file({"a": ["x", "y\0", "z"]})

    (problem,) = refused(data)
    assert (problem.row, problem.column) == (2, 1)
    assert read(data, bad_rows="leave") == [["a"], ["x"], ["z"]]


def test_names_that_are_missing_taken_or_too_long_are_given() -> None:
    target = io.BytesIO()
    names = ["a", "", "a", "b" * 400]
    parquet.write_table(pa.table([pa.array([text]) for text in "wxyz"], names=names), target)
    table = opened(target.getvalue())

    assert table.columns == ["a", "column 2", "a_2", "b" * 100 + "…"]
    assert list(table.rows()) == [["w", "x", "y", "z"]]
    assert table.understood.notes == ["Columns with a missing, duplicate or overlong name were named automatically."]


@pytest.mark.parametrize(
    ("kind", "count", "text"),
    [
        (pa.timestamp("us"), 2**63 - 1, "294247-01-10T04:00:54.775807"),
        (pa.timestamp("us"), -(2**63), "-290308-12-21T19:59:05.224192"),
        (pa.timestamp("us", "UTC"), 2**63 - 1, "294247-01-10T04:00:54.775807Z"),
        (pa.timestamp("ms"), 2**60, "36536598-01-28T21:54:06.976"),
        (pa.timestamp("us"), 253_402_300_800_000_000, "10000-01-01T00:00:00"),
        (pa.date32(), 2**31 - 1, "5881580-07-11"),
    ],
)
def test_moments_of_any_year_are_written(kind: pa.DataType, count: int, text: str) -> None:
    moments = pa.array([count], pa.int32() if kind == pa.date32() else pa.int64()).view(kind)

    assert read(parquet_file({"t": moments})) == [["t"], [text]]
    assert read(parquet_file({"t": pa.array([[count]], pa.list_(moments.type))}))[1] == [f'["{text}"]']


def test_numbers_in_bytes_are_no_text() -> None:
    numbers = pa.array([number.to_bytes(4, "big") for number in range(5)])
    assert asked(parquet_file({"id": list(range(5)), "n": numbers})).key == "binary"


def test_an_index_that_is_no_column_is_said() -> None:
    index = {"kind": "range", "name": "ticket", "start": 1, "stop": 3, "step": 1}
    table = pa.table({"text": ["a", "b"]}).replace_schema_metadata({"pandas": json.dumps({"index_columns": [index]})})
    target = io.BytesIO()
    parquet.write_table(table, target)

    [note] = opened(target.getvalue()).understood.notes
    assert note.startswith("The index “ticket” of pandas, which counts from 1 in steps of 1, is no column of the file.")
    assert opened(parquet_file({"text": ["a"]})).understood.notes == []


def test_a_table_without_rows_has_none() -> None:
    assert read(parquet_file({"a": pa.array([], pa.string())})) == [["a"]]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_file_gets_a_sentence(share: float) -> None:
    data = parquet_file({"a": [f"text {n}" for n in range(1000)]})
    assert "Parquet file is damaged or incomplete" in sentence(data[: int(len(data) * share)])


def test_limits_are_named() -> None:
    data = parquet_file({"a": ["x" * 30] * 20, "b": list(range(20))})
    assert "20 rows; the limit is 10" in sentence(data, limits=Limits(rows=10, columns=5, cell=100))
    assert "2 columns; the limit is 1" in sentence(data, limits=Limits(rows=100, columns=1, cell=100))
    assert "30 characters; the limit is 20" in refused(data, limits=Limits(rows=100, columns=5, cell=20))[0].message
    assert "the limit is 100" in sentence(data, limits=Limits(rows=100, columns=5, cell=100, unpacked=100))


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
