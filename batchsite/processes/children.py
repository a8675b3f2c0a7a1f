"""One child process of the supervisor: its start, its end, its restart."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from batchsite.options import ROOT
from batchsite.processes.log_files import LogFile
from batchsite.processes.parentage import die_with_parent

EARLY = 10.0
"""A child that ends within so many seconds of its start is likely to end again."""
LONGEST_WAIT = 30.0
"""Seconds at most between attempts to start a child that keeps ending."""


@dataclass(frozen=True)
class Spec:
    """What to run."""

    name: str
    """Also names its log and its pid file."""
    command: Callable[[], Sequence[str]]
    """Called at every start."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Added to the supervisor's environment."""
    keep_fds: tuple[int, ...] = ()
    stops_last: bool = False
    """Whether others may need it until they have stopped."""


class Child:
    """A process that should run, whether or not it does at the moment. Times are of `time.monotonic`."""

    def __init__(self, spec: Spec, data: Path) -> None:
        self.spec, self.name = spec, spec.name
        self.log = LogFile(data / "log", spec.name)
        self.pid_file = data / "run" / f"{spec.name}.pid"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.start_at = 0.0
        self.early_ends = 0
        """Ends in a row that came soon after the start."""
        self.killed = False

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> None:
        """Starts it in a session of its own, so that Ctrl-C in the terminal reaches only the supervisor."""
        self.started, self.killed = time.monotonic(), False
        log = self.log.open()
        try:
            self.process = subprocess.Popen(  # noqa: S603
                self.spec.command(),
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.spec.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.spec.keep_fds,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),  # safe: the supervisor has no threads
            )
        finally:
            os.close(log)
        with contextlib.suppress(OSError):
            self.pid_file.write_text(f"{self.process.pid}\n")

    def ended(self) -> int | None:
        """Its exit status (negative: the signal) if it has just ended. Otherwise None.

        Kills what is left of its process group: a cluster would go on working without its main process.
        """
        if self.process is None or self.process.poll() is None:
            return None
        status, pid = self.process.returncode, self.process.pid
        self.process = None
        _kill_group(pid)
        self.pid_file.unlink(missing_ok=True)
        self._plan_restart(time.monotonic())
        return int(status)

    def _plan_restart(self, now: float) -> None:
        self.early_ends = self.early_ends + 1 if now - self.started < EARLY else 1
        wait = 0.25 * 2 ** min(self.early_ends, 7)
        self.start_at = now + min(wait, LONGEST_WAIT)

    def could_not_start(self) -> None:
        """Counts as a start that ended at once."""
        self._plan_restart(time.monotonic())

    def terminate(self) -> None:
        """Asks the main process to end. Not the group, as a cluster's sentinel would die and cut running steps."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kills it and everything in its group. `ended` reports it."""
        if self.process is not None:
            self.killed = True
            _kill_group(self.process.pid)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
