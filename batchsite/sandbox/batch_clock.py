"""What is finished at a given time. Nothing runs in the background: a row is done once its due time has passed.

Rows queue per batch: each add call becomes a chunk that starts when the previous chunk ends, and within a chunk a row
is due every ``interval_ns``. Due times therefore never decrease from chunk to chunk, and the number of finished rows
follows from one chunk by arithmetic, however many rows there are. All times are in microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LIFETIME_US = 30 * 24 * 3600 * 1_000_000
"""Batches expire after 30 days (facts 2.2)."""

FOREVER = 2**62


@dataclass(frozen=True)
class Batch:
    """A row of the table ``batches``. The fields are in the order of its columns."""

    number: int
    batch_id: str
    team: str
    key_id: str
    name: str
    input_file_id: str | None
    created_us: int
    first_add_us: int | None
    requests: int
    last_due: int
    offset_us: int
    """How far this batch's clock is ahead of the sandbox's."""
    cancelled_us: int | None
    cancel_message: str | None
    """Set if "xAI" cancelled the batch (facts 2.10)."""
    revert_us: int | None
    """When rows reported as cancelled turn out to have succeeded after all (facts 2.9)."""
    expired_us: int | None
    results_gone: int
    wiped: int
    """Cancelled with nothing processed: counters stay zero and there are no rows to read."""
    vanished: int

    @property
    def expires_us(self) -> int:
        return self.created_us + LIFETIME_US if self.expired_us is None else self.expired_us


@dataclass(frozen=True)
class Schedule:
    """When the rows of one add call are due."""

    start_us: int
    interval_ns: int
    backwards: bool = False
    """If True, the first row of the call finishes last."""

    def dues(self, count: int) -> list[int]:
        dues = [self.start_us + index * self.interval_ns // 1000 for index in range(1, count + 1)]
        return dues[::-1] if self.backwards else dues

    def done(self, count: int, at: int) -> int:
        """Returns how many of ``count`` rows are due at ``at``. The exact inverse of ``dues``."""
        if at < self.start_us:
            return 0
        if self.interval_ns == 0:
            return count
        return min(count, ((at - self.start_us + 1) * 1000 - 1) // self.interval_ns)


def schedule(batch: Batch, now: int, *, rate: float, delay: float, backwards: bool = False) -> Schedule:
    """Returns the schedule of rows that arrive ``now``: after the delay and everything already queued."""
    start = max(now + int(delay * 1e6), batch.last_due)
    return Schedule(start, int(1e9 / rate) if rate else 0, backwards)


@dataclass(frozen=True)
class Cut:
    """Until when rows of a batch were processed, and whether the rest is cancelled (``closed``) or pending."""

    horizon: int
    closed: bool

    def state(self, due: int, outcome: str | None) -> str:
        """Returns xAI's state of a row. ``outcome`` of an odd row is failed or hanging, else None."""
        if due > self.horizon or outcome == "hanging":
            return "cancelled" if self.closed else "pending"
        return "failed" if outcome == "failed" else "succeeded"


def cut(batch: Batch, now: int) -> Cut:
    if batch.wiped:
        return Cut(-1, closed=True)
    ends = [at for at in (batch.cancelled_us, batch.expires_us) if at is not None and at <= now]
    if not ends:
        return Cut(now, closed=False)
    if batch.revert_us is not None and batch.revert_us <= now:
        return Cut(FOREVER, closed=True)
    return Cut(min(ends), closed=True)


@dataclass(frozen=True)
class Counters:
    """``state`` of a batch on the wire (facts 2.1)."""

    num_requests: int = 0
    num_pending: int = 0
    num_success: int = 0
    num_error: int = 0
    num_cancelled: int = 0


def counters(requests: int, done: int, failed: int, hanging: int, *, closed: bool) -> Counters:
    """Returns the counters. ``failed`` and ``hanging`` are part of ``done``, although a hanging row never ends."""
    success = done - failed - hanging
    rest = requests - success - failed
    as_pending = Counters(requests, rest, success, failed, 0)
    return replace(as_pending, num_pending=0, num_cancelled=rest) if closed else as_pending
