"""Time left, time taken and projected cost of a batch. Pure; units are rows, seconds and ticks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from batchsite.wording import many

ENOUGH_ROWS = 10
ENOUGH_SECONDS = 5.0
"""Below these limits a rate would be a guess."""

PACES = ((600.0, 2),)
SLOWEST = 3
"""An ended batch must be on the page within 3 s, however long nothing moved before."""


def seconds_left(done: int, total: int, seconds: float) -> float | None:
    """Returns the seconds until all of `total` are done, at the rate of `done` in `seconds`. None while unknown."""
    if done < min(ENOUGH_ROWS, total) or seconds < ENOUGH_SECONDS or not done:
        return None
    return max(0, total - done) * seconds / done


def left_in_words(seconds: float | None) -> str:
    """Returns `about 5 minutes left`; the longer, the more it is rounded."""
    if seconds is None:
        return ""
    if seconds < 50:
        return "less than a minute left"
    minutes = round(seconds / 60)
    if minutes > 10:
        minutes = 5 * round(minutes / 5)
    if minutes < 90:
        return _about(minutes, "minute")
    hours = round(seconds / 3600)
    return _about(hours, "hour") if hours < 36 else _about(round(hours / 24), "day")


def _about(count: int, unit: str) -> str:
    count = max(1, count)
    return f"about {many(count, unit)} left"


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


def pause(idle: float) -> int:
    """Returns the seconds until a page polls again, `idle` seconds after the last change."""
    return next((pause for limit, pause in PACES if idle < limit), SLOWEST)
