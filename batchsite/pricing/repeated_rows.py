"""How many rows repeat the request of another one, and whether identical requests are sent once.

All rows of a small dataset are compared, and of a big one as many as a request for a page can take. Where the prompt
uses one column of the whole dataset, its profile knows how many values differ.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.cache import cache

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Repeats
from batchsite.datasets.block_reach import within_reach
from batchsite.recipes.prompt_template import PromptError
from batchsite.recipes.recipe import Recipe, empty_column
from batchsite.recipes.row_set import RowSet

COMPARED = 20_000
"""Most rows that are compared during a request, which takes about 0.1 s."""
WORTH_IT = 0.01
"""Share of rows that repeat another one from which on identical requests are sent once without being asked."""
CACHE_SECONDS = 3600


@dataclass(frozen=True)
class Repeated:
    """How many of the rows that would be sent repeat the request of another one."""

    rows: int
    copies: int
    is_whole: bool
    """Whether the rows are all that would be sent; else they are the first ones, and of all rows more may repeat."""

    @property
    def share(self) -> float:
        return self.copies / self.rows if self.rows else 0.0


def repeated_rows(batch: Batch, recipe: Recipe) -> Repeated:
    """Returns how many rows of a draft repeat the request of another one."""
    rows = batch.rows
    compared = within_reach(batch.dataset, rows.places(0, COMPARED))
    if len(compared) < len(rows) and (known := _profiled(batch, recipe, rows)):
        return known
    dataset = batch.dataset
    made = [dataset.pk, dataset.created_at.timestamp(), compared.spans, recipe.depends_on, batch.skip_empty]
    key = f"repeated:{hashlib.sha256(repr(made).encode()).hexdigest()[:32]}"
    counts: tuple[int, int] | None = cache.get(key)
    if counts is None:
        counts = _compare(batch, recipe, compared)
        cache.set(key, counts, CACHE_SECONDS)
    return Repeated(*counts, is_whole=len(compared) == len(rows))


def _compare(batch: Batch, recipe: Recipe, rows: RowSet) -> tuple[int, int]:
    seen: set[bytes] = set()
    count = 0
    for _, block in batch.dataset.slices_in(rows.spans):
        for cells in block:
            if not batch.skip_empty or empty_column(recipe, cells) is None:
                count += 1
                seen.add(recipe.likeness(cells))
    return count, count - len(seen)


def _profiled(batch: Batch, recipe: Recipe, rows: RowSet) -> Repeated | None:
    """Returns what the profile of the only column in use tells. None if it does not."""
    if len(rows) != batch.dataset.row_count or len(recipe.depends_on) > 1:
        return None
    if not recipe.depends_on:
        return Repeated(len(rows), len(rows) - 1, is_whole=True)
    columns = batch.dataset.profile.get("columns") or []
    name = batch.dataset.columns[recipe.depends_on[0]]
    column = next((column for column in columns if column.get("name") == name), None)
    if not column or not column.get("distinct_known"):
        return None
    sent = len(rows) - column["blank"] if batch.skip_empty else len(rows)
    different = column["distinct"] + (0 if batch.skip_empty else bool(column["empty"]))
    return Repeated(sent, max(0, sent - different), is_whole=True)


def sends_once(batch: Batch) -> bool:
    """Whether identical requests of a draft are sent once: by the person's choice, else if that changes nothing.

    At temperature 0 the same request gets the same answer. Above it, answers to the same request differ, and a person
    may want them all.
    """
    if batch.repeats == Repeats.ONCE:
        return True
    if batch.repeats == Repeats.EACH or batch.params.get("temperature") != 0:
        return False
    if batch.tools or batch.dataset.holds_requests:
        return False  # what a search finds changes, and bodies have temperatures of their own
    try:
        repeated = repeated_rows(batch, recipe_of(batch))
    except (PromptError, ValueError):
        return False  # it cannot be sent: why is said elsewhere
    return repeated.share > WORTH_IT or not repeated.is_whole
