"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.datasets import dataset_removal, importer
from batchsite.datasets.models import Dataset
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, take_due


def due(now: datetime) -> Iterable[Job]:
    """Uploads to import, and deleted datasets to clear away."""
    for dataset in take_due(Dataset.objects.all(), now, team="team", lane=lambda row: _job(row).queue):
        yield _job(dataset)


def _job(dataset: Dataset) -> Job:
    return dataset_removal.job(dataset) if dataset.deleted_at else importer.job(dataset)


def import_dataset(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        importer.import_step(dataset_id)


def clear_dataset(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        dataset_removal.clear_step(dataset_id)
