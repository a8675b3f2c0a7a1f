"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from datetime import datetime

from batchsite.batches import clearing, offers
from batchsite.batches.looking import look_at_all
from batchsite.batches.models import Submission
from batchsite.batches.states import State
from batchsite.batches.steps import advance
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queueing import Job, Queue, take_due

log = logging.getLogger(__name__)
HERE = "batchsite.batches.tasks"
SMALL = 2_000
"""Submissions up to this size take the short queue, so that they never wait behind a big one."""


def due(now: datetime) -> Iterable[Job]:
    """Every submission whose time has come: those that are only watched in one go, the others one by one."""
    watched = []
    for submission in take_due(Submission.objects.all(), now):
        if submission.state in {State.PROCESSING, State.CANCELLING} and not submission.walk_is_preview:
            watched.append(submission.pk)
        else:
            lane: Queue = "short" if submission.last_row - submission.first_row < SMALL else "long"
            yield Job(f"{HERE}.step", (submission.pk,), lane)
    if watched:
        yield Job(f"{HERE}.look", (watched,))
    yield from clearing.due()
    yield from offers.due(now)


def step(submission_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        advance(submission_id)


def look(submission_ids: list[int]) -> None:
    look_at_all(submission_ids)


def clear(batch_id: int) -> None:
    clearing.clear(batch_id)


def refresh_offers(account_kind: str, team_id: int) -> None:
    offers.refresh(account_kind, team_id)
