"""Finds the rows of a filter, a page at a time, however many rows there are.

Rows are scanned window by window, in the order in which they are shown, until a page is full or time is up. The search
then says how far it got, and can be continued from there. Nothing is counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from batchsite.batches.answer_flaws import CUT_BEFORE_ANSWER, NO_ANSWER
from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.datasets.block_reach import rows_in_blocks
from batchsite.datasets.row_text_search import BLOCKS, cells_with, rows_with_values
from batchsite.recipes.row_set import RowSet
from batchsite.results.models import Judgement, Summary
from batchsite.results.row_filter import RowFilter
from batchsite.results.row_orders import Order, Place, number_places, order_of
from batchsite.results.scan import BUDGET, FIRST_WINDOW, scan
from batchsite.results.sort_keys import NUMBERS, is_known
from batchsite.results.value_codes import Finder

FIRST_SORTED_WINDOW, SORTED_WINDOW = 250, 4_000
SORTED_BUDGET = 0.25
"""Seconds for finding every row with a text, if those rows are to be sorted."""
SORTABLE = 2_000
"""Most rows that are sorted in memory; more are walked along an index."""
SEVERAL = 900
_ENDED = [state for state in RowState if state != RowState.PENDING]


@dataclass(frozen=True)
class SearchResult:
    """Rows in the order of the search, and the place where it stopped."""

    places: list[Place]
    reached: Place | None = None
    unsorted: str = ""
    """Why rows come by number, not in the order wanted: `many`, too many to sort; `soon`, a worker is sorting them."""
    as_of: datetime | None = None
    """When they were sorted, if more rows may have arrived since."""

    @property
    def rows(self) -> list[int]:
        return [place.row for place in self.places]


class Search:
    """A search in one batch."""

    def __init__(self, batch: Batch, row_filter: RowFilter, summary: Summary | None, seconds: float = BUDGET) -> None:
        if row_filter.measure and not is_known(batch, row_filter.measure):
            row_filter = replace(row_filter, sort="")
        self.batch, self.row_filter = batch, row_filter
        self.all_rows = batch.rows
        self.finder = Finder(batch, summary, row_filter) if row_filter.is_coded else None
        self.conditions = conditions(row_filter)
        self.summary, self.seconds = summary, seconds
        self.deadline = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.deadline

    def find(self, start: Place | None, step: int, count: int) -> SearchResult:
        """Returns up to `count` rows behind (step 1) or before (step -1) a place, nearest first."""
        row_filter = self.row_filter
        self.deadline = time.monotonic() + self.seconds
        if not row_filter.measure or row_filter.state == RowState.PENDING:
            return self._by_row(start, step * (row_filter.direction if not row_filter.measure else 1), count)
        if not self._has_places:
            return self._unsorted(start, step, count, "soon")
        if self.finder and self.finder.is_fast and not row_filter.reads_cells:
            if self.finder.at_most(1, self.batch.rows.last) <= SORTABLE:
                within = self.finder.rows(1, self.batch.rows.last)
                few = sorted(within if self.conditions is None else self._those(self._results_of(), within))
                return self._sorted(few, start, step * row_filter.direction, count)
        elif row_filter:
            half = self.deadline - time.monotonic()
            self.deadline += SORTED_BUDGET if row_filter.reads_cells else -half / 2
            everything = self._by_row(None, 1, SORTABLE + 1)
            if everything.reached is None and len(everything.places) <= SORTABLE:
                return self._sorted(everything.rows, start, step * row_filter.direction, count)
            self.deadline = time.monotonic() + half / 2
        if row_filter.reads_cells or (self.finder and not self.finder.is_fast):
            return self._unsorted(start, step, count, "many")
        if self.order is None:
            return self._unsorted(start, step, count, "soon")
        return self._along_order(self.order, start, step * row_filter.direction, count)

    def among(self, window: RowSet) -> list[int]:
        """Returns those of some rows of the batch that pass the filter, ascending, however long it takes."""
        return self._matching(window, 1, window.last - window.first + 1)

    @cached_property
    def order(self) -> Order | None:
        """The results in the order of the measure; None while they are not sorted."""
        return order_of(self.batch, self.row_filter.measure)

    @property
    def _has_places(self) -> bool:
        """Whether the place of a row is known: the database sorts numbers, but texts need a stored order."""
        return self.row_filter.measure in NUMBERS or self.order is not None

    def _places(self, rows: list[int]) -> list[Place]:
        if self.row_filter.measure in NUMBERS:
            return number_places(self.batch, self.row_filter.measure, rows)
        return self.order.places(rows) if self.order else []

    def _results_of(self) -> QuerySet[Result]:
        return Result.objects.filter(batch_id=self.batch.pk)

    def _unsorted(self, start: Place | None, step: int, count: int, why: str) -> SearchResult:
        """Searches by number, if sorting would mean reading everything first."""
        found = self._by_row(start, step, count)
        return SearchResult(found.places, found.reached, unsorted=why)

    def place_of(self, row: int) -> Place | None:
        """Returns where a row stands in the order of the filter. None if it has no place in it."""
        is_by_row = not self.row_filter.measure or self.row_filter.state == RowState.PENDING
        if is_by_row or not self._has_places:
            return Place(0, row)
        return next(iter(self._places([row])), None)

    # ---- by row number ----

    def _by_row(self, start: Place | None, way: int, count: int) -> SearchResult:
        """Walks along the row numbers, `way` 1 upwards, -1 downwards."""
        window = 0 if self.row_filter else count
        begin = start.row if start else None
        found, reached = scan(self.all_rows, begin, way, count, self._matching, self.deadline, window, self._first)
        return SearchResult([Place(0, row) for row in found], None if reached is None else Place(0, reached))

    @cached_property
    def _first(self) -> int:
        """The most rows that are read between two looks at the clock: few if huge cells are read."""
        return rows_in_blocks(self.batch.dataset, BLOCKS) if self.row_filter.reads_cells else FIRST_WINDOW

    def _matching(self, window: RowSet, way: int, count: int) -> list[int]:
        """Returns the rows of a window that pass the filter, in the order of the way; possibly more than `count`."""
        row_filter, low, high = self.row_filter, window.first, window.last
        if not row_filter:
            rows: Iterable[int] = window
        elif row_filter.state == RowState.PENDING:
            rows = self._pending(window)
        else:
            rows = self._results(low, high, way, count)
        return sorted((row for row in rows if row in window), reverse=way < 0)

    def _results(self, low: int, high: int, way: int, count: int) -> Iterable[int]:
        known = Result.objects.filter(batch_id=self.batch.pk, row__gte=low, row__lte=high)
        within = self.finder.rows(low, high) if self.finder else None
        if self.row_filter.cells and (within is None or within):
            rows = rows_with_values(self.batch.dataset, self.row_filter.cells, low, high)
            within = rows if within is None else within & rows
        if within is not None and not within:
            return ()
        if self.row_filter.text:
            return self._with_text(known, low, high, within)
        if within is not None and self.conditions is None:
            return within
        if within is not None:
            return self._those(known, within)
        known = known.filter(self.conditions or Q()).order_by("row" if way > 0 else "-row")
        return list(known.values_list("row", flat=True)[:count])

    def _with_text(self, known: QuerySet[Result], low: int, high: int, within: set[int] | None) -> set[int]:
        """Returns rows with the text in their answer, error or cells, which pass the rest of the filter too."""
        with_text = known.filter(self.conditions or Q(), texts(self.row_filter.text))
        in_results = set(with_text.values_list("row", flat=True))
        in_cells = cells_with(self.batch.dataset, self.row_filter.text, low, high) - in_results
        if within is not None:
            in_results, in_cells = in_results & within, in_cells & within
        return in_results | (in_cells if self.conditions is None else self._those(known, in_cells))

    def _those(self, known: QuerySet[Result], rows: set[int]) -> set[int]:
        """Returns those of some rows that meet the conditions."""
        found: set[int] = set()
        wanted, known = sorted(rows), known.filter(self.conditions or Q())
        if len(wanted) > 5 * SEVERAL:
            return rows & set(known.values_list("row", flat=True))
        for start in range(0, len(wanted), SEVERAL):
            found.update(known.filter(row__in=wanted[start : start + SEVERAL]).values_list("row", flat=True))
        return found

    def _pending(self, window: RowSet) -> Iterable[int]:
        wanted = self.row_filter
        own = RowFilter(state=wanted.state, text=wanted.text, cells=wanted.cells, sort=wanted.sort)
        if not self.batch.pending or wanted != own:  # a pending row has nothing else to filter by
            return ()
        low, high = window.first, window.last
        ended = Result.objects.filter(batch_id=self.batch.pk, state__in=_ENDED, row__gte=low, row__lte=high)
        if ended.count() >= len(window):  # counted in the index alone, and mostly full
            return ()
        rows = set(window) - set(ended.values_list("row", flat=True))
        if wanted.cells:
            rows &= rows_with_values(self.batch.dataset, wanted.cells, low, high)
        return rows & cells_with(self.batch.dataset, self.row_filter.text, low, high) if self.row_filter.text else rows

    # ---- along a measure ----

    def _along_order(self, order: Order, start: Place | None, way: int, count: int) -> SearchResult:
        """Walks along an order, window by window, and leaves out what does not pass the filter."""
        found: list[Place] = []
        size = FIRST_SORTED_WINDOW if self.row_filter else count
        while True:
            window = order.along(start, way, size)
            if not window:
                return SearchResult(found, as_of=order.as_of)
            rows = {place.row for place in window}
            rows = self.finder.among(sorted(rows)) if self.finder else rows
            if self.conditions is not None:
                rows = self._those(self._results_of(), rows)
            found += [place for place in window if place.row in rows]
            start = window[-1]
            if len(found) >= count or len(window) < size:
                return SearchResult(found[:count], as_of=order.as_of)
            if self.over:
                return SearchResult(found, start, as_of=order.as_of)
            size = min(2 * size, max(size, SORTED_WINDOW))

    def _sorted(self, rows: list[int], start: Place | None, way: int, count: int) -> SearchResult:
        """Sorts a few rows in memory."""
        places = self._places(rows)
        places.sort(reverse=way < 0)
        if start:
            places = [place for place in places if (place > start if way > 0 else place < start)]
        order = None if self.row_filter.measure in NUMBERS else self.order
        return SearchResult(places[:count], as_of=order.as_of if order else None)


def conditions(row_filter: RowFilter) -> Q | None:
    """Returns what the filter demands of a Result in the database. None if that is nothing."""
    wanted = Q()
    if row_filter.state and row_filter.state != RowState.PENDING:
        wanted &= Q(state=row_filter.state)
    if row_filter.cause:
        wanted &= Q(cause=row_filter.cause)
    if row_filter.fit:
        wanted &= _fit(row_filter.fit)
    if row_filter.finish:
        wanted &= Q(finish_reason=row_filter.finish)
    if row_filter.judged:
        wanted &= _judged(row_filter.judged)
    for name, between in row_filter.between.items():
        measure = NUMBERS[name]
        wanted &= _between(measure, between.low, between.high)
    return wanted or None


def _fit(fit: str) -> Q:
    if fit == "misfit":
        return ~Q(misfit="")
    if fit == "empty":
        return Q(cause__in=[NO_ANSWER, CUT_BEFORE_ANSWER])
    if fit == "copy":
        return Q(copy_of__isnull=False)
    return Q(misfit="", state=RowState.SUCCEEDED)


def _between(measure: Any, low: int, high: int | None) -> Q:
    least = Q(GreaterThanOrEqual(measure, low))
    return least if high is None else least & Q(LessThanOrEqual(measure, high))


def _judged(how: str) -> Q:
    judgements = Judgement.objects.filter(batch_id=OuterRef("batch_id"), row=OuterRef("row"))
    if how in {"good", "bad"}:
        judgements = judgements.filter(verdict=how)
    elif how == "corrected":
        judgements = judgements.filter(corrected__isnull=False)
    elif how == "comment":
        judgements = judgements.exclude(comment="")
    return Q(~Exists(judgements)) if how == "none" else Q(Exists(judgements))


def texts(text: str) -> Q:
    """Returns the condition for a text in an answer or error. SQLite only ignores the case of A to Z."""
    wanted = Q()
    forms = [text] if text.isascii() else [text, text.lower(), text.upper(), text.capitalize()]
    for form in dict.fromkeys(forms):
        wanted |= Q(answer__icontains=form) | Q(error__icontains=form)
    return wanted
