"""Driving a batch from one process, through the same steps as the workers; it can run beside them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from django.db import Error, connections
from django.db.models import Min
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission.steps import advance

BLINK = 0.25
"""Seconds between two looks at the database, at most."""


def drive(batch_id: int, show: Callable[[Batch], None], wait: Callable[[Exception], None] = lambda _: None) -> Batch:
    """Takes the batch to its end, to its spending cap, or back to its draft if rows cannot be sent. Returns the batch.

    `show` is called at every look. `wait` is called with an error of the database, which may be locked, full or away
    for a moment; the step is then repeated.
    """
    while True:
        try:
            batch = Batch.objects.select_related("dataset", "team").get(pk=batch_id)
            show(batch)
            if not batch.is_running or batch.held_for == HeldFor.CAP:
                return batch
            if not _advance_due(batch):
                time.sleep(_pause(batch))
        except Error as error:
            wait(error)
            connections.close_all()  # a broken connection would stay broken
            time.sleep(4 * BLINK)


def _advance_due(batch: Batch) -> bool:
    """Returns whether a step was made: not if nothing is due, or a worker has it."""
    advanced = False
    for submission in list(batch.submissions.filter(next_look_at__lte=timezone.now()).order_by("next_look_at")):
        with contextlib.suppress(Busy, LeaseLost):
            advance(submission.pk)
            advanced = True
    return advanced


def _pause(batch: Batch) -> float:
    """Returns seconds until the next step is due, limited to a moment."""
    soonest = batch.submissions.aggregate(at=Min("next_look_at"))["at"]
    return min(BLINK, max(0.0, (soonest - timezone.now()).total_seconds())) if soonest else BLINK
