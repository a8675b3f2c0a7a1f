"""What a try will cost, before it is pressed: real money, at list price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchsite.batches.models import Batch
from batchsite.pricing.estimate import Rates, rates_of
from batchsite.recipes.recipe import Recipe
from batchsite.trials.models import TrialAnswer


@dataclass(frozen=True)
class Priced:
    """A variant as it will be asked, with what is known of its price."""

    model: str
    recipe: Recipe
    rates: Rates | None


def priced(batch: Batch, recipe: Recipe) -> Priced:
    return Priced(batch.model, recipe, rates_of(batch, recipe))


@dataclass(frozen=True)
class Bill:
    """What pressing Try comes to."""

    rows: int
    variants: int
    calls: int
    """Requests that will be sent: without those whose answer is known."""
    ticks: int | None
    """None where the price of a model is not known."""

    @property
    def known(self) -> int:
        return self.rows * self.variants - self.calls


def bill(variants: Sequence[Priced], rows: int, asked: Sequence[TrialAnswer]) -> Bill:
    """For the requests that will be asked, of `rows` rows."""
    ticks: int | None = 0
    for answer in asked:
        rates = variants[answer.variant].rates
        ticks = None if rates is None or ticks is None else ticks + rates.in_real_time(answer.characters)
    return Bill(rows, len(variants), len(asked), ticks)
