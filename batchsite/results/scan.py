"""Walking through rows in windows until enough are found or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable

from batchsite.recipes.row_set import RowSet

BUDGET = 0.03
"""Seconds that one search may take. The page around it takes as long again, and both together less than 100 ms."""
FIRST_WINDOW, MOST_WINDOW = 4_000, 160_000
Matching = Callable[[RowSet, int, int], list[int]]
"""(window, way, how many more are wanted) -> the rows of the window that are wanted, in the order of the way."""


def walk(
    rows: RowSet, start: int | None, way: int, count: int, matching: Matching, deadline: float, window: int = 0
) -> tuple[list[int], int | None]:
    """Up to `count` rows behind (`way` 1) or before (-1) row `start`, and the row where the walk was given up.

    Windows grow while they take little time: where an index answers, a million rows are a handful of them.
    """
    at = start if start is not None else 0 if way > 0 else rows.last + 1
    window = window or FIRST_WINDOW
    found: list[int] = []
    while True:
        some = rows.after(at, window) if way > 0 else rows.before(at, window)
        if not len(some):
            return found, None
        began = time.monotonic()
        found += matching(some, way, count - len(found))
        at = some.last if way > 0 else some.first
        if len(found) >= count:
            return found[:count], None
        if at == (rows.last if way > 0 else rows.first):
            return found, None
        now = time.monotonic()
        if now >= deadline:
            return found, at
        if now - began < BUDGET / 10:
            window = min(2 * window, MOST_WINDOW)
