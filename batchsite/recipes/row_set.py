"""Sets of rows of a dataset, as ascending spans of row numbers with both ends included. Pure.

A set is never expanded row by row: a million rows are one span, and look-ups bisect.
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
        """The first row; 0 if the set is empty."""
        return self.spans[0][0] if self.spans else 0

    @property
    def last(self) -> int:
        """The last row; 0 if the set is empty."""
        return self.spans[-1][1] if self.spans else 0

    def rank(self, row: int) -> int:
        """Returns how many rows of the set come before `row`, which need not be part of it."""
        place = bisect_left(self._firsts, row) - 1
        if place < 0:
            return 0
        first, last = self.spans[place]
        return self._before[place] + min(row - 1, last) - first + 1

    def within(self, low: int, high: int) -> RowSet:
        """Returns the rows from `low` to `high`."""
        begin = max(0, bisect_right(self._firsts, low) - 1)
        end = bisect_right(self._firsts, high)
        cut = ((max(first, low), min(last, high)) for first, last in self.spans[begin:end])
        return RowSet((first, last) for first, last in cut if first <= last)

    def places(self, start: int, stop: int) -> RowSet:
        """Returns the rows at the positions `start` to `stop` - 1, counted from 0."""
        start, stop = max(0, start), min(len(self), stop)
        if start >= stop:
            return RowSet(())
        return self.within(self._at(start), self._at(stop - 1))

    def _at(self, place: int) -> int:
        span = bisect_right(self._before, place) - 1
        return self.spans[span][0] + place - self._before[span]

    def after(self, row: int, count: int) -> RowSet:
        """Returns the next `count` rows after `row`."""
        rank = self.rank(row + 1)
        return self.places(rank, rank + count)

    def before(self, row: int, count: int) -> RowSet:
        """Returns the last `count` rows before `row`."""
        rank = self.rank(row)
        return self.places(rank - count, rank)

    def pieces(self, count: int) -> Iterator[RowSet]:
        """Yields the rows in pieces of `count`, the last one shorter."""
        return (self.places(start, start + count) for start in range(0, len(self), count))

    def without(self, rows: Iterable[int]) -> RowSet:
        """Returns the set without some rows, which must be ascending."""
        spans: list[list[int]] = [list(span) for span in self.spans]
        left: list[list[int]] = []
        gone = [row for row in rows if row in self]
        for first, last in spans:
            taken = gone[bisect_left(gone, first) : bisect_right(gone, last)]
            edges = [first - 1, *taken, last + 1]
            left += [[low + 1, high - 1] for low, high in pairwise(edges) if high - low > 1]
        return RowSet(left)

    def as_lists(self) -> list[list[int]]:
        """Returns the spans as they are stored in JSON."""
        return [[first, last] for first, last in self.spans]

    def __str__(self) -> str:
        """`1–100, 205`, for people."""
        return ", ".join(f"{first:,}" if first == last else f"{first:,}–{last:,}" for first, last in self.spans)


def joined(spans: Iterable[Sequence[int]]) -> list[Span]:
    """Returns spans in ascending order, merged if they touch or overlap."""
    merged: list[Span] = []
    for first, last in sorted((first, last) for first, last in spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def parse_rows(text: str, row_count: int) -> RowSet:
    """Parses `1-100, 205` as rows of a dataset with `row_count` rows. Raises ValueError with a sentence."""
    spans: list[Span] = []
    for part in filter(str.strip, text.split(",")):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"“{part.strip()[:40]}” is not a row: write numbers and ranges, such as 1-100, 205.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise ValueError(f"“{part.strip()}” starts after its end.")
        if not 1 <= first <= last <= row_count:
            raise ValueError(f"“{part.strip()}”: the dataset has rows 1 to {row_count:,}.")
        spans.append((first, last))
        if len(spans) > MOST_SPANS:
            raise ValueError(f"These are too many ranges: {MOST_SPANS:,} at most.")
    return RowSet(spans)
