"""A scan through rows, window by window, until enough are found or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable

from batchsite.recipes.row_set import RowSet

BUDGET = 0.03
"""Seconds that one scan may take. The page around it takes about as long, and both together less than 100 ms."""
FIRST_WINDOW, MOST_WINDOW = 4_000, 160_000
Matching = Callable[[RowSet, int, int], list[int]]
"""(window, way, rows still wanted) -> the matching rows of the window, in the order of the way."""


def scan(
    rows: RowSet,
    start: int | None,
    way: int,
    count: int,
    matching: Matching,
    deadline: float,
    window: int = 0,
    first: int = FIRST_WINDOW,
) -> tuple[list[int], int | None]:
    """Returns up to `count` rows behind (`way` 1) or before (-1) row `start`, and the row where the scan stopped.

    `first` is the most rows of the first window. The row is None if the scan came to the end. Windows grow while they
    take little time: with an index, a million rows are a handful of windows.
    """
    at = start if start is not None else 0 if way > 0 else rows.last + 1
    window = window or min(FIRST_WINDOW, first)
    found: list[int] = []
    while True:
        part = rows.after(at, window) if way > 0 else rows.before(at, window)
        if not len(part):
            return found, None
        began = time.monotonic()
        found += matching(part, way, count - len(found))
        at = part.last if way > 0 else part.first
        if len(found) >= count:
            return found[:count], None
        if at == (rows.last if way > 0 else rows.first):
            return found, None
        now = time.monotonic()
        if now >= deadline:
            return found, at
        if now - began < BUDGET / 10:
            window = min(2 * window, MOST_WINDOW)
