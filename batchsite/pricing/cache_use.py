"""How much of a batch's prompts was billed at the cached price, and what that saved."""

from __future__ import annotations

from dataclasses import dataclass

from batchsite.batches.models import Batch
from batchsite.pricing.model_prices import discounted, price_of


@dataclass(frozen=True)
class CacheUse:
    """Cached tokens of a batch."""

    tokens: int
    percent: int
    """Of all prompt tokens."""
    saved: int | None
    """Ticks. None if the price of the model is unknown."""


def cache_use(batch: Batch) -> CacheUse | None:
    """Returns how much was cached. None if nothing was, or it is not known."""
    if not batch.cached_tokens or not batch.prompt_tokens:
        return None
    price = price_of(batch.team, batch.model)
    saved = batch.cached_tokens * (price.input_price - price.cached_price) if price else None
    if saved is not None and not batch.runs_live:
        saved = discounted(saved)
    return CacheUse(batch.cached_tokens, 100 * batch.cached_tokens // batch.prompt_tokens, saved)
