"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.datasets import intake, removing
from batchsite.datasets.models import Dataset
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queueing import Job, take_due


def due(now: datetime) -> Iterable[Job]:
    """Uploads to import, and deleted datasets to clear away."""
    for dataset in take_due(Dataset.objects.all(), now):
        yield removing.job(dataset) if dataset.deleted_at else intake.job(dataset)


def import_dataset(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        intake.import_step(dataset_id)


def clear_dataset(dataset_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        removing.clear_step(dataset_id)
