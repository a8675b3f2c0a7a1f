"""Slots of a machine: work that waits for slow servers may occupy some of its workers, never all."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator

from batchsite.processes.heartbeats import run_file


@contextlib.contextmanager
def machine_slot(name: str, count: int) -> Iterator[bool]:
    """Holds one of `count` slots within the block. Yields False where all are held.

    They are kernel locks on files, so a process that dies holds none.
    """
    with contextlib.ExitStack() as files:
        yield any(_is_locked(files, f"{name}-{number}.slot") for number in range(count))


def _is_locked(files: contextlib.ExitStack, name: str) -> bool:
    path = run_file(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = files.enter_context(path.open("a"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
