"""Which column holds the right answers. It changes nothing of what was sent, so it can be said at any time."""

from __future__ import annotations

from django.db import transaction

from batchsite.batches.models import Batch
from batchsite.review import fields, summing
from batchsite.review.models import Summary


def expect(batch: Batch, column: str, field: str) -> None:
    """Hold the answers against a column of the dataset; against none where it has no such column."""
    batch.expected_column = column if column in batch.dataset.columns else ""
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(expected_column=batch.expected_column)
        summary, _ = Summary.objects.get_or_create(batch=batch)
        summary.expected_field = field if field in fields.field_names(batch) else ""
        summary.save(update_fields=["expected_field"])
        if not summing.is_current(batch, summary):
            summing.nudge(summary)
