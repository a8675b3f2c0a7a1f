"""Rows of a dataset by a text or a value in their cells: block by block, for a limited time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from isal import isal_zlib

from batchsite.datasets.block_reach import within_reach
from batchsite.datasets.models import BLOCK_ROWS, Dataset
from batchsite.recipes.row_set import RowSet

BUDGET = 0.03
"""Seconds that one request searches; the page around it takes about as long."""
BLOCKS = 10
WINDOW = BLOCKS * BLOCK_ROWS
"""Rows that are searched between two looks at the clock."""


@dataclass(frozen=True)
class FoundRows:
    """Rows with a text, ascending, and where the search stopped."""

    rows: list[int]
    reached: int | None
    """The last row that was read, if there are more; None at the end."""


def find_rows(dataset: Dataset, text: str, first: int, most: int) -> FoundRows:
    """Returns up to `most` rows with the text from row `first` on, as far as one request may search."""
    deadline = time.monotonic() + BUDGET
    rows: list[int] = []
    while first <= dataset.row_count:
        last = within_reach(dataset, RowSet([(first, min(first + WINDOW - 1, dataset.row_count))]), BLOCKS).last
        rows += sorted(cells_with(dataset, text, first, last))
        if len(rows) > most:
            return FoundRows(rows[:most], rows[most - 1])
        if last < dataset.row_count and (time.monotonic() >= deadline or len(rows) == most):
            return FoundRows(rows, last)
        first = last + 1
    return FoundRows(rows, None)


def cells_with(dataset: Dataset, text: str, low: int, high: int) -> set[int]:
    """Returns those of rows `low` to `high` with a text in their cells, ignoring case.

    A block is searched as a whole first, and only parsed if it contains the text.
    """
    wanted, found = text.casefold(), set()
    in_json = orjson.dumps(text).decode()[1:-1].casefold()
    for first, raw in _blocks(dataset, low, high):
        if in_json not in raw.decode().casefold():
            continue
        for row, cells in enumerate(orjson.loads(raw), first):
            if low <= row <= high and any(wanted in cell.casefold() for cell in cells):
                found.add(row)
    return found


def rows_with_values(dataset: Dataset, values: Sequence[tuple[str, str]], low: int, high: int) -> set[int]:
    """Returns those of rows `low` to `high` with these values, (column, value); none if there is no such column."""
    if any(column not in dataset.columns for column, _ in values):
        return set()
    wanted = [(dataset.columns.index(column), value) for column, value in values]
    in_json = [orjson.dumps(value) for _, value in wanted]
    found = set()
    for first, raw in _blocks(dataset, low, high):
        if any(value not in raw for value in in_json):
            continue
        for row, cells in enumerate(orjson.loads(raw), first):
            if low <= row <= high and all(cells[place] == value for place, value in wanted):
                found.add(row)
    return found


def _blocks(dataset: Dataset, low: int, high: int) -> Iterator[tuple[int, bytes]]:
    """Yields (first row, JSON) of the blocks with rows `low` to `high`."""
    blocks = dataset.blocks.filter(first__gt=low - BLOCK_ROWS, first__lte=high).order_by("first")
    for first, count, data in blocks.values_list("first", "count", "data").iterator(chunk_size=20):
        if first + count > low:
            yield first, isal_zlib.decompress(data)
