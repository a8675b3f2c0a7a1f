"""Jobs of the queue: steps of trials."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.processes.leases import Busy, LeaseLost, free
from batchsite.processes.machine_slots import machine_slot
from batchsite.processes.queue import Job, enqueue, take_due
from batchsite.trials.models import Trial
from batchsite.trials.trial_step import advance

STEP = "batchsite.trials.tasks.step"
AT_ONCE = 2
"""Of the three workers for short work on a machine: a try in real time may keep one waiting for a minute and a half."""
LATER = timedelta(seconds=1)


def due(now: datetime) -> Iterable[Job]:
    """Yields every trial that is due."""
    for trial in take_due(Trial.objects.all(), now, team="batch__team", lane=lambda _: "short"):
        yield Job(STEP, (trial.pk,))


def nudge(trial: Trial) -> None:
    """Lets a worker begin at once: a person is waiting."""
    for taken in take_due(Trial.objects.filter(pk=trial.pk), timezone.now(), lane=lambda _: "short"):
        enqueue(Job(STEP, (taken.pk,)))


def step(trial_id: int) -> None:
    """Takes a step, or postpones it if other tries already occupy their share of the workers."""
    with machine_slot("try", AT_ONCE) as has_one:
        if has_one:
            with contextlib.suppress(Busy, LeaseLost):
                advance(trial_id)
        else:
            now = timezone.now()
            Trial.objects.filter(free(now), pk=trial_id, ended_at=None).update(next_look_at=now + LATER)
