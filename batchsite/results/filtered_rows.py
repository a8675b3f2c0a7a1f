"""All rows that an address asks for, in the order of the dataset: for files, which take as long as they take.

What an address asks for is kept as the query that asks for it, in one way of writing: see `row_filter.kept`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.batches.states import RowState
from batchsite.recipes.row_set import RowSet
from batchsite.results import row_filter, summaries
from batchsite.results.result_rows import causes
from batchsite.results.row_filter import Asked, asked_in
from batchsite.results.row_search import Search
from batchsite.results.scan import BUDGET
from batchsite.wording import number

WINDOW = 5_000
"""Rows that are looked through at once."""
MOST_COUNTED = 100_000


def windows(
    batch: Batch, kept: str, within: RowSet | None = None, pulse: Callable[[], None] = lambda: None
) -> Iterator[RowSet]:
    """The rows that are asked for, window by window; `pulse` is called for each, also where nothing is in it."""
    search = Search(batch, _asked(kept), summaries.summary_of(batch))
    for window in batch.rows.pieces(WINDOW):
        wanted = window if within is None else within.within(window.first, window.last)
        found = [row for row in search.among(window) if row in wanted] if wanted else []
        if found:
            yield RowSet((row, row) for row in found)
        pulse()


def mark_of(batch: Batch) -> tuple[str, str]:
    """Changes when the same filter would find other rows, though no result changed."""
    return batch.expected_column, summaries.summary_of(batch).expected_field


@dataclass(frozen=True)
class Counted:
    """How many rows a filter has; at least so many where not all were looked through."""

    rows: int
    is_all: bool
    words: str
    """Of the filter itself: “late”, Failed."""

    def __str__(self) -> str:
        if not self.rows:
            return "No row is like this filter" if self.is_all else "The rows of this filter"
        many = "The one row" if self.rows == 1 else f"The {number(self.rows)} rows"
        return f"{many} of this filter" if self.is_all else f"The rows of this filter, more than {number(self.rows)}"


def counted(batch: Batch, kept: str, seconds: float = BUDGET) -> Counted:
    """As far as can be told within a moment."""
    asked = _asked(kept)
    words = ", ".join(words for words, _ in row_filter.chips(asked, QueryDict(kept)))
    known = _known(batch, asked)
    if known is not None:
        return Counted(known, True, words)
    found = Search(batch, asked, summaries.summary_of(batch), seconds).find(None, 1, MOST_COUNTED)
    return Counted(len(found.places), found.reached is None and len(found.places) < MOST_COUNTED, words)


def _known(batch: Batch, asked: Asked) -> int | None:
    """What counters tell; None where they do not."""
    if asked.state and asked == Asked(state=asked.state):
        return int({RowState.PENDING: batch.pending}.get(RowState(asked.state), getattr(batch, asked.state, 0)))
    if asked == Asked(fit="misfit"):
        return batch.misfits
    return dict(causes(batch)).get(asked.cause) if asked.cause and asked == Asked(cause=asked.cause) else None


def _asked(kept: str) -> Asked:
    return replace(asked_in(QueryDict(kept)), sort="")
