"""The rows of a batch in the order of a column, at any size.

The database sorts few results on request, and few texts are sorted in memory. The order of many is written down by a
worker (`order_steps`), in parts of several thousand rows: three indexes, written with every result, made storing
results a third slower (measured), and what stands in a dataset or in a field of an answer has no index at all.
"""

from __future__ import annotations

import re
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.db.models import Q, QuerySet

from batchsite.batches.models import Batch, Result
from batchsite.results.models import OrderedPart, RowOrder
from batchsite.results.sort_keys import NUMBERS, sort_value, texts_of

DIRECT = 20_000
"""Most results that the database sorts on request: some 20 ms."""
DIRECT_TEXTS = 1_000
"""Most results whose texts are read and sorted on request, and most rows of the dataset among which they may lie."""
SEVERAL = 900
"""Most rows that one query names."""
_PLACE = re.compile(r"(?:(?P<value>[0-9]{1,18})-)?(?P<row>[0-9]{1,15})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row stands in the order of the page.

    `value` is what it is sorted by; of texts, how many others come before; 0 if sorted by number.
    """

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

    def places(self, rows: Sequence[int]) -> list[Place]:
        """Returns the places of those of some rows that have one."""
        ...


def order_of(batch: Batch, key: str) -> Order | None:
    """Returns the best order available. None while a worker has yet to sort."""
    if is_direct(batch, key):
        return NumberOrder(batch, key) if key in NUMBERS else TextOrder(batch, key)
    order = RowOrder.objects.filter(batch=batch, key=key, edition__gt=0).first()
    if order is not None:
        return StoredOrder(order, None if order.fingerprint == fingerprint(batch) else order.as_of)
    return None


def is_direct(batch: Batch, key: str) -> bool:
    """Returns whether there are so few results that they are sorted whenever a page asks."""
    if key in NUMBERS:
        return batch.done <= DIRECT
    rows = batch.rows
    return batch.done <= DIRECT_TEXTS and rows.last - rows.first < 3 * DIRECT_TEXTS


def fingerprint(batch: Batch) -> str:
    """Changes when results did."""
    counts = (batch.succeeded, batch.failed, batch.cancelled, batch.missing, batch.skipped, batch.cost_ticks)
    return "-".join(map(str, counts))


def number_places(batch: Batch, key: str, rows: Sequence[int]) -> list[Place]:
    """Returns the places of those of some rows that have a result, in the order of a number."""
    known, places = measured(batch, key), list[Place]()
    for begin in range(0, len(rows), SEVERAL):
        some = known.filter(row__in=rows[begin : begin + SEVERAL])
        places += [Place(*pair) for pair in some.values_list("m", "row")]
    return places


def measured(batch: Batch, key: str) -> Any:
    """Returns the results with the number to sort by as `m`."""
    return Result.objects.filter(batch_id=batch.pk).annotate(m=NUMBERS[key])


class NumberOrder:
    """Sorted by the database on request."""

    as_of = None

    def __init__(self, batch: Batch, key: str) -> None:
        self.batch, self.key = batch, key

    def along(self, start: Place | None, way: int, count: int) -> list[Place]:
        known = measured(self.batch, self.key)
        if start and way > 0:
            known = known.filter(Q(m__gt=start.value) | Q(row__gt=start.row), m__gte=start.value)
        elif start:
            known = known.filter(Q(m__lt=start.value) | Q(row__lt=start.row), m__lte=start.value)
        order = ("m", "row") if way > 0 else ("-m", "-row")
        return [Place(*pair) for pair in known.order_by(*order).values_list("m", "row")[:count]]

    def places(self, rows: Sequence[int]) -> list[Place]:
        return number_places(self.batch, self.key, rows)


class TextOrder:
    """Sorted in memory on request."""

    as_of = None

    def __init__(self, batch: Batch, key: str) -> None:
        texts = texts_of(batch, key, batch.rows) if batch.total else ()
        self._sorted = OrderPage.of(ranked(sorted((sort_value(text), row) for row, text in texts)))

    def along(self, start: Place | None, way: int, count: int) -> list[Place]:
        return list(islice(self._sorted.beyond(start, way), count))

    def places(self, rows: Sequence[int]) -> list[Place]:
        known = dict(zip(self._sorted.rows, self._sorted.values, strict=True))
        return [Place(known[row], row) for row in rows if row in known]


class StoredOrder:
    """An order that a worker wrote down. Reads each part once."""

    def __init__(self, order: RowOrder, as_of: datetime | None) -> None:
        self.order, self.as_of = order, as_of
        self._heads: dict[bool, list[Place]] = {}
        self._read: dict[tuple[bool, int], OrderPage] = {}

    def along(self, start: Place | None, way: int, count: int) -> list[Place]:
        return list(islice(self._walk(start, way), count))

    def places(self, rows: Sequence[int]) -> list[Place]:
        if self.order.key in NUMBERS:
            return number_places(self.order.batch, self.order.key, rows)
        found = ((row, self._rank_of(row)) for row in rows)
        return [Place(rank, row) for row, rank in found if rank is not None]

    def _rank_of(self, row: int) -> int | None:
        """Returns where a text stands among all. Parts by row hold (row, rank), the others (rank, row)."""
        number = bisect_left(self._heads_of(by_row=True), Place(row + 1, 0)) - 1
        page = self._page(number, by_row=True) if number >= 0 else OrderPage.of(())
        at = bisect_left(page.values, row)
        return page.rows[at] if at < len(page.values) and page.values[at] == row else None

    def _walk(self, start: Place | None, way: int) -> Iterator[Place]:
        """Yields place by place, from part to part."""
        heads = self._heads_of(by_row=False)
        if way > 0:
            numbers = range(max(0, bisect_right(heads, start) - 1) if start else 0, len(heads))
        else:
            numbers = range(bisect_left(heads, start) if start else len(heads))[::-1]
        for number in numbers:
            yield from self._page(number, by_row=False).beyond(start, way)

    def _parts(self, *, by_row: bool) -> QuerySet[OrderedPart]:
        return OrderedPart.objects.filter(order=self.order, edition=self.order.edition, by_row=by_row)

    def _heads_of(self, *, by_row: bool) -> list[Place]:
        if by_row not in self._heads:
            heads = self._parts(by_row=by_row).order_by("number").values_list("value", "row")
            self._heads[by_row] = [Place(*head) for head in heads]
        return self._heads[by_row]

    def _page(self, number: int, *, by_row: bool) -> OrderPage:
        key = (by_row, number)
        if key not in self._read:
            data = self._parts(by_row=by_row).filter(number=number).values_list("data", flat=True).first()
            self._read[key] = unpacked(bytes(data)) if data else OrderPage.of(())
        return self._read[key]


class OrderPage(NamedTuple):
    """Values in ascending order, and the row of each; equal values in the order of their rows."""

    values: array[int]
    rows: array[int]

    @classmethod
    def of(cls, places: Iterable[tuple[int, int]]) -> OrderPage:
        pairs = [*places]
        return cls(array("q", (value for value, _ in pairs)), array("q", (row for _, row in pairs)))

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


def ranked(ascending: Iterable[tuple[Any, int]]) -> Iterator[tuple[int, int]]:
    """Yields (rank, row) of values that come in order: the first value has rank 0, an equal one the same."""
    rank, before = -1, object()
    for value, row in ascending:
        if value != before:
            rank, before = rank + 1, value
        yield rank, row


def packed(places: Sequence[tuple[int, int]]) -> bytes:
    """Packs all values, then all rows, eight bytes each."""
    page = OrderPage.of(places)
    return zlib.compress(page.values.tobytes() + page.rows.tobytes(), 1)


def unpacked(data: bytes) -> OrderPage:
    numbers = array("q", zlib.decompress(data))
    half = len(numbers) // 2
    return OrderPage(numbers[:half], numbers[half:])
