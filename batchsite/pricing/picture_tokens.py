"""How many prompt tokens the pictures of a draft's rows are, before anything was billed for them (facts 6.4)."""

from __future__ import annotations

from django.core.cache import cache

from batchsite.batches.models import Batch
from batchsite.datasets.block_reach import within_reach
from batchsite.recipes.recipe import Recipe

LOOKED_AT = 1_000
"""Rows whose pictures are looked at."""
CACHE_SECONDS = 600


def picture_tokens(batch: Batch, recipe: Recipe) -> float:
    """Returns the average tokens of a row's pictures; 0 if there are none."""
    pictures = recipe.pictures
    if pictures is None:
        return 0.0
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
    key = ":".join(map(str, ("picture-tokens", *parts, rows.first, len(rows))))
    tokens: float | None = cache.get(key)
    if tokens is None:
        found = [pictures.tokens_of(cells) for _, some in batch.dataset.slices_in(rows.spans) for cells in some]
        tokens = sum(found) / len(found) if found else 0.0
        cache.set(key, tokens, CACHE_SECONDS)
    return tokens
