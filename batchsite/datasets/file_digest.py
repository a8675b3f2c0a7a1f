"""The digest by which a file is known again. An import takes it; of older datasets a worker does, once."""

from __future__ import annotations

import hashlib

from django.db.models import QuerySet

from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.watched_file import WatchedFile
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job


def without_digest() -> QuerySet[Dataset]:
    """Returns the datasets that were imported before digests were taken, and are marked as due by a migration."""
    return Dataset.objects.filter(state=DatasetState.READY, digest="", deleted_at=None)


def job(dataset: Dataset) -> Job:
    return Job("batchsite.datasets.tasks.take_digest", (dataset.pk,), "long")


def digest_step(dataset_id: int) -> None:
    """Takes the digest of an older dataset's file, if that is still there. Raises Busy, LeaseLost."""
    with claimed(Dataset, dataset_id) as claim:
        dataset = Dataset.objects.get(pk=dataset_id)
        if not dataset.file or not dataset.file.storage.exists(dataset.file.name or ""):
            return
        digest = digest_of(claim, dataset)
        with claim.locked() as fresh:
            fresh.digest = digest
            fresh.save(update_fields=["digest"])


def digest_of(claim: Claim[Dataset], dataset: Dataset) -> str:
    """Returns the SHA-256 of the upload."""
    if dataset.digest:
        return dataset.digest
    sums = hashlib.sha256()
    with dataset.file.storage.open(dataset.file.name or "") as file:
        source = WatchedFile(file, claim)
        while piece := source.read(1_000_000):
            sums.update(piece)
    return sums.hexdigest()
