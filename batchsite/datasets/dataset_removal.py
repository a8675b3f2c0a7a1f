"""Deleting a dataset: it disappears for people at once, and from the disk a little later."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from batchsite.datasets.importer import remove_blocks
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.processes.leases import claimed
from batchsite.processes.queue import Job

CLEAR = "batchsite.datasets.tasks.clear_dataset"
UNDO = timedelta(minutes=10)
"""For this long, deleted datasets and batches can be restored; nothing is removed before."""
WAIT_FOR_BATCHES = timedelta(seconds=30)
"""Deleted batches need their dataset until they are cleared away themselves."""


class InUse(Exception):
    """Batches are made of the dataset; the text says how many, and what to do."""


def delete(dataset: Dataset) -> None:
    """Hides a dataset and has it removed. Raises InUse."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        count = locked.batches.filter(deleted_at=None).count()
        if count:
            batches = "A batch is" if count == 1 else f"{count} batches are"
            raise InUse(f"{batches} made from {locked.name}. Delete {'it' if count == 1 else 'them'} first.")
        # An import that is under way loses its lease, and with it the right to write.
        now = timezone.now()
        Dataset.objects.filter(pk=locked.pk).update(
            deleted_at=now, lease_token="", lease_until=None, next_look_at=now + UNDO
        )


def restore(dataset: Dataset) -> bool:
    """Restores a deleted dataset. Returns whether it exists: a worker may be removing it already."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        if locked.deleted_at is None:
            return True
        if locked.deleted_at <= timezone.now() - UNDO and not locked.batches.exists():
            return False
        is_open = locked.state == DatasetState.IMPORTING
        look = timezone.now() if is_open else None
        Dataset.objects.filter(pk=locked.pk).update(deleted_at=None, next_look_at=look)
        return True


def job(dataset: Dataset) -> Job:
    """The message that has a deleted dataset cleared away."""
    return Job(CLEAR, (dataset.pk,), "long")


def clear_step(dataset_id: int) -> None:
    """Removes a deleted dataset: blocks first, then the file, then the row. Raises Busy, LeaseLost."""
    with claimed(Dataset, dataset_id) as claim:
        with claim.locked() as dataset:
            if dataset.deleted_at is None:
                claim.next_look_at = dataset.next_look_at
                return
            if dataset.deleted_at > timezone.now() - UNDO:
                claim.next_look_at = dataset.deleted_at + UNDO
                return
            if dataset.batches.filter(deleted_at=None).exists():
                # Made in the very moment of the deletion: a batch is worth more than a deletion.
                Dataset.objects.filter(pk=dataset.pk).update(deleted_at=None)
                return
            if dataset.batches.exists():
                claim.next_look_at = timezone.now() + WAIT_FOR_BATCHES
                return
        remove_blocks(claim)
        dataset.file.storage.delete(dataset.skipped_name)
        dataset.file.delete(save=False)
        with claim.locked() as dataset:
            dataset.delete()
