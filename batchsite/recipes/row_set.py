"""Which rows of a dataset: ascending spans of row numbers, both ends included. Pure.

A set is never written out row by row: a million rows are one span, and what is asked is found by bisection.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

Span = tuple[int, int]
_PART = re.compile(r"\s*(\d{1,12})\s*(?:[-–]\s*(\d{1,12})\s*)?")
MOST_SPANS = 20_000


class RowSet:
    """Rows, as spans that neither touch nor overlap."""

    __slots__ = ("_before", "_firsts", "spans")

    def __init__(self, spans: Iterable[Sequence[int]]) -> None:
        self.spans: tuple[Span, ...] = tuple(joined(spans))
        self._firsts = [first for first, _ in self.spans]
        self._before = [0, *accumulate(last - first + 1 for first, last in self.spans)]
        # rows in all spans before this one

    def __len__(self) -> int:
        return self._before[-1]

    def __contains__(self, row: int) -> bool:
        place = bisect_right(self._firsts, row) - 1
        return place >= 0 and row <= self.spans[place][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.spans:
            yield from range(first, last + 1)

    @property
    def first(self) -> int:
        """The first row, 0 where there is none."""
        return self.spans[0][0] if self.spans else 0

    @property
    def last(self) -> int:
        """The last row, 0 where there is none."""
        return self.spans[-1][1] if self.spans else 0

    @property
    def is_whole(self) -> bool:
        """Whether it is rows 1 to n, without gaps."""
        return len(self.spans) == 1 and self.first == 1

    def rank(self, row: int) -> int:
        """How many of the rows stand before `row`, which need not be one of them."""
        place = bisect_left(self._firsts, row) - 1
        if place < 0:
            return 0
        first, last = self.spans[place]
        return self._before[place] + min(row - 1, last) - first + 1

    def within(self, low: int, high: int) -> RowSet:
        """Those of the rows that lie from `low` to `high`."""
        begin = max(0, bisect_right(self._firsts, low) - 1)
        end = bisect_right(self._firsts, high)
        cut = ((max(first, low), min(last, high)) for first, last in self.spans[begin:end])
        return RowSet((first, last) for first, last in cut if first <= last)

    def places(self, start: int, stop: int) -> RowSet:
        """The rows at the places `start` to `stop` - 1 in order, counted from 0."""
        start, stop = max(0, start), min(len(self), stop)
        if start >= stop:
            return RowSet(())
        return self.within(self._at(start), self._at(stop - 1))

    def _at(self, place: int) -> int:
        span = bisect_right(self._before, place) - 1
        return self.spans[span][0] + place - self._before[span]

    def after(self, row: int, count: int) -> RowSet:
        """The next `count` rows behind `row`."""
        rank = self.rank(row + 1)
        return self.places(rank, rank + count)

    def before(self, row: int, count: int) -> RowSet:
        """The last `count` rows before `row`."""
        rank = self.rank(row)
        return self.places(rank - count, rank)

    def pieces(self, count: int) -> Iterator[RowSet]:
        """The rows in pieces of `count`, the last one shorter."""
        return (self.places(start, start + count) for start in range(0, len(self), count))

    def without(self, rows: Iterable[int]) -> RowSet:
        """The rows but some, given in ascending order."""
        spans: list[list[int]] = [list(span) for span in self.spans]
        left: list[list[int]] = []
        gone = [row for row in rows if row in self]
        for first, last in spans:
            taken = gone[bisect_left(gone, first) : bisect_right(gone, last)]
            edges = [first - 1, *taken, last + 1]
            left += [[low + 1, high - 1] for low, high in pairwise(edges) if high - low > 1]
        return RowSet(left)

    def as_lists(self) -> list[list[int]]:
        """As JSON keeps them."""
        return [[first, last] for first, last in self.spans]

    def __str__(self) -> str:
        """`1–100, 205`."""
        return ", ".join(f"{first:,}" if first == last else f"{first:,}–{last:,}" for first, last in self.spans)


def joined(spans: Iterable[Sequence[int]]) -> list[Span]:
    """Spans in ascending order; those that touch or overlap are one."""
    found: list[Span] = []
    for first, last in sorted((first, last) for first, last in spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def parse_rows(text: str, row_count: int) -> RowSet:
    """`1-100, 205` as rows of a dataset with so many rows. Raises ValueError, in words."""
    spans: list[Span] = []
    for part in filter(str.strip, text.split(",")):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"“{part.strip()[:40]}” is no row: write numbers and ranges, such as 1-100, 205.")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last:
            raise ValueError(f"“{part.strip()}” begins behind its end.")
        if not 1 <= first <= last <= row_count:
            raise ValueError(f"“{part.strip()}”: the dataset has rows 1 to {row_count:,}.")
        spans.append((first, last))
    if len(spans) > MOST_SPANS:
        raise ValueError(f"{len(spans):,} ranges are too many: {MOST_SPANS:,} at most.")
    return RowSet(spans)
