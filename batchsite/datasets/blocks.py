"""Rows to blocks, ahead of the writing: compressing takes longer than anything else in an import."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import orjson

from batchsite.datasets.models import BLOCK_BYTES, BLOCK_ROWS, Row

PACKING_AHEAD = 4


def grouped(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows by the block. One closes early when it holds much text: huge cells must not pile up."""
    some: list[Row] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(map(len, row))
        if len(some) == BLOCK_ROWS or size > BLOCK_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def packed(groups: Iterator[list[Row]]) -> Iterator[tuple[int, bytes]]:
    """(number of rows, data of a block), a few packed ahead in another thread: zlib lets go of the interpreter."""
    waiting: deque[tuple[int, Future[bytes]]] = deque()
    with ThreadPoolExecutor(1) as pool:
        for some in groups:
            waiting.append((len(some), pool.submit(_pack, some)))
            if len(waiting) > PACKING_AHEAD:
                count, data = waiting.popleft()
                yield count, data.result()
        for count, data in waiting:
            yield count, data.result()


def _pack(rows: list[Row]) -> bytes:
    return zlib.compress(orjson.dumps(rows), 1)
