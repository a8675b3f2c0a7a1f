"""How long the prompts of a batch are, measured on its own rows, fast at any size.

A prompt consists of texts and cells, so its length follows from the lengths of the cells it uses. Those are measured
once for a set of rows and cached (a ready dataset never changes), so an estimate while somebody types is cheap.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache

from batchsite.batches.models import Batch
from batchsite.datasets.block_reach import within_reach
from batchsite.datasets.models import BLOCK_ROWS, Dataset
from batchsite.pricing.coverage import gaps
from batchsite.recipes.recipe import Recipe
from batchsite.recipes.row_set import RowSet

ALL_ROWS = 20_000
"""Up to this many rows, all are measured, which takes 0.1 s once."""
SAMPLE_BLOCKS = 20
"""Of more rows, this many blocks of 500 rows are measured, evenly spread."""
CACHE_SECONDS = 3600


@dataclass(frozen=True)
class PromptLengths:
    """Lengths of prompts; characters are averages over the rows that would be sent."""

    rows: int
    """Rows of the batch."""
    looked_at: int
    sent: int
    """How many of the measured rows would be sent, those that are skipped left out."""
    characters: float
    """Average characters of all messages of a row."""

    to_send: int
    """Rows of the batch that would be sent, projected from the measured ones within what is known of all."""

    @property
    def words(self) -> str:
        """`all 7,000 rows`, `10,000 of 1,000,000 rows`."""
        if self.looked_at == self.rows:
            return f"all {self.rows:,} rows" if self.rows != 1 else "the one row"
        return f"{self.looked_at:,} of {self.rows:,} rows, evenly spread"


def measure(batch: Batch, recipe: Recipe) -> PromptLengths | None:
    """Measures the prompts of a draft. None if it has no rows."""
    rows = batch.rows
    sampled = sample(batch.dataset, rows)
    if not len(sampled):
        return None
    looked_at = len(sampled)
    sent, lengths = _lengths(batch.dataset, sampled, recipe.columns, recipe.needed if batch.skip_empty else ())
    parts = [part for _, template in recipe.turns for part in template.parts]
    texts = sum(len(part) for part in parts if isinstance(part, str))
    uses = Counter(part for part in parts if isinstance(part, int))
    uses.update([recipe.history.column] if recipe.history else [])
    cells = sum(uses[column] * length for column, length in zip(recipe.columns, lengths, strict=True))
    characters = texts + cells / sent if sent else float(texts)
    return PromptLengths(len(rows), looked_at, sent, characters, _to_send(batch, recipe, rows, sent / looked_at))


def _to_send(batch: Batch, recipe: Recipe, rows: RowSet, share: float) -> int:
    projected = round(len(rows) * share)
    if not batch.skip_empty or not recipe.needed or len(rows) <= ALL_ROWS:
        return projected
    known = gaps(batch.dataset, recipe.needed, rows)
    return min(max(projected, len(rows) - known.most), len(rows) - known.least)


def sample(dataset: Dataset, rows: RowSet) -> RowSet:
    """Returns all rows, or blocks of them: the first, the last, and evenly between."""
    if len(rows) <= ALL_ROWS and len(within_reach(dataset, rows)) == len(rows):
        return rows
    last = max(0, len(rows) - BLOCK_ROWS)
    places = [round(step * last / (SAMPLE_BLOCKS - 1)) for step in range(SAMPLE_BLOCKS)]
    parts = (within_reach(dataset, rows.places(place, place + BLOCK_ROWS), 2) for place in places)
    return RowSet(span for part in parts for span in part.spans)


def _lengths(dataset: Dataset, rows: RowSet, columns: Sequence[int], needed: Sequence[int]) -> tuple[int, list[int]]:
    """Returns (rows that would be sent, characters of each column summed over them): those with all that is needed."""
    spans = hashlib.sha256(repr(rows.spans).encode()).hexdigest()[:20]
    made = f"{dataset.pk}-{dataset.created_at.timestamp()}"
    key = f"lengths:{made}:{spans}:{'-'.join(map(str, columns))}:{'-'.join(map(str, needed))}"
    lengths: tuple[int, list[int]] | None = cache.get(key)
    if lengths is None:
        lengths = _measure(dataset, rows, columns, needed)
        cache.set(key, lengths, CACHE_SECONDS)
    return lengths


def _measure(dataset: Dataset, rows: RowSet, columns: Sequence[int], needed: Sequence[int]) -> tuple[int, list[int]]:
    count, lengths = 0, [0] * len(columns)
    for _, block in dataset.slices_in(rows.spans):
        if needed:
            block = [cells for cells in block if all(cells[column].strip() for column in needed)]
        count += len(block)
        for place, column in enumerate(columns):
            lengths[place] += sum([len(cells[column]) for cells in block])
    return count, lengths
