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
TICKER_QUIET = 60.0
"""Longer than the ticker may wait for a locked database."""


class Sign:
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


class WorkerWatch:
    """Decides about the cluster of one queue.

    It is stuck when no task has come out of it for `QUIET` seconds, although no worker is in a long step; or when
    none has come out for longer than a step may take, whatever the workers do: then its monitor is stuck.
    While the database or the broker is away it is not judged: a restart would not help, and cut steps.
    """

    def __init__(self, child: Child, queue: str, longest_step: float, run: Path, now: float) -> None:
        self.child = child
        self._longest_step = longest_step
        self._heartbeat = Sign(run / f"heartbeat-{queue}", now)
        self._busy = Sign(run / f"busy-{queue}", now)
        self._ticker = Sign(run / "ticker-succeeded", now)
        self._judged_from = now

    def is_stuck(self, now: float) -> bool:
        if now - self._ticker.touched(now) > TROUBLE:
            self._judged_from = now
        beaten = self._heartbeat.touched(now)
        alive = beaten if beaten > self.child.started else self.child.started + GRACE
        silent = now - max(alive, self._judged_from)
        idle = now - self._busy.touched(now) > QUIET
        return silent > QUIET and (idle or silent > self._longest_step + QUIET)


class TickerWatch:
    """Decides about the ticker, which touches its file every round, whether or not the round succeeds."""

    def __init__(self, child: Child, run: Path, now: float) -> None:
        self.child = child
        self._heartbeat = Sign(run / "heartbeat-ticker", now)

    def is_stuck(self, now: float) -> bool:
        return now - max(self._heartbeat.touched(now), self.child.started) > TICKER_QUIET
