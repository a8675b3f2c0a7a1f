"""No process outlives the one that started it, not even after kill -9.

On Linux the kernel sees to it (PR_SET_PDEATHSIG). It does so for one generation only, so whatever forks on its
own ties its forks too. For what still slips through, every process carries a mark in its environment, by which
the next start finds and ends it: a mark, unlike a process id, is never given to a stranger.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

MARK = "BATCHSITE_SUPERVISOR"
"""Environment variable that every process under a supervisor carries."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PROC = Path("/proc")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which started it, ends. Does nothing outside Linux."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it had ended before the kernel knew
        os.kill(os.getpid(), signal.SIGKILL)


def tie_forks() -> None:
    """Every fork of this process, and every fork of those, dies with the process that made it."""
    parent = 0

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    os.register_at_fork(before=remember, after_in_child=lambda: die_with_parent(parent))


def end_marked(mark: str, patience: float = 5.0) -> int:
    """Kill every process that carries `mark` and wait until they are gone; how many there were."""
    found = first = marked(mark)
    until = time.monotonic() + patience
    while found and time.monotonic() < until:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
        found = marked(mark)
    return len(first)


def marked(mark: str) -> list[int]:
    """The other processes of this user that carry `mark`; none where there is no /proc."""
    wanted = f"{MARK}={mark}".encode()
    pids = [int(folder.name) for folder in _PROC.glob("[0-9]*")]
    return [pid for pid in pids if pid != os.getpid() and wanted in _environment(pid)]


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it ended, or belongs to somebody else
        return []


def reap_orphans(own: set[int]) -> None:
    """Take note of ended processes that became ours (as process 1 of a container), so that no zombies pile up."""
    if not hasattr(os, "waitid"):
        return
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in own:
                return  # its status is for the supervisor
            os.waitpid(ended.si_pid, 0)
