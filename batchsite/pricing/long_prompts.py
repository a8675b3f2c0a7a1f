"""Rows with long prompts: which they are, and what they cost more (facts 7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from batchsite.batches.models import Batch
from batchsite.datasets.block_reach import within_reach
from batchsite.pricing.call_fees import NO_FEES
from batchsite.pricing.coverage import LOOKED_AT, gaps
from batchsite.pricing.lessons import TokenLine
from batchsite.pricing.rates import Rates
from batchsite.recipes.recipe import Recipe
from batchsite.xai.catalogue import LONG_PROMPT


def doubled(batch: Batch, recipe: Recipe, rates: Rates) -> tuple[int, int, int]:
    """Returns the (low, likely, high) ticks that long prompts add, as all their tokens cost double.

    Rows beyond the first ones are counted as if they were like those.
    """
    _, characters = longest(batch, recipe)
    if rates.line.tokens(characters) < LONG_PROMPT:
        return 0, 0, 0
    lengths = [length for _, length in _long(batch, recipe, rates.line, LONG_PROMPT)] or [characters]
    more = max(1.0, len(batch.rows) / LOOKED_AT)
    costs = [replace(rates, fees=NO_FEES).of_a_row(length) for length in lengths]
    low, likely, high = (round(more * sum(cost)) for cost in zip(*costs, strict=True))
    return low, likely, high


def long_rows(batch: Batch, recipe: Recipe, line: TokenLine, least: int) -> list[int]:
    """Returns the rows whose prompts have at least so many tokens, among the first ones."""
    return [row for row, _ in _long(batch, recipe, line, least)]


def _long(batch: Batch, recipe: Recipe, line: TokenLine, least: int) -> Iterator[tuple[int, int]]:
    """Yields (row, characters) of those rows."""
    for first, block in batch.dataset.slices_in(within_reach(batch.dataset, batch.rows.places(0, LOOKED_AT)).spans):
        for row, cells in enumerate(block, first):
            characters = recipe.length(cells)
            if line.tokens(characters) >= least:
                yield row, characters


def longest(batch: Batch, recipe: Recipe) -> tuple[int, int]:
    """Returns (row, characters) of the longest prompt, among the rows that were measured and those of the profile."""
    chosen = batch.rows
    rows = {chosen.first}
    if recipe.columns:
        rows.add(gaps(batch.dataset, recipe.columns, chosen).longest)
        used = {batch.dataset.columns[column] for column in recipe.columns}
        profiled = [column for column in batch.dataset.profile.get("columns") or [] if column.get("name") in used]
        rows |= {int(column["longest"]["row"]) for column in profiled if column.get("longest")}
    lengths = {
        row: recipe.length(cells) for row, cells in batch.dataset.pick(row for row in rows if row in chosen).items()
    }
    return max(lengths.items(), key=lambda pair: pair[1], default=(chosen.first, 0))
