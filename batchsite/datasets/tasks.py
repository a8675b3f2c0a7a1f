"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from batchsite.datasets import dataset_removal, file_digest, import_queue, importer
from batchsite.datasets.models import Dataset
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, enqueue, take_due


def due(now: datetime) -> Iterable[Job]:
    """Uploads to import, deleted datasets to clear away, and older files whose digest is to be taken."""
    for dataset in import_queue.due_imports(now):
        yield import_queue.job(dataset)
    for dataset in take_due(Dataset.objects.exclude(deleted_at=None), now, team="team", lane=lambda _: "long"):
        yield dataset_removal.job(dataset)
    for dataset in take_due(file_digest.without_digest(), now, team="team", lane=lambda _: "long"):
        yield file_digest.job(dataset)


def import_dataset(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        importer.import_step(dataset_id)
    for dataset in import_queue.due_imports(timezone.now()):  # the team's next one need not wait for the ticker
        enqueue(import_queue.job(dataset))


def take_digest(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        file_digest.digest_step(dataset_id)


def clear_dataset(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        dataset_removal.clear_step(dataset_id)
