"""How long a running batch will still take, by its rate of answers so far. Units are rows and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import TERMINAL, State
from batchsite.timeouts import next_look, timeouts
from batchsite.wording import many

ENOUGH_ROWS = 10
ENOUGH_SECONDS = 5.0
"""Below these limits a rate would be a guess."""
UNMOVED_POLLS = 3
"""Polls without an answer after which no time is promised."""


def time_left(batch: Batch, submissions: Sequence[Submission], now: datetime) -> str:
    """Returns the time left in words, at the rate since the first result; for a retry, since it was requested.

    Blank while it is unknown, and if nothing moves. `submissions` are all those of the batch.
    """
    running = [submission for submission in submissions if submission.state not in TERMINAL]
    if batch.state != State.PROCESSING or not running or not is_moving(batch, running, now):
        return ""
    began = min(submission.created_at for submission in running)
    if batch.first_result_at and len(running) == len(submissions):
        # The first result is seen up to one poll after it arrived.
        began = max(began, batch.first_result_at - timedelta(seconds=timeouts().poll))
    done, total = sum(map(reported, running)), sum(submission.total for submission in running)
    return left_in_words(seconds_left(done, total, (now - began).total_seconds()))


def is_moving(batch: Batch, running: Sequence[Submission], now: datetime) -> bool:
    """Returns whether anything changed within the last polls, at the pace of the submission that is polled least."""
    ages = [(now - submission.sent_at).total_seconds() for submission in running if submission.sent_at]
    pace = max((next_look(age, 0) for age in ages), default=timeouts().poll)
    return (now - moved_at(batch, running)).total_seconds() <= UNMOVED_POLLS * pace


def moved_at(batch: Batch, running: Sequence[Submission]) -> datetime:
    """Returns when anything last moved."""
    moments = [batch.created_at, batch.started_at, batch.ended_at]
    for submission in running:
        moments += [submission.created_at, submission.sent_at, submission.changed_at]
    return max(moment for moment in moments if moment)


def reported(submission: Submission) -> int:
    """Returns the rows that are done by the provider's counters, or by our own count if that is more.

    Cancelled rows do not count: their fate is only known once they were read, and no answer is waiting.
    """
    counted = (submission.num_success or 0) + (submission.num_error or 0)
    return max(min(counted, submission.total), submission.accounted)


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
