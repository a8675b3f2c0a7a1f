"""Higher caps on output tokens for answers that were cut off, and what these answers may cost then."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, Max, QuerySet

from batchsite.batches.answer_flaws import CUT_OFF
from batchsite.batches.models import Batch, Result
from batchsite.pricing.model_prices import ModelPrice, price_of
from batchsite.recipes.parameters import MAX_TOKENS

FACTORS = (2, 4, 10)


@dataclass(frozen=True)
class RaisedCap:
    """A cap on output tokens that can be chosen for a retry."""

    output_cap: int
    rows: int
    """Answers that were cut off."""
    most: int | None
    """Ticks for these rows, if every answer uses up the cap. None if the price of the model is unknown."""


def cap_of(batch: Batch, results: QuerySet[Result]) -> int:
    """Returns the cap at which these answers were cut off. 0 if it was the model's own: there is none to raise."""
    if batch.dataset.holds_requests:  # each body has a cap of its own
        return results.aggregate(most=Max("completion_tokens"))["most"] or 0
    retries = batch.submissions.exclude(retry_of=None).values_list("retry_of", flat=True)
    return max(
        int(batch.params.get(MAX_TOKENS.name) or 0), *((retry or {}).get("output_cap") or 0 for retry in retries), 0
    )


def raised_caps(batch: Batch, results: QuerySet[Result]) -> list[RaisedCap]:
    """Returns the higher caps for those of `results` that were cut off. Empty if there are none, or no cap."""
    cut = results.filter(cause__in=CUT_OFF)
    sums = cut.aggregate(rows=Count("row"), prompt=Avg("prompt_tokens"), reasoning=Avg("reasoning_tokens"))
    cap = cap_of(batch, cut) if sums["rows"] else 0
    price = price_of(batch.team, batch.model)
    highest = min(MAX_TOKENS.high, price.context_length if price and price.context_length else MAX_TOKENS.high)
    return [
        RaisedCap(output_cap, sums["rows"], _most(price, sums["rows"], sums["prompt"], sums["reasoning"] + output_cap))
        for output_cap in (cap * factor for factor in FACTORS)
        if cap < output_cap <= highest
    ]


def _most(price: ModelPrice | None, rows: int, prompt_tokens: float, output_tokens: float) -> int | None:
    if price is None:
        return None
    return round(rows * (prompt_tokens * price.batch_input_price + output_tokens * price.batch_output_price))
