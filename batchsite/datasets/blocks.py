"""Rows to blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import orjson
from isal import isal_zlib

from batchsite.datasets.models import BLOCK_BYTES, BLOCK_ROWS, Row
from batchsite.processes.memory_limit import need_room

MUCH_TEXT = 1_000_000
"""Characters from which orjson may take more memory than there is."""


def grouped(pieces: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """Rows by the block. A block closes early if it has much text, so that huge cells do not pile up."""
    some: list[Row] = []
    size = 0
    for piece, characters in _portions(pieces):
        some += piece
        size += characters
        while len(some) >= BLOCK_ROWS:
            yield some[:BLOCK_ROWS]
            some = some[BLOCK_ROWS:]
            size = _characters(some)
        if size > BLOCK_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _portions(pieces: Iterable[list[Row]]) -> Iterator[tuple[list[Row], int]]:
    """(rows, their characters): row by row where they are more than a block should hold."""
    for piece in pieces:
        if (size := _characters(piece)) <= BLOCK_BYTES:
            yield piece, size
        else:
            yield from (([row], _characters([row])) for row in piece)


def _characters(rows: list[Row]) -> int:
    return sum(map(len, chain.from_iterable(rows)))


def packed(rows: list[Row]) -> bytes:
    """The data of a block. isal packs four times as fast as zlib, to the same format and no more bytes."""
    if _characters(rows) > MUCH_TEXT:
        need_room(_most_memory(rows))
    return isal_zlib.compress(orjson.dumps(rows), 1)


def _most_memory(rows: list[Row]) -> int:
    """Bytes that orjson may take: six for a character as an escape, room for a whole cell, twice as it grows."""
    largest = max(len(cell) if cell.isascii() else 4 * len(cell) for row in rows for cell in row)
    return 3 * (6 * _characters(rows) + 8 * largest)
