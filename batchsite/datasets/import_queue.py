"""Which imports are due, and in which queue they wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from batchsite.datasets.models import Dataset, DatasetState
from batchsite.processes.queue import Job, Queue, enqueue, take_due

IMPORT = "batchsite.datasets.tasks.import_dataset"
SMALL = 5_000_000
"""Bytes of an upload that takes the short queue, so that it never waits behind a big one."""


def begin_soon(dataset: Dataset) -> None:
    """Has it imported at once, or when its turn comes: in each queue a team has one import at a time."""
    for mine in due_imports(timezone.now(), Dataset.objects.filter(pk=dataset.pk)):
        enqueue(job(mine))


def due_imports(now: datetime, rows: QuerySet[Dataset] | None = None) -> Iterator[Dataset]:
    """The uploads to read now, of all or of those in `rows`, each given to this caller only."""
    waiting = Dataset.objects.filter(state=DatasetState.IMPORTING, deleted_at=None)
    is_long = Q(size__gt=SMALL) | (~Q(address="") & Q(file=""))
    for in_queue in (~is_long, is_long):
        of_queue = waiting.filter(in_queue)
        some = of_queue if rows is None else of_queue.filter(pk__in=rows)
        yield from take_due(some, now, team="team", lane=lambda dataset: job(dataset).queue, slots=of_queue)


def job(dataset: Dataset) -> Job:
    """The message that has a dataset imported."""
    queue: Queue = "short" if dataset.size <= SMALL and not dataset.is_to_fetch else "long"
    return Job(IMPORT, (dataset.pk,), queue)
