"""`python -m tests.leash COMMAND …`: the command, and all that it starts, end with the process that started this.

The kernel ends a child with its parent, but not a grandchild: what `make run` started would outlive a test that was
killed. So this process leads a group of its own, hears of its parent's death, and takes the whole group along.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PARENT_DIED = signal.SIGUSR1


def main(command: list[str]) -> int:
    signal.signal(_PARENT_DIED, _end_all)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes to the whole group
    parent = int(os.environ["LEASH_HELD_BY"])
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _PARENT_DIED, 0, 0, 0)
    if os.getppid() != parent:
        return 1
    process = subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


def _end_all(number: int, frame: FrameType | None) -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if code < 0:  # it ended by a signal, and so does this
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
