"""The watchdog: tells from files alone whether a worker or the ticker still works. Needs no database.

Only the moving of a file's time stamp counts, measured on the monotonic clock: neither a changed clock nor a
laptop that slept makes a healthy process look dead.
"""

from __future__ import annotations

from pathlib import Path

from batchsite.processes.children import Child

QUIET = 15.0
"""Seconds without a sign of life that are too many."""
GRACE = 15.0
"""Seconds that a worker may take to come up, on top, until its first sign of life."""
TROUBLE = 8.0
"""A ticker that has not got through a round for so many seconds says that the database or the broker is away."""
TOLD = 20.0
"""Seconds after which a person is told."""
TICKER_QUIET = 60.0
"""Longer than the ticker may wait for a locked database."""


class TouchedFile:
    """A file that somebody touches now and then. Times are of `time.monotonic`."""

    def __init__(self, path: Path, now: float) -> None:
        self.path = path
        self._stamp = self._read()
        self._moved = now

    def touched(self, now: float) -> float:
        """When it was last touched; at first, when this object was made."""
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
    """What the success of the ticker's rounds tells about the database and the broker."""

    def __init__(self, run: Path, now: float) -> None:
        self._ticker = TouchedFile(run / "ticker-succeeded", now)
        self._told = False

    def is_away(self, now: float) -> bool:
        return now - self._ticker.touched(now) > TROUBLE

    def news(self, now: float) -> str:
        """A sentence when it goes away or comes back, and nothing otherwise."""
        if not self._told and now - self._ticker.touched(now) > TOLD:
            self._told = True
            return "Work waits: the database or the queue's broker is locked, full or away. It goes on by itself."
        if self._told and not self.is_away(now):
            self._told = False
            return "The database and the broker answer again; work goes on."
        return ""


class WorkerWatch:
    """Decides about the cluster of one queue.

    It is stuck when no task has come out of it for `QUIET` seconds, although no worker is in a long step; or when
    none has come out for longer than a step may take, whatever the workers do: then its monitor is stuck.
    While the database or the broker is away it is not judged: a restart would not help, and cut steps.
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
    """Decides about the ticker, which touches its file every round, whether or not the round succeeds."""

    def __init__(self, child: Child, heartbeat: TouchedFile) -> None:
        self.child = child
        self._heartbeat = heartbeat

    def is_stuck(self, now: float) -> bool:
        return now - max(self._heartbeat.touched(now), self.child.started) > TICKER_QUIET
