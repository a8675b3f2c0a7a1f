"""Files of all forms are read within the same memory, however many rows they have."""

from __future__ import annotations

import gzip
import io
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from typing import IO

import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from batchsite.datasets.profile import Profiler
from batchsite.tables import Limits, open_table

LIMITS = Limits(rows=1_000_000, columns=10, cell=10_000)


def lines(target: IO[bytes], count: int) -> None:
    for number in range(count):
        target.write(b'{"id":"%d","text":"a text of some length, the same for all","n":%d}\n' % (number, number))


def array(target: IO[bytes], count: int) -> None:
    target.write(b"[")
    for number in range(count):
        target.write(b'%s{"id":"%d","text":"a text of some length"}' % (b"," if number else b"", number))
    target.write(b"]")


def packed_lines(target: IO[bytes], count: int) -> None:
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as inner:
        lines(inner, count)  # type: ignore[arg-type]


def requests(target: IO[bytes], count: int) -> None:
    for number in range(count):
        target.write(b'{"custom_id":"r%d","body":{"model":"m","input":"a text of some length"}}\n' % number)


def excel(target: IO[bytes], count: int) -> None:
    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["id", "text"])
    for number in range(1, count // 10):
        sheet.write_row(number, 0, [f"r{number}", "a text of some length"])
    book.close()


def by_columns(target: IO[bytes], count: int) -> None:
    count *= 2  # more than one group of rows
    table = pa.table({"id": list(map(str, range(count))), "text": ["a text of some length"] * count})
    parquet.write_table(table, target, row_group_size=10_000)


FORMS = [lines, array, packed_lines, requests, excel, by_columns]


def peak(write: Callable[[IO[bytes], int], None], count: int) -> int:
    """Bytes in use at most while a file with so many rows is read."""
    with tempfile.TemporaryFile() as file:
        write(file, count)
        file.seek(0)
        tracemalloc.start()
        assert sum(1 for _ in rows_of(file)) >= count // 10 - 1
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most


def rows_of(file: IO[bytes]) -> Iterator[list[str]]:
    yield from open_table(file, limits=LIMITS).rows()


@pytest.mark.parametrize("write", FORMS, ids=[write.__name__ for write in FORMS])
def test_memory_stays_flat(write: Callable[[IO[bytes], int], None]) -> None:
    peak(write, 500)  # whatever is imported, is imported now
    few, many = peak(write, 6_000), peak(write, 18_000)

    assert many < 1.2 * few + 700_000  # ids of requests, texts of Excel: some bytes a row


def test_many_lines_are_read_within_a_few_megabytes() -> None:
    """Their rows would take three times as much."""
    assert peak(lines, 25_000) < 3_000_000


def test_a_profile_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchsite.datasets.profile.MOST_HASHES", 30_000)
    profiler = Profiler(["id", "text"])
    tracemalloc.start()
    for begin in range(0, 50_000, 500):
        profiler.add([[f"r{number}", f"text {number}"] for number in range(begin, begin + 500)])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 2_000_000
    found = profiler.profile()["columns"][0]
    assert not found["distinct_known"]
    assert abs(found["distinct"] - 50_000) < 7000


def test_a_stream_that_gives_little_at_a_time_is_read_whole() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(7 if size is None or size < 0 else min(size, 7))

    for text in ('{"a":"é東京"}\n' * 50, "[" + ",".join(['{"a":"é東京"}'] * 50) + "]"):
        rows = list(open_table(Slow(text.encode()), limits=LIMITS).rows())
        assert rows == [["é東京"]] * 50
