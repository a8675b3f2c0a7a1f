"""Jobs of the queue: steps of trials."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, enqueue, take_due
from batchsite.trials.models import Trial
from batchsite.trials.trial_step import advance

STEP = "batchsite.trials.tasks.step"


def due(now: datetime) -> Iterable[Job]:
    """Yields every trial that is due."""
    for trial in take_due(Trial.objects.all(), now, team="batch__team", lane=lambda _: "short"):
        yield Job(STEP, (trial.pk,))


def nudge(trial: Trial) -> None:
    """Lets a worker begin at once: a person is waiting."""
    for taken in take_due(Trial.objects.filter(pk=trial.pk), timezone.now(), lane=lambda _: "short"):
        enqueue(Job(STEP, (taken.pk,)))


def step(trial_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        advance(trial_id)
