"""All rows of a filter, for files: takes as long as it takes.

A filter is stored as its query in one canonical form; see `row_filter.query_of`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.http import urlencode

from batchsite.batches.models import Batch
from batchsite.recipes.row_set import RowSet
from batchsite.results import summaries
from batchsite.results.known_counts import known_count
from batchsite.results.order_steps import sorted_rows
from batchsite.results.row_filter import RowFilter, chips, filter_in
from batchsite.results.row_search import Search
from batchsite.results.scan import BUDGET
from batchsite.results.sort_keys import is_known
from batchsite.wording import number

WINDOW = 5_000
"""Rows that are scanned at once."""
MOST_COUNTED = 100_000


def windows(
    batch: Batch, kept: str, within: RowSet | None = None, keep_alive: Callable[[], None] = lambda: None
) -> Iterator[RowSet]:
    """Yields the rows of a filter, window by window. Calls `keep_alive` for every window, even an empty one."""
    search = Search(batch, _filter(kept), summaries.summary_of(batch))
    for window in batch.rows.pieces(WINDOW):
        wanted = window if within is None else within.within(window.first, window.last)
        rows = [row for row in search.among(window) if row in wanted] if wanted else []
        if rows:
            yield RowSet((row, row) for row in rows)
        keep_alive()


def in_order(
    batch: Batch, kept: str, sort: str, within: RowSet | None = None, keep_alive: Callable[[], None] = lambda: None
) -> array[int]:
    """Returns the rows of a filter in an order, as the page shows them; eight bytes a row. Those that have no result
    have no place in the order of a measure: they come last.
    """
    order = filter_in(QueryDict(urlencode({"sort": sort})))
    rows = array("q", (row for window in windows(batch, kept, within, keep_alive) for row in window))
    if not order.measure or not is_known(batch, order.measure):
        return rows[:: order.direction] if order.is_by_row else rows
    is_open = bytearray(rows[-1] + 1 if rows else 0)
    for row in rows:
        is_open[row] = 1
    ordered = array("q")
    for row in sorted_rows(batch, order.measure, order.direction, keep_alive):
        if row < len(is_open) and is_open[row]:
            is_open[row] = 0
            ordered.append(row)
    ordered.extend(row for row in rows if is_open[row])
    return ordered


def fingerprint(batch: Batch) -> tuple[str, str]:
    """Changes when the filter would find other rows although no result changed."""
    return batch.expected_column, summaries.summary_of(batch).expected_field


@dataclass(frozen=True)
class FilterCount:
    """How many rows a filter has; a lower bound unless `is_all`."""

    rows: int
    is_all: bool
    words: str
    """Of the filter itself: “late”, Failed."""

    def __str__(self) -> str:
        if not self.rows:
            return "No row matches this filter" if self.is_all else "The rows of this filter"
        many = "The one row" if self.rows == 1 else f"The {number(self.rows)} rows"
        return f"{many} of this filter" if self.is_all else f"The rows of this filter, more than {number(self.rows)}"


def counted(batch: Batch, kept: str, seconds: float = BUDGET) -> FilterCount:
    """Counts the rows of a filter, as far as that takes no longer than `seconds`."""
    row_filter = _filter(kept)
    words = ", ".join(words for words, _ in chips(row_filter, QueryDict(kept)))
    known = known_count(batch, row_filter, summaries.summary_of(batch))
    if known is not None:
        return FilterCount(known, True, words)
    result = Search(batch, row_filter, summaries.summary_of(batch), seconds).find(None, 1, MOST_COUNTED)
    is_all = result.reached is None and len(result.places) < MOST_COUNTED
    return FilterCount(len(result.places), is_all, words)


def _filter(kept: str) -> RowFilter:
    return replace(filter_in(QueryDict(kept)), sort="")
