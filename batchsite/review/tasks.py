"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queueing import Job, take_due
from batchsite.review import summing
from batchsite.review.models import Summary

HERE = "batchsite.review.tasks"


def due(now: datetime) -> Iterable[Job]:
    """Batches to sum up."""
    for summary in take_due(Summary.objects.defer("shown", "tally"), now):
        yield Job(f"{HERE}.sum_up", (summary.pk,), "long")


def sum_up(summary_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        summing.step(summary_id)
