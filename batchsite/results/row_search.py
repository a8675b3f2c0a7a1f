"""Finds the rows that an address asks for, a page at a time, however many there are.

Rows are looked through window by window, in the order in which they are shown, until a page is full or the time
is over; then the search says how far it came, and goes on from there when it is asked to. Nothing is counted.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.recipes.row_set import RowSet
from batchsite.results.models import Judgement, Summary
from batchsite.results.row_filter import Asked
from batchsite.results.row_orders import MEASURES, Order, Place, order_of
from batchsite.results.scan import BUDGET, walk
from batchsite.results.summaries import is_current, last_row
from batchsite.results.value_codes import Finder

FIRST_SORTED_WINDOW, SORTED_WINDOW = 250, 4_000
SORTED_BUDGET = 0.25
"""Seconds in which a text is looked for everywhere, where what is found shall be sorted."""
SORTABLE = 2_000
"""So many rows are sorted in memory; more are walked along an index."""
SEVERAL = 900
_ENDED = [state for state in RowState if state != RowState.PENDING]


@dataclass(frozen=True)
class Found:
    """Rows in the order in which they were looked for, and the place where the search was given up."""

    places: list[Place]
    reached: Place | None = None
    unsorted: str = ""
    """Why they come by their number, not by what was asked: `many`, too many to sort; `soon`, a worker sorts them."""
    as_of: datetime | None = None
    """When they were sorted, where some may have come since."""

    @property
    def rows(self) -> list[int]:
        return [place.row for place in self.places]


class Search:
    """A search in one batch."""

    def __init__(self, batch: Batch, asked: Asked, summary: Summary | None, seconds: float = BUDGET) -> None:
        self.batch, self.asked = batch, asked
        self.all_rows = batch.rows
        self.finder = Finder(batch, summary, asked) if asked.is_coded else None
        self.conditions = conditions(asked)
        self.summary, self.seconds = summary, seconds
        self.deadline = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.deadline

    def find(self, start: Place | None, step: int, count: int) -> Found:
        """Up to `count` rows behind (step 1) or before (step -1) a place, nearest first."""
        asked = self.asked
        self.deadline = time.monotonic() + self.seconds
        if not asked.measure or asked.state == RowState.PENDING:
            return self._by_row(start, step * (asked.direction if not asked.measure else 1), count)
        if self.finder and self.finder.is_fast and not asked.text:
            if self.finder.at_most(1, last_row(self.batch)) <= SORTABLE:
                within = self.finder.rows(1, last_row(self.batch))
                few = sorted(within if self.conditions is None else self._those(self._results_of(), within))
                return Found(self._sorted(few, start, step * asked.direction, count))
        elif asked:
            half = self.deadline - time.monotonic()
            self.deadline += SORTED_BUDGET if asked.text else -half / 2
            some = self._by_row(None, 1, SORTABLE + 1)
            if some.reached is None and len(some.places) <= SORTABLE:
                return Found(self._sorted(some.rows, start, step * asked.direction, count))
            self.deadline = time.monotonic() + half / 2
        if asked.text or (self.finder and not self.finder.is_fast):
            return self._unsorted(start, step, count, "many")
        if self.order is None:
            return self._unsorted(start, step, count, "soon")
        return self._sifted(self.order, start, step * asked.direction, count)

    def among(self, some: RowSet) -> list[int]:
        """Those of some rows of the batch that are asked for, ascending, however long it takes."""
        return self._matching(some, 1, some.last - some.first + 1)

    @cached_property
    def order(self) -> Order | None:
        """The results in the order of the measure, where they are sorted."""
        current = self.summary is not None and is_current(self.batch, self.summary)
        return order_of(self.batch, self.summary, self.asked.measure, is_current=current)

    def _results_of(self) -> QuerySet[Result]:
        return Result.objects.filter(batch_id=self.batch.pk)

    def _unsorted(self, start: Place | None, step: int, count: int, why: str) -> Found:
        """By number where sorting would mean to read everything first."""
        found = self._by_row(start, step, count)
        return Found(found.places, found.reached, unsorted=why)

    def place_of(self, row: int) -> Place | None:
        """Where a row stands in the order that is asked for; None where it has no place in it."""
        if not self.asked.measure or self.asked.state == RowState.PENDING:
            return Place(0, row)
        known = Result.objects.filter(batch_id=self.batch.pk, row=row)
        pair = known.annotate(m=MEASURES[self.asked.measure]).values_list("m", "row").first()
        return Place(*pair) if pair else None

    # ---- by row number ----

    def _by_row(self, start: Place | None, way: int, count: int) -> Found:
        """Along the row numbers, `way` 1 upwards, -1 downwards."""
        window = 0 if self.asked else count
        begin = start.row if start else None
        found, reached = walk(self.all_rows, begin, way, count, self._matching, self.deadline, window)
        return Found([Place(0, row) for row in found], None if reached is None else Place(0, reached))

    def _matching(self, some: RowSet, way: int, count: int) -> list[int]:
        """Those of a window of rows that are wanted, in the order of the way; maybe more than `count`."""
        asked, low, high = self.asked, some.first, some.last
        if not asked:
            rows: Iterable[int] = some
        elif asked.state == RowState.PENDING:
            rows = self._pending(some)
        else:
            rows = self._results(low, high, way, count)
        return sorted((row for row in rows if row in some), reverse=way < 0)

    def _results(self, low: int, high: int, way: int, count: int) -> Iterable[int]:
        known = Result.objects.filter(batch_id=self.batch.pk, row__gte=low, row__lte=high)
        within = self.finder.rows(low, high) if self.finder else None
        if within is not None and not within:
            return ()
        if self.asked.text:
            return self._with_text(known, low, high, within)
        if within is not None and self.conditions is None:
            return within
        if within is not None:
            return self._those(known, within)
        known = known.filter(self.conditions or Q()).order_by("row" if way > 0 else "-row")
        return list(known.values_list("row", flat=True)[:count])

    def _with_text(self, known: QuerySet[Result], low: int, high: int, within: set[int] | None) -> set[int]:
        """Rows in whose answer, error or cells the text stands, and which are else as asked."""
        said = set(known.filter(self.conditions or Q(), texts(self.asked.text)).values_list("row", flat=True))
        rest = cells_with(self.batch, self.asked.text, low, high) - said
        if within is not None:
            said, rest = said & within, rest & within
        return said | (rest if self.conditions is None else self._those(known, rest))

    def _those(self, known: QuerySet[Result], rows: set[int]) -> set[int]:
        """Those of some rows that meet the conditions."""
        found: set[int] = set()
        wanted, known = sorted(rows), known.filter(self.conditions or Q())
        if len(wanted) > 5 * SEVERAL:
            return rows & set(known.values_list("row", flat=True))
        for start in range(0, len(wanted), SEVERAL):
            found.update(known.filter(row__in=wanted[start : start + SEVERAL]).values_list("row", flat=True))
        return found

    def _pending(self, some: RowSet) -> Iterable[int]:
        asked = self.asked
        if not self.batch.pending or asked != Asked(state=asked.state, text=asked.text, sort=asked.sort):
            # a pending row has nothing else that could be asked for
            return ()
        low, high = some.first, some.last
        ended = Result.objects.filter(batch_id=self.batch.pk, state__in=_ENDED, row__gte=low, row__lte=high)
        if ended.count() >= len(some):  # counted in the index alone, and mostly full
            return ()
        rows = set(some) - set(ended.values_list("row", flat=True))
        return rows & cells_with(self.batch, self.asked.text, low, high) if self.asked.text else rows

    # ---- along a measure ----

    def _sifted(self, order: Order, start: Place | None, way: int, count: int) -> Found:
        """Along an order, window by window, leaving out what is not wanted."""
        found: list[Place] = []
        size = FIRST_SORTED_WINDOW if self.asked else count
        while True:
            window = order.along(start, way, size)
            if not window:
                return Found(found, as_of=order.as_of)
            rows = {place.row for place in window}
            rows = self.finder.among(sorted(rows)) if self.finder else rows
            if self.conditions is not None:
                rows = self._those(self._results_of(), rows)
            found += [place for place in window if place.row in rows]
            start = window[-1]
            if len(found) >= count or len(window) < size:
                return Found(found[:count], as_of=order.as_of)
            if self.over:
                return Found(found, start, as_of=order.as_of)
            size = min(2 * size, max(size, SORTED_WINDOW))

    def _sorted(self, rows: list[int], start: Place | None, way: int, count: int) -> list[Place]:
        """A few rows, sorted in memory."""
        places: list[Place] = []
        known = Result.objects.filter(batch_id=self.batch.pk).annotate(m=MEASURES[self.asked.measure])
        for begin in range(0, len(rows), SEVERAL):
            some = known.filter(row__in=rows[begin : begin + SEVERAL]).values_list("m", "row")
            places += [Place(*pair) for pair in some]
        places.sort(reverse=way < 0)
        if start:
            places = [place for place in places if (place > start if way > 0 else place < start)]
        return places[:count]


def conditions(asked: Asked) -> Q | None:
    """What the database is asked of a Result; None where that is nothing."""
    wanted = Q()
    if asked.state and asked.state != RowState.PENDING:
        wanted &= Q(state=asked.state)
    if asked.cause:
        wanted &= Q(cause=asked.cause)
    if asked.fit:
        wanted &= ~Q(misfit="") if asked.fit == "misfit" else Q(misfit="", state=RowState.SUCCEEDED)
    if asked.finish:
        wanted &= Q(finish_reason=asked.finish)
    if asked.judged:
        wanted &= _judged(asked.judged)
    for name, between in asked.between.items():
        measure = MEASURES[name]
        wanted &= _between(measure, between.low, between.high)
    return wanted or None


def _between(measure: Any, low: int, high: int | None) -> Q:
    found = Q(GreaterThanOrEqual(measure, low))
    return found if high is None else found & Q(LessThanOrEqual(measure, high))


def _judged(how: str) -> Q:
    said = Judgement.objects.filter(batch_id=OuterRef("batch_id"), row=OuterRef("row"))
    if how in {"good", "bad"}:
        said = said.filter(verdict=how)
    elif how == "corrected":
        said = said.filter(corrected__isnull=False)
    elif how == "comment":
        said = said.exclude(comment="")
    return Q(~Exists(said)) if how == "none" else Q(Exists(said))


def texts(text: str) -> Q:
    """Results in whose answer or error a text stands. SQLite knows upper and lower case of A to Z only."""
    wanted = Q()
    for one in dict.fromkeys([text] if text.isascii() else [text, text.lower(), text.upper(), text.capitalize()]):
        wanted |= Q(answer__icontains=one) | Q(error__icontains=one)
    return wanted


def cells_with(batch: Batch, text: str, low: int, high: int) -> set[int]:
    """Those of rows `low`..`high` of the dataset in whose cells a text stands, upper and lower case alike.

    A block is looked at as a whole first: it is only taken apart where the text stands in it somewhere.
    """
    wanted, found = text.casefold(), set()
    in_json = orjson.dumps(text).decode()[1:-1].casefold()
    blocks = batch.dataset.blocks.filter(first__gt=low - BLOCK_SPAN, first__lte=high).order_by("first")
    for first, count, data in blocks.values_list("first", "count", "data").iterator(chunk_size=20):
        if first + count <= low:
            continue
        raw = zlib.decompress(data)
        if in_json not in raw.decode().casefold():
            continue
        for row, cells in enumerate(orjson.loads(raw), first):
            if low <= row <= high and any(wanted in cell.casefold() for cell in cells):
                found.add(row)
    return found


BLOCK_SPAN = 500
"""No block holds more rows (datasets.models.BLOCK_ROWS)."""
