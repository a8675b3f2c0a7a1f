"""Which column holds the expected answers. Changes nothing that was sent, so it can be set at any time."""

from __future__ import annotations

from django.db import transaction

from batchsite.batches.models import Batch
from batchsite.results import answer_fields, judgements, summaries
from batchsite.results.models import Summary


def expect(batch: Batch, column: str, field: str) -> None:
    """Compares the answers with a column of the dataset from now on. Stops comparing if there is no such column."""
    batch.expected_column = column if column in batch.dataset.columns else ""
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(expected_column=batch.expected_column)
        summary, _ = Summary.objects.get_or_create(batch=batch)
        summary.expected_field = field if field in answer_fields.field_names(batch) else ""
        summary.save(update_fields=["expected_field"])
        if not summaries.is_current(batch, summary):
            summaries.nudge(summary)


def expected_of(batch: Batch, row: int) -> tuple[str, bool]:
    """Returns the expected value of a row, blank if there is none, and whether its answer agrees."""
    expected = "".join(summaries.expected_cells(batch, row, row)).strip()
    if not expected:
        return "", False
    name = summaries.compared_field(batch, summaries.summary_of(batch))
    given = judgements.answered_in(batch, row).get(name, "")
    return expected, bool(given) and answer_fields.label(given) == answer_fields.label(expected)
