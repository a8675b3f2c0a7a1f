"""Removing deleted batches, in small steps that never lock the database for long."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from batchsite.batches.models import Batch, RawPage, RequestId, Result
from batchsite.datasets.dataset_removal import UNDO
from batchsite.processes.queue import Job

SLICE = 5_000
"""Rows removed in one transaction."""


def due() -> Iterable[Job]:
    """Yields one job for a deleted batch that still has rows. Clearing twice does no harm."""
    deleted = _removable().order_by("pk").values_list("pk", flat=True).first()
    if deleted is not None:
        yield Job("batchsite.submission.tasks.clear", (deleted,), "long", is_hint=True)


def clear(batch_id: int) -> None:
    """Removes a deleted batch, its results first."""
    batch = _removable().filter(pk=batch_id).first()
    if batch is None:
        return
    for first in range(1, batch.dataset.row_count + 1, SLICE):
        Result.objects.filter(batch_id=batch_id, row__gte=first, row__lt=first + SLICE).delete()
    mine = Q(submission__batch_id=batch_id) | Q(batch_id=batch_id)
    while pages := list(RawPage.objects.filter(mine).values_list("pk", flat=True)[:50]):
        RawPage.objects.filter(pk__in=pages).delete()
    while ids := list(RequestId.objects.filter(batch_id=batch_id).values_list("request_id", flat=True)[:900]):
        RequestId.objects.filter(batch_id=batch_id, request_id__in=ids).delete()
    with transaction.atomic():
        batch.delete()


def _removable() -> QuerySet[Batch]:
    """Deleted batches that can no longer be restored."""
    return Batch.objects.filter(deleted_at__lte=timezone.now() - UNDO)
