"""What phase a batch at xAI is in. Pure.

xAI has no status field, only counters that start at zero, trail, and go backwards after a cancel (facts 2.11). The
order of the checks matters.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta

from batchsite.timeouts import PipelineTimeouts
from batchsite.xai.types import RemoteBatch


class Phase(enum.Enum):
    VALIDATING = "rows are being taken in"
    SUSPECT = "fewer rows than were sent, for too long"
    RUNNING = "rows are being answered"
    SETTLED = "every row has its answer or its error"
    CANCELLING = "cancelled, and counters still move"
    CANCELLED = "cancelled for good"
    EXPIRED = "past its time"
    KILLED = "ended by xAI"


@dataclass(frozen=True)
class Look:
    """A batch as polled, with what only we know about it."""

    remote: RemoteBatch
    submitted: int
    """Rows that xAI acknowledged."""
    readable: int
    """Rows whose result we have."""
    since_sent: float
    """Seconds since the last add, by our clock: the provider's dates have no time (facts 2.2)."""
    since_change: float
    """Seconds since the counters, or our results, last changed."""
    today: date


def phase(look: Look, wait: PipelineTimeouts) -> Phase:
    """Returns the phase that the look shows."""
    remote, counters = look.remote, look.remote.counters
    requests = counters.num_requests if counters else 0
    pending = counters.num_pending if counters else 0
    cancelled = counters.num_cancelled if counters else 0
    answered = (counters.num_success + counters.num_error if counters else 0) or look.readable
    if remote.cancel_by_xai_message and not answered:
        return Phase.KILLED
    if requests and not pending and not cancelled and requests >= look.submitted:
        return Phase.SETTLED
    if cancelled and not pending and not remote.cancel_time and is_last_day(remote, look.today):
        return Phase.EXPIRED  # what was unfinished at expiry is counted as cancelled (facts 2.12)
    if remote.cancel_time or remote.cancel_by_xai_message or (cancelled and not pending):
        # The counts of a cancel are not final at once: rows may turn out to have succeeded (facts 2.9).
        still = look.since_change >= wait.cancel_settles
        return Phase.CANCELLED if still or not (requests or look.submitted) else Phase.CANCELLING
    if remote.expire_time and look.today > remote.expire_time + timedelta(days=1):
        return Phase.EXPIRED
    if requests < look.submitted or not counters:
        # Zero counters are not completion, whatever a loop "until num_pending is 0" would conclude.
        waiting = min(look.since_sent, look.since_change) < wait.zero_counters
        return Phase.VALIDATING if waiting else Phase.SUSPECT
    return Phase.RUNNING


def is_last_day(remote: RemoteBatch, today: date) -> bool:
    """Whether it expires today, or has expired: xAI gives a date without a time (facts 2.2)."""
    return remote.expire_time is not None and today >= remote.expire_time
