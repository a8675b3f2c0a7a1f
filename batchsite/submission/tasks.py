"""The tasks of the queue, and which of them are due."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import State
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, Queue, enqueue, room, take_due
from batchsite.submission import batch_removal, flaw_count
from batchsite.submission.poll import LOOKS_AT_ONCE, look_at_all
from batchsite.submission.step_runs import StepRun, is_small

log = logging.getLogger(__name__)
HERE = "batchsite.submission.tasks"
_IS_WATCHED = Q(state__in=(State.PROCESSING, State.CANCELLING), walk_is_preview=False, is_live=False)
"""Submissions that are only polled: those share a message."""


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for every submission with a step of its own that is due."""
    yield from _jobs(take_due(Submission.objects.exclude(_IS_WATCHED), now, team="batch__team", lane=_lane))
    yield from batch_removal.due()
    yield from flaw_count.due(now)


def looks_due(now: datetime) -> Iterable[Job]:
    """Yields jobs for the submissions that are to be polled, as far as the queue has room: some share one."""
    watched = Submission.objects.filter(_IS_WATCHED)
    yield from _jobs(take_due(watched, now, team="batch__team", limit=room("short") * LOOKS_AT_ONCE))


def nudge(batch: Batch) -> None:
    """Lets a worker begin at once, without waiting for the ticker: a person is watching."""
    for job in _jobs(take_due(batch.submissions.all(), timezone.now(), lane=_lane)):
        enqueue(job)


def _lane(submission: Submission) -> Queue | None:
    """The queue of its step. None for one that is only polled, together with others."""
    if submission.is_live:
        return "short"
    if submission.state in {State.PROCESSING, State.CANCELLING} and not submission.walk_is_preview:
        return None
    return "short" if is_small(submission) else "long"


def _jobs(submissions: Iterable[Submission]) -> Iterable[Job]:
    watched = []
    for submission in submissions:
        if lane := _lane(submission):
            yield Job(f"{HERE}.step", (submission.pk,), lane)
        else:
            watched.append(submission.pk)
    for start in range(0, len(watched), LOOKS_AT_ONCE):
        yield Job(f"{HERE}.look", (watched[start : start + LOOKS_AT_ONCE],))


def step(submission_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        StepRun().advance(submission_id)


def look(submission_ids: list[int]) -> None:
    look_at_all(submission_ids)


def clear(batch_id: int) -> None:
    batch_removal.clear(batch_id)


def count_flaws(count_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        flaw_count.step(count_id)
