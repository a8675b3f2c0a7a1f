"""The rows of a batch in the order of a measure, at any size.

The database sorts few results on request. The order of many is stored by a worker once they are counted, in pages of
several thousand rows: three indexes, written with every result, made storing results a third slower (measured).
"""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.db.models import F, Q
from django.db.models.functions import Length

from batchsite.batches.models import Batch, Result
from batchsite.processes.leases import Claim
from batchsite.results.models import Ordered, Summary

DIRECT = 20_000
"""Most results that the database sorts on request: some 20 ms."""
PAGE_ROWS = 10_000
"""Rows in a page of a stored order."""
MEASURES: dict[str, Any] = {
    "cost": F("cost_ticks"),
    "tokens": F("prompt_tokens") + F("completion_tokens") + F("reasoning_tokens"),
    "length": Length("answer"),
}
_PLACE = re.compile(r"(?:(?P<value>[0-9]{1,18})-)?(?P<row>[0-9]{1,15})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row stands in the order of the page; `value` is what it is sorted by, 0 if by number."""

    value: int
    row: int

    def __str__(self) -> str:
        return f"{self.value}-{self.row}" if self.value else str(self.row)


def place_in(text: str | None) -> Place | None:
    """Returns the place that an address names. None if it names none."""
    found = _PLACE.fullmatch(text or "")
    return Place(int(found["value"] or 0), int(found["row"])) if found else None


class Order(Protocol):
    """The results of a batch in some order."""

    @property
    def as_of(self) -> datetime | None:
        """When they were sorted, if some may have arrived or changed since."""
        ...

    def along(self, start: Place | None, way: int, count: int) -> list[Place]:
        """Returns up to `count` places behind (`way` 1) or before (-1) a place that need not exist, nearest first."""
        ...


def order_of(batch: Batch, summary: Summary | None, measure: str, *, is_current: bool) -> Order | None:
    """Returns the best order available. None while a worker has yet to sort. `is_current`: no result has come since."""
    if batch.done <= DIRECT:
        return QueryOrder(batch, measure)
    edition = summary.ordered.get(measure) if summary else None
    if summary is None or edition is None:
        return None
    is_exact = is_current and edition == summary.edition
    return StoredOrder(summary, measure, edition, None if is_exact else summary.as_of)


class QueryOrder:
    """Sorted by the database on request."""

    as_of = None

    def __init__(self, batch: Batch, measure: str) -> None:
        self.batch, self.measure = batch, measure

    def along(self, start: Place | None, way: int, count: int) -> list[Place]:
        known: Any = Result.objects.filter(batch_id=self.batch.pk).annotate(m=MEASURES[self.measure])
        if start and way > 0:
            known = known.filter(Q(m__gt=start.value) | Q(row__gt=start.row), m__gte=start.value)
        elif start:
            known = known.filter(Q(m__lt=start.value) | Q(row__lt=start.row), m__lte=start.value)
        order = ("m", "row") if way > 0 else ("-m", "-row")
        return [Place(*pair) for pair in known.order_by(*order).values_list("m", "row")[:count]]


class StoredOrder:
    """An order that a worker stored. Reads each page once."""

    def __init__(self, summary: Summary, measure: str, edition: int, as_of: datetime | None) -> None:
        self.as_of = as_of
        self._pages = Ordered.objects.filter(summary=summary, edition=edition, measure=measure)
        self._heads = [Place(*head) for head in self._pages.order_by("number").values_list("value", "row")]
        self._read: dict[int, OrderPage] = {}

    def along(self, start: Place | None, way: int, count: int) -> list[Place]:
        return list(islice(self._walk(start, way), count))

    def _walk(self, start: Place | None, way: int) -> Iterator[Place]:
        """Yields place by place, from page to page."""
        if way > 0:
            numbers = range(max(0, bisect_right(self._heads, start) - 1) if start else 0, len(self._heads))
        else:
            numbers = range(bisect_left(self._heads, start) if start else len(self._heads))[::-1]
        for number in numbers:
            yield from self._page(number).beyond(start, way)

    def _page(self, number: int) -> OrderPage:
        if number not in self._read:
            data = self._pages.filter(number=number).values_list("data", flat=True).first()
            self._read[number] = unpacked(bytes(data)) if data else OrderPage(array("q"), array("q"))
        return self._read[number]


class OrderPage(NamedTuple):
    """Values in ascending order, and the row of each; equal values in the order of their rows."""

    values: array[int]
    rows: array[int]

    def beyond(self, start: Place | None, way: int) -> Iterator[Place]:
        """Yields the places behind or before a place, nearest first."""
        places = range(len(self.values))
        if start:
            low, high = bisect_left(self.values, start.value), bisect_right(self.values, start.value)
            find = bisect_right if way > 0 else bisect_left
            at = find(self.rows, start.row, low, high)
            places = places[at:] if way > 0 else places[:at]
        for place in places[::way]:
            yield Place(self.values[place], self.rows[place])


# ---- stored by a worker ------------------------------------------------------------------------


def packed(places: Sequence[tuple[int, int]]) -> bytes:
    """Packs all values, then all rows, eight bytes each."""
    values, rows = array("q", [value for value, _ in places]), array("q", [row for _, row in places])
    return zlib.compress(values.tobytes() + rows.tobytes(), 1)


def unpacked(data: bytes) -> OrderPage:
    numbers = array("q", zlib.decompress(data))
    half = len(numbers) // 2
    return OrderPage(numbers[:half], numbers[half:])


def missing(batch: Batch, summary: Summary) -> list[str]:
    """Returns the measures by which the counted rows are not sorted yet."""
    if batch.done <= DIRECT:
        return []
    return [measure for measure in MEASURES if summary.ordered.get(measure) != summary.edition]


def sort_next(claim: Claim[Summary]) -> bool:
    """Sorts the counted rows by one more measure, in seconds for a million. Returns whether there was one left."""
    summary = Summary.objects.select_related("batch").get(pk=claim.pk)
    measure = next(iter(missing(summary.batch, summary)), None)
    if measure is None:
        return False
    pages = [
        Ordered(summary=summary, edition=summary.edition, measure=measure, number=number, **_page_fields(places))
        for number, places in enumerate(_sorted(summary.batch, measure))
    ]
    with claim.locked() as fresh:
        Ordered.objects.filter(summary=fresh, measure=measure).delete()
        Ordered.objects.bulk_create(pages, batch_size=50)
        fresh.ordered = fresh.ordered | {measure: fresh.edition}
        fresh.save(update_fields=["ordered"])
    return True


def _page_fields(places: Sequence[tuple[int, int]]) -> dict[str, Any]:
    return {"value": places[0][0], "row": places[0][1], "data": packed(places)}


def _sorted(batch: Batch, measure: str) -> Iterator[list[tuple[int, int]]]:
    """Yields (value, row) of all results, a page at a time. The database sorts, in a file if memory is short."""
    ordered = Result.objects.filter(batch_id=batch.pk).annotate(m=MEASURES[measure]).order_by("m", "row")
    stream = ordered.values_list("m", "row").iterator(chunk_size=PAGE_ROWS)
    while page := list(islice(stream, PAGE_ROWS)):
        yield page


def sorted_rows(batch: Batch, measure: str, way: int) -> Iterator[int]:
    """Yields the rows of all results by a measure, upwards (`way` 1) or downwards (-1), for a file."""
    order = ("m", "row") if way > 0 else ("-m", "-row")
    ordered = Result.objects.filter(batch_id=batch.pk).annotate(m=MEASURES[measure]).order_by(*order)
    return ordered.values_list("row", flat=True).iterator(chunk_size=PAGE_ROWS)
