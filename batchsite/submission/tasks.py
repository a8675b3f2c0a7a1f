"""The tasks of the queue, and which of them are due."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import State
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, Queue, enqueue, take_due
from batchsite.submission import batch_removal, flaw_count
from batchsite.submission.poll import look_at_all
from batchsite.submission.steps import advance

log = logging.getLogger(__name__)
HERE = "batchsite.submission.tasks"
SMALL = 2_000
"""Rows. Submissions up to this size take the short queue, so that they never wait behind a big one."""


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for every submission that is due; those that are only polled share one."""
    yield from _jobs(take_due(Submission.objects.all(), now, team="batch__team", lane=_lane))
    yield from batch_removal.due()
    yield from flaw_count.due(now)


def nudge(batch: Batch) -> None:
    """Let a worker begin at once, without waiting for the ticker: a person is watching."""
    for job in _jobs(take_due(batch.submissions.all(), timezone.now(), lane=_lane)):
        enqueue(job)


def _lane(submission: Submission) -> Queue | None:
    """The queue of its step. None for one that is only polled, together with others."""
    if submission.is_live:
        return "short"
    if submission.state in {State.PROCESSING, State.CANCELLING} and not submission.walk_is_preview:
        return None
    return "short" if submission.last_row - submission.first_row < SMALL else "long"


def _jobs(submissions: Iterable[Submission]) -> Iterable[Job]:
    watched = []
    for submission in submissions:
        if lane := _lane(submission):
            yield Job(f"{HERE}.step", (submission.pk,), lane)
        else:
            watched.append(submission.pk)
    if watched:
        yield Job(f"{HERE}.look", (watched,))


def step(submission_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        advance(submission_id)


def look(submission_ids: list[int]) -> None:
    look_at_all(submission_ids)


def clear(batch_id: int) -> None:
    batch_removal.clear(batch_id)


def count_flaws(count_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        flaw_count.step(count_id)
