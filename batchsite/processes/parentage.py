"""Makes sure that no process outlives the one that started it, not even after `kill -9`.

On Linux the kernel does this (PR_SET_PDEATHSIG), for one generation only, so a process that forks has to set it for
its forks. Every process also carries a mark in its environment, by which the next start finds and ends leftovers.
Unlike a process id, a mark is never reused by a foreign process.
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
"""The environment variable that holds the mark."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PROC = Path("/proc")


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when `parent`, which started it, ends. Does nothing outside of Linux."""
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), signal.SIGKILL)


def tie_forks() -> None:
    """Makes every fork of this process, and their forks, die with the process that made them."""
    parent = 0

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    os.register_at_fork(before=remember, after_in_child=lambda: die_with_parent(parent))


def end_marked(mark: str, seconds: float = 5.0) -> int:
    """Kills every process that carries `mark` and waits until they are gone. Returns how many there were."""
    running = at_first = marked(mark)
    until = time.monotonic() + seconds
    while running and time.monotonic() < until:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
        running = marked(mark)
    return len(at_first)


def marked(mark: str) -> list[int]:
    """Ids of the other processes of this user that carry `mark`. Empty where there is no /proc."""
    wanted = f"{MARK}={mark}".encode()
    pids = [int(folder.name) for folder in _PROC.glob("[0-9]*")]
    return [pid for pid in pids if pid != os.getpid() and wanted in _environment(pid)]


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # it ended, or belongs to another user
        return []


def reap_orphans(own: set[int]) -> None:
    """Reaps ended processes that were adopted (as process 1 of a container), so that no zombies pile up."""
    if not hasattr(os, "waitid"):
        return
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in own:
                return  # its status is for the supervisor
            os.waitpid(ended.si_pid, 0)
