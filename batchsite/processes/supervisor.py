"""Keeps the processes of one machine running: `manage.py up`.

One loop without threads, a few times a second: restart children that ended, kill those that are stuck, show warnings,
stop on a signal. It does not need the database.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Protocol

from batchsite.processes.children import Child
from batchsite.processes.parentage import reap_orphans
from batchsite.processes.readiness import Readiness
from batchsite.processes.terminal import Terminal, short_path
from batchsite.processes.watchdog import DatabaseWatch

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LOOP_SECONDS = 0.2
CLEAN_UP_EVERY = 5.0
STEPS_END = 20.0
"""Seconds that running steps and downloads get to finish."""
LAST_END = 5.0
"""Seconds for the children that stop last."""
SLOW_STOP = 2.5
"""Seconds after which a stop says what it waits for."""
DOUBLE = 0.3
"""Seconds within which a second Ctrl-C counts as the first one, passed on by a wrapper."""
AT_ONCE = 5
"""Early ends in a row after which the end of the log is shown."""


class Watch(Protocol):
    """Knows whether a child is stuck."""

    child: Child

    def is_stuck(self, now: float) -> bool: ...


class Supervisor:
    """Starts the children and looks after them until it is told to stop."""

    def __init__(
        self,
        *,
        children: Sequence[Child],
        watches: Sequence[Watch],
        database: DatabaseWatch,
        readiness: Readiness,
        welcome: Sequence[str],
        terminal: Terminal,
        run_folder: Path,
    ) -> None:
        self._children, self._watches, self._database = children, watches, database
        self._readiness, self._welcome = readiness, welcome
        self._terminal = terminal
        self._stopping_sign = run_folder / "stopping"
        self._stop_asked_at: float | None = None
        self._hurry = False
        self._cleaned_up_at = time.monotonic()

    def run(self) -> None:
        """Starts all children, looks after them, and stops them on a signal."""
        self._listen_to_signals()
        self._stopping_sign.unlink(missing_ok=True)
        while self._stop_asked_at is None and not self._terminal.is_gone():
            self.look_after_all(time.monotonic())
            time.sleep(LOOP_SECONDS)
        self._stop()

    def _listen_to_signals(self) -> None:
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # ignored under nohup, or as a background job of a script
                signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        elif number == signal.SIGINT and now - self._stop_asked_at > DOUBLE:
            self._hurry = True

    def look_after_all(self, now: float) -> None:
        """One round of the loop. `now` is of `time.monotonic`."""
        for child in self._children:
            self._look_after(child, now)
        for watch in self._watches:
            child = watch.child
            if child.process is not None and not child.killed and watch.is_stuck(now):
                self._terminal.say(f"{child.name} shows no sign of life and is being killed.", "error")
                child.kill()
        if news := self._database.news(now):
            self._terminal.say(news, "warning")
        if self._readiness.becomes_ready(now):
            for line in self._welcome:
                self._terminal.say(line)
        elif self._readiness.is_late(now):
            self._terminal.say("The pages do not answer yet. log/web.log may tell why.", "warning")
        self._echo()
        if now - self._cleaned_up_at > CLEAN_UP_EVERY:
            self._cleaned_up_at = now
            self._clean_up()

    def _look_after(self, child: Child, now: float) -> None:
        status = child.ended()
        if status is not None:
            self._report_end(child, status)
        if child.process is None and now >= child.start_at:
            try:
                child.start()
            except OSError as error:  # no memory, no more processes
                child.could_not_start()
                self._terminal.say(f"{child.name} cannot be started: {error}", "error")

    def _report_end(self, child: Child, status: int) -> None:
        how = f"by signal {-status}" if status < 0 else f"with exit code {status}"
        if child.early_ends < AT_ONCE:
            self._terminal.say(f"{child.name} ended {how}; restarting it.", "warning")
        elif child.early_ends == AT_ONCE:
            lines = "\n".join(f"    {line[:500]}" for line in child.log.last_lines(10))
            self._terminal.say(
                f"{child.name} ended right after its start {AT_ONCE} times in a row, now {how}. "
                "Retrying with growing delays. "
                f"The end of {short_path(child.log.path)}:\n{lines}",
                "error",
            )

    def _echo(self) -> None:
        for child in self._children:
            for line in child.log.new_lines():
                self._terminal.echo(child.name, line)

    def _clean_up(self) -> None:
        reap_orphans({child.pid for child in self._children if child.pid is not None})
        for log in (self._terminal.log, *(child.log for child in self._children)):
            log.rotate()

    def _stop(self) -> None:
        self._terminal.say("Stopping …")
        with contextlib.suppress(OSError):
            self._stopping_sign.touch(mode=0o600)  # workers begin no new steps
        self._end([child for child in self._children if not child.spec.stops_last], STEPS_END)
        self._end([child for child in self._children if child.spec.stops_last], LAST_END)
        self._terminal.say("Stopped.")

    def _end(self, children: list[Child], seconds: float) -> None:
        stopping_since, is_reported = time.monotonic(), False
        for child in children:
            child.terminate()
        while running := [child for child in children if child.process is not None and child.ended() is None]:
            waited = time.monotonic() - stopping_since
            if self._hurry or waited > seconds:
                for child in running:
                    child.kill()
            elif waited > SLOW_STOP and not is_reported:
                is_reported = True
                names = ", ".join(child.name for child in running)
                self._terminal.say(f"Waiting for {names} to finish what is running. Press Ctrl-C again to end at once.")
            self._echo()
            time.sleep(LOOP_SECONDS / 4)
