"""Walking through the rows of a filter: the rows before and after one, and its position among them."""

from __future__ import annotations

from dataclasses import dataclass

from batchsite.batches.models import Batch
from batchsite.recipes.row_set import RowSet
from batchsite.results.models import Summary
from batchsite.results.row_filter import RowFilter
from batchsite.results.row_search import Search
from batchsite.results.scan import BUDGET

MOST_COUNTED = 10_000
"""The most rows before a row that are counted to find its position."""


@dataclass(frozen=True)
class Walk:
    """A row among those of a filter, in its order."""

    previous: int | None = None
    next: int | None = None
    place: int | None = None
    """Its position, counted from 1. None if finding it would take too long."""
    is_in: bool = False
    """Whether the row passes the filter: once judged or retried, it may no longer."""


def walk(batch: Batch, row_filter: RowFilter, row: int, summary: Summary, seconds: float = BUDGET) -> Walk:
    """Returns where a row stands among those of a filter, as far as that takes no longer than `seconds` each way."""
    search = Search(batch, row_filter, summary, seconds)
    here = search.place_of(row)
    if here is None:
        return Walk()
    before, after = search.find(here, -1, MOST_COUNTED), search.find(here, 1, 1)
    is_in = row in search.among(RowSet([(row, row)]))
    is_counted = is_in and before.reached is None and len(before.places) < MOST_COUNTED
    return Walk(
        next(iter(before.rows), None),
        next(iter(after.rows), None),
        len(before.places) + 1 if is_counted else None,
        is_in,
    )
