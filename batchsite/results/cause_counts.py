"""How many rows of a batch ended for which cause, counted in the database and cached until the counts move."""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import Count

from batchsite.batches.models import Batch, Result

MOST_MISFITS = 5
"""Most reasons shown for misfits; they name values, so there can be as many reasons as rows."""


def causes(batch: Batch) -> list[tuple[str, int]]:
    """Returns (cause, rows) of the rows without a good answer, the most frequent first."""
    if not (batch.unanswered or batch.flawed):
        return []
    attempts = batch.submissions.count()  # after a retry the same counts may have other causes
    counters = (batch.succeeded, batch.failed, batch.cancelled, batch.missing, batch.no_answer, batch.flawed)
    key = f"causes-{batch.pk}-{attempts}-{'-'.join(map(str, counters))}"
    counts: list[tuple[str, int]] | None = cache.get(key)
    if counts is None:
        groups = Result.objects.filter(batch_id=batch.pk).exclude(cause="").values("cause")
        ranked = groups.annotate(rows=Count("row")).order_by("-rows", "cause")
        counts = [(group["cause"], group["rows"]) for group in ranked]
        cache.set(key, counts, 600)
    return counts


def labelled(batch: Batch) -> list[tuple[str, str, int]]:
    """Returns (cause, what it is called, rows) of the same rows."""
    return [(cause, batch.cause_label(cause), rows) for cause, rows in causes(batch)]


def misfits(batch: Batch) -> list[tuple[str, int]]:
    """Returns (reason, rows) of the answers that do not fit their shape, the most frequent first.

    Counted again when their number changes; at most twice a minute while the batch runs.
    """
    if not batch.misfits:
        return []
    version = "running" if batch.is_running else f"{batch.succeeded}-{batch.misfits}"
    key = f"misfits-{batch.pk}-{batch.submissions.count()}-{version}"
    counts: list[tuple[str, int]] | None = cache.get(key)
    if counts is None:
        groups = Result.objects.filter(batch_id=batch.pk).exclude(misfit="").values("misfit")
        ranked = groups.annotate(rows=Count("row")).order_by("-rows", "misfit")[:MOST_MISFITS]
        counts = [(group["misfit"], group["rows"]) for group in ranked]
        cache.set(key, counts, 30 if batch.is_running else 600)
    return counts
