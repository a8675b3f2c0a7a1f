"""A file of any size is read within the same memory, whatever is wrong with it."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest

from batchsite.tables import Asks, Limits, ReadingError, open_table

LIMITS = Limits(rows=10_000_000, columns=100, cell=10_000)
ANSWERS = {"delimiter": ",", "header": "first row", "encoding": "utf-8"}
ENDLESS = {
    "good rows": b'1,"a text, of ""some"" length"\n',
    "ragged rows": b"1,2,3 and so on\n1,2\n",
    "an open quote": b'1,"a text\n',
    "no line end": b"a text of some length ",
    "rows of delimiters": b"," * 30 + b"\n",
    "rows of delimiters, of many widths": b"," * 30 + b"\n" + b"," * 40 + b"\n",
    "blank lines": b"      \n",
    "bytes of another encoding": b"1,caf\xe9 and so on\n",
    "quotes as text": b'5" and 6,6" and 7\n',
}


class Endless:
    """A stream of `size` bytes that is never in memory as a whole: a header, then the same thing over and over."""

    def __init__(self, part: bytes, size: int) -> None:
        self.head, self.piece, self.left = b"n,b\xc3\xa9\n", part * (10_000 // len(part)), size

    def read(self, size: int = -1, /) -> bytes:
        head, self.head = self.head, b""
        self.left -= len(self.piece)
        return head + self.piece if self.left > 0 else b""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise AssertionError("delimited text is read in one pass")

    def tell(self) -> int:
        raise AssertionError("delimited text is read in one pass")


def peak(part: bytes, size: int) -> int:
    """Bytes in use at most while a file of that size is read."""
    stream = Endless(part, size)
    tracemalloc.start()
    with contextlib.suppress(ReadingError, Asks):
        for _ in open_table(stream, answers=ANSWERS, limits=LIMITS).rows():
            pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.left <= 0
    return most


@pytest.mark.parametrize("part", ENDLESS.values(), ids=ENDLESS.keys())
def test_memory_stays_flat(part: bytes) -> None:
    assert peak(part, 450_000) < 1.2 * peak(part, 200_000)
