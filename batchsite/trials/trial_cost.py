"""What a trial will cost, at list price, before it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchsite.batches.models import Batch
from batchsite.pricing.rates import Rates, rates_of
from batchsite.recipes.recipe import Recipe
from batchsite.trials.models import TrialAnswer


@dataclass(frozen=True)
class PricedVariant:
    """A variant as it will be asked, and its rates. None if the price of its model is unknown."""

    model: str
    recipe: Recipe
    rates: Rates | None


def priced(batch: Batch, recipe: Recipe) -> PricedVariant:
    return PricedVariant(batch.model, recipe, rates_of(batch, recipe))


@dataclass(frozen=True)
class Bill:
    """What a trial will cost."""

    rows: int
    variants: int
    calls: int
    """Requests that will be sent, those with a known answer left out."""
    ticks: int | None
    """None if the price of a model is unknown."""

    @property
    def known(self) -> int:
        return self.rows * self.variants - self.calls


def bill(variants: Sequence[PricedVariant], rows: int, asked: Sequence[TrialAnswer]) -> Bill:
    """Returns the bill for these answers of `rows` rows."""
    ticks: int | None = 0
    for answer in asked:
        rates = variants[answer.variant].rates
        ticks = None if rates is None or ticks is None else ticks + rates.in_real_time(answer.characters)
    return Bill(rows, len(variants), len(asked), ticks)
