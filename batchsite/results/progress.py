"""Time taken and projected cost of a batch. Pure; units are rows, seconds and ticks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta


def busy(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """Returns the time covered by at least one of the spans; the gap between an end and a retry does not count."""
    total, until = timedelta(), None
    for begin, end in sorted(spans):
        begin = begin if until is None else max(begin, until)
        total += max(end - begin, timedelta())
        until = end if until is None else max(end, until)
    return total


def projected(cost_ticks: int, succeeded: int, total: int) -> int | None:
    """Returns the cost of the whole batch in ticks, if its other rows cost as much as the answered ones.

    None while unknown.
    """
    if not succeeded or not cost_ticks:
        return None
    return cost_ticks * total // succeeded
