"""Which column holds the right answers. It changes nothing of what was sent, so it can be said at any time."""

from __future__ import annotations

from django.db import transaction

from batchsite.batches.models import Batch
from batchsite.review import fields, judging, summing
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


def expected_of(batch: Batch, row: int) -> tuple[str, bool]:
    """What is expected of a row, blank where nothing is, and whether its answer agrees."""
    expected = "".join(summing.expected_cells(batch, row, row)).strip()
    if not expected:
        return "", False
    name = summing.compared_field(batch, summing.summary_of(batch))
    given = judging.answered_in(batch, row).get(name, "")
    return expected, bool(given) and fields.label(given) == fields.label(expected)
