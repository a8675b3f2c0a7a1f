"""Jobs of the queue: steps of asks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from batchsite.asks.ask_step import advance
from batchsite.asks.models import Ask
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, enqueue, take_due

STEP = "batchsite.asks.tasks.step"


def due(now: datetime) -> Iterable[Job]:
    """Yields every ask that is due."""
    for ask in take_due(Ask.objects.all(), now, team="team", lane=lambda _: "short"):
        yield Job(STEP, (ask.pk,))


def nudge(ask: Ask) -> None:
    """Lets a worker begin at once: a person is waiting."""
    for taken in take_due(Ask.objects.filter(pk=ask.pk), timezone.now(), lane=lambda _: "short"):
        enqueue(Job(STEP, (taken.pk,)))


def step(ask_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        advance(ask_id)
