"""The watchdog: finds out from files alone, without the database, whether a worker or the ticker still works.

It only checks whether a file's time stamp changes, by the monotonic clock. So neither a changed clock nor a laptop
that slept makes a healthy process look dead.
"""

from __future__ import annotations

from pathlib import Path

from batchsite.processes.children import Child

QUIET = 15.0
"""Seconds without a sign of life after which a process counts as stuck."""
GRACE = 15.0
"""Additional seconds that a worker gets until its first sign of life."""
TROUBLE = 8.0
"""Seconds without a completed round of the ticker after which the database or the broker counts as away."""
TOLD = 20.0
"""Seconds without a completed round after which the terminal says so."""
TICKER_QUIET = 60.0
"""Seconds; longer than the ticker may wait for a locked database."""


class TouchedFile:
    """A file that a process touches as a sign of life. Times are of `time.monotonic`."""

    def __init__(self, path: Path, now: float) -> None:
        self.path = path
        self._stamp = self._read()
        self._moved = now

    def touched(self, now: float) -> float:
        """When it was last touched; before the first touch, when this object was made."""
        stamp = self._read()
        if stamp != self._stamp:
            self._stamp, self._moved = stamp, now
        return self._moved

    def _read(self) -> int:
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0


class DatabaseWatch:
    """Whether the database and the broker answer, judged by the ticker's completed rounds."""

    def __init__(self, run: Path, now: float) -> None:
        self._ticker = TouchedFile(run / "ticker-succeeded", now)
        self._told = False

    def is_away(self, now: float) -> bool:
        return now - self._ticker.touched(now) > TROUBLE

    def news(self, now: float) -> str:
        """A sentence once when they stop answering and once when they are back. Otherwise empty."""
        if not self._told and now - self._ticker.touched(now) > TOLD:
            self._told = True
            return "Work waits: the database or the queue's broker is locked, full or unreachable. We keep trying."
        if self._told and not self.is_away(now):
            self._told = False
            return "The database and the broker answer again; work goes on."
        return ""


class WorkerWatch:
    """Watches the cluster of one queue.

    It is stuck if no task was finished for `QUIET` seconds although no worker is in a long step, or if none was
    finished for longer than a step may take, whatever the workers do: then its monitor is stuck. While the database
    or the broker is away it is not judged, as a restart would not help and would cut running steps.
    """

    def __init__(
        self, child: Child, longest_step: float, heartbeat: TouchedFile, busy: TouchedFile, database: DatabaseWatch
    ) -> None:
        self.child = child
        self._longest_step = longest_step
        self._heartbeat, self._busy = heartbeat, busy
        self._database = database
        self._judged_from = 0.0

    def is_stuck(self, now: float) -> bool:
        if self._database.is_away(now):
            self._judged_from = now
        beaten = self._heartbeat.touched(now)
        alive = beaten if beaten > self.child.started else self.child.started + GRACE
        silent = now - max(alive, self._judged_from)
        idle = now - self._busy.touched(now) > QUIET
        return silent > QUIET and (idle or silent > self._longest_step + QUIET)


class TickerWatch:
    """Watches the ticker, which touches its file every round whether or not the round succeeds."""

    def __init__(self, child: Child, heartbeat: TouchedFile) -> None:
        self.child = child
        self._heartbeat = heartbeat

    def is_stuck(self, now: float) -> bool:
        return now - max(self._heartbeat.touched(now), self.child.started) > TICKER_QUIET
