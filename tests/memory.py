"""Letting memory run out in the middle of a test, for real."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def only(more: int) -> Iterator[None]:
    """Within the block this process gets `more` bytes beyond those that it has, and then MemoryError."""
    if sys.platform != "linux":
        pytest.skip("the memory of a process is limited on Linux only")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_writable() + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _writable() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
