"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from batchsite.gallery import harvest as harvest_work
from batchsite.gallery.models import Harvest
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, enqueue, take_due


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for each batch with pictures to fetch."""
    for harvest in take_due(Harvest.objects.all(), now, team="batch__team", lane=lambda _: "short"):
        yield harvest_work.job(harvest)


def harvest(harvest_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        harvest_work.harvest_step(harvest_id)
        for rest in Harvest.objects.filter(pk=harvest_id, next_look_at__lte=timezone.now()):
            enqueue(harvest_work.job(rest))
