"""What prompts cost that are asked one by one, at list price: an ask, the rows of a try."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from batchsite.pricing.lessons import PER_CHARACTER
from batchsite.pricing.model_prices import price_of
from batchsite.pricing.rates import ANSWER_GUESS, OVERHEAD
from batchsite.teams.models import Team

THOUGHT_GUESS = 300
"""Reasoning tokens of an answer."""


def likely_cost(team: Team, model: str, characters: int, prompts: int = 1) -> int | None:
    """Returns roughly what prompts of this many characters in total cost, in ticks. None if unknown."""
    price = price_of(team, model)
    if price is None:
        return None
    prompt, output = prompts * OVERHEAD + characters * PER_CHARACTER, prompts * (ANSWER_GUESS + THOUGHT_GUESS)
    return round(prompt * price.input_price + output * price.output_price)


def promised(team: Team, asked: Iterable[tuple[str, int]]) -> int:
    """Returns roughly what these prompts, (model, characters), will cost. Unknown prices count as 0."""
    counts: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for model, length in asked:
        counts[model] += 1
        characters[model] += length
    return sum(likely_cost(team, model, characters[model], counts[model]) or 0 for model in counts)
