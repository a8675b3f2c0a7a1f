"""Letting memory run out in the middle of a test, for real."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest


@contextlib.contextmanager
def only(more: int) -> Iterator[None]:
    """Within the block this process gets `more` bytes beyond those that it has, and then MemoryError."""
    if sys.platform != "linux":
        pytest.skip("the memory of a process is limited on Linux only")
    gc.collect()
    with _free_pieces_taken():
        before = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_writable() + more, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, before)


@contextlib.contextmanager
def _free_pieces_taken() -> Iterator[None]:
    """Takes large pieces that earlier tests gave back to the allocator: they would be room beyond the limit."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    libc.mallinfo2.restype = _Mallinfo2
    taken: list[int] = []
    for size in (64 << 20, 16 << 20, 4 << 20):
        while (free := libc.mallinfo2().fordblks) > size:
            taken.append(libc.malloc(size))
            if libc.mallinfo2().fordblks > free - size:  # none was that large, so it came from elsewhere
                break
    try:
        yield
    finally:
        for piece in taken:
            libc.free(piece)


class _Mallinfo2(ctypes.Structure):
    """Of glibc: ten sizes, of which `fordblks` are the bytes in free pieces."""

    _fields_: ClassVar = [(name, ctypes.c_size_t) for name in (*"1234567", "uordblks", "fordblks", "keepcost")]


def _writable() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
