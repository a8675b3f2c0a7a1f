"""What is attached to a draft's rows, before anything was billed for it: tokens and documents (facts 6.4)."""

from __future__ import annotations

from typing import NamedTuple

from django.core.cache import cache

from batchsite.batches.models import Batch
from batchsite.datasets.block_reach import within_reach
from batchsite.recipes.recipe import Recipe

LOOKED_AT = 1_000
"""Rows whose pictures are looked at."""
CACHE_SECONDS = 600


class Along(NamedTuple):
    """What is attached to a row, on average."""

    tokens: float = 0
    """Prompt tokens of its pictures."""
    documents: float = 0
    """Documents that xAI looks through with its own tool."""


def average_along(batch: Batch, recipe: Recipe) -> Along:
    """Returns what is attached to a row of the draft, on average."""
    pictures = recipe.pictures
    if pictures is None:
        return Along()
    rows = within_reach(batch.dataset, batch.rows.places(0, LOOKED_AT))
    known = pictures.shelf.largest if pictures.shelf else 0
    parts = (
        batch.dataset_id,
        batch.dataset.created_at.timestamp(),
        known,
        pictures.column,
        pictures.detail,
        pictures.documents,
    )
    key = ":".join(map(str, ("goes-along", *parts, rows.first, len(rows))))
    kept: tuple[float, float] | None = cache.get(key)
    if kept is None:
        cells = [cells for _, some in batch.dataset.slices_in(rows.spans) for cells in some]
        count = len(cells) or 1
        kept = sum(map(pictures.tokens_of, cells)) / count, sum(map(pictures.documents_of, cells)) / count
        cache.set(key, kept, CACHE_SECONDS)
    return Along(*kept)
