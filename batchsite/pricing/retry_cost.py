"""What it costs to ask some rows of a batch once more."""

from __future__ import annotations

from batchsite.batches.models import Batch


def cost_of(batch: Batch, rows: int) -> int | None:
    """Returns the cost of some answers in ticks, by this batch's answers, else by its estimate. None if unknown."""
    if batch.succeeded:
        return batch.cost_ticks * rows // max(1, batch.succeeded - batch.copies)
    estimate = batch.estimate or {}
    return int(estimate["likely"]) * rows // int(estimate["rows"]) if estimate.get("rows") else None
