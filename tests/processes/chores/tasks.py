"""What the queue calls for chores."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from batchsite.processes.leases import Busy, claimed
from batchsite.processes.queue import Job, take_due
from tests.processes.chores.models import Chore


def due(now: datetime) -> Iterable[Job]:
    for chore in take_due(Chore._default_manager.all(), now):
        yield Job("tests.processes.chores.tasks.step", (chore.pk,))


def step(pk: int) -> None:
    with contextlib.suppress(Busy), claimed(Chore, pk) as claim:
        if not Chore._default_manager.filter(pk=pk, steps_left__gt=0).exists():
            return  # a message that came late
        Chore._default_manager.filter(pk=pk).update(begun=F("begun") + 1, pid=os.getpid())
        time.sleep(Chore._default_manager.get(pk=pk).seconds)
        with claim.locked() as chore:
            chore.ended += 1
            chore.steps_left -= 1
            chore.save(update_fields=["ended", "steps_left"])
        claim.next_look_at = timezone.now() if chore.steps_left > 0 else None
