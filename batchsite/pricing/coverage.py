"""How many cells of each column are filled, and which rows have gaps in the columns that a prompt uses.

Counts come from the profile that the import made, so they cover every row. What a profile cannot answer (how many rows
lack one of several columns, or lack one among chosen rows) is counted on a bounded number of rows and given as bounds
beyond them. A ready dataset never changes, so measurements are cached.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.core.cache import cache

from batchsite.datasets.block_reach import MOST_BLOCKS, within_reach
from batchsite.datasets.models import Dataset, Row
from batchsite.recipes.row_set import RowSet
from batchsite.recipes.shape_fields import LONGEST_VALUE, MOST_VALUES

LOOKED_AT = 20_000
"""Most rows read during a request, which takes about 0.1 s."""
EMPTY_SHOWN = 5
"""Rows with a gap that are listed."""
LABELS_SOUGHT = 100
"""Most columns whose distinct values are counted; the values are kept in memory meanwhile."""
CACHE_SECONDS = 24 * 3600
_T = TypeVar("_T")


@dataclass(frozen=True)
class ColumnCoverage:
    """One column, and in how many of the inspected rows it is not blank."""

    name: str
    filled: int
    looked_at: int
    mean: float
    """Average characters of a filled cell."""
    distinct: int | None = None
    """Number of distinct values. None if they are too many or too long to choose from."""

    @property
    def empty(self) -> int:
        return self.looked_at - self.filled

    @property
    def repeats(self) -> bool:
        """Whether the column looks like labels: few values that repeat."""
        return self.distinct is not None and 2 <= self.distinct <= MOST_VALUES and self.distinct * 2 <= self.filled

    @property
    def placeholder(self) -> str:
        return f"{{{{{self.name}}}}}"

    @property
    def words(self) -> str:
        """“980 of 1,000”."""
        return f"{self.filled:,} of {self.looked_at:,}"


@dataclass(frozen=True)
class Coverage:
    """The coverage of all columns of a dataset."""

    columns: tuple[ColumnCoverage, ...]
    rows: int
    looked_at: int

    @property
    def scope(self) -> str:
        """Which rows the figures are about. Empty if they cover the whole dataset."""
        return f"of the first {self.looked_at:,} rows" if self.looked_at < self.rows else ""

    def named(self, name: str) -> ColumnCoverage | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Gaps:
    """Rows in which a column that the prompt uses is blank, and the rows with the longest and shortest cells."""

    least: int
    most: int
    """Bounds of the number of rows with a gap; equal if the number is known."""
    first: tuple[int, ...]
    """The first rows with a gap among those that were inspected."""
    longest: int
    shortest: int
    """Numbers of the rows without a gap whose used cells have the most and the fewest characters in total."""
    looked_at: int
    rows: int

    @property
    def count(self) -> str:
        """“40”, or “300 to 450”."""
        return f"{self.least:,}" if self.least == self.most else f"{self.least:,} to {self.most:,}"

    @property
    def scope(self) -> str:
        """Which rows `longest` and `shortest` are about. Empty if they cover all rows."""
        return f"of the first {self.looked_at:,} rows" if self.looked_at < self.rows else ""


def coverage(dataset: Dataset) -> Coverage:
    """Returns how many cells of each column are filled."""
    profiled = _profiled(dataset)
    if profiled is None:
        return _remembered(f"columns {_key(dataset)}", lambda: _measure(dataset))
    count = dataset.row_count
    columns = (_column(profiled[name], count) for name in dataset.columns)
    return Coverage(tuple(columns), count, count)


def _column(profiled: Mapping[str, Any], rows: int) -> ColumnCoverage:
    """The coverage of a column, from its profile."""
    short = profiled["longest"] is None or profiled["longest"]["length"] <= LONGEST_VALUE
    few = profiled["distinct_known"] and profiled["distinct"] <= MOST_VALUES
    distinct = profiled["distinct"] if few and short else None
    return ColumnCoverage(profiled["name"], rows - profiled["blank"], rows, profiled["mean"], distinct)


def gaps(dataset: Dataset, columns: Sequence[int], rows: RowSet) -> Gaps:
    """Returns the gaps of these rows in the columns with these indexes."""
    used, sample = sorted(set(columns)), within_reach(dataset, rows.places(0, LOOKED_AT))
    spans = hashlib.sha256(repr(sample.spans).encode()).hexdigest()[:20]
    measured = _remembered(f"gaps {_key(dataset)} {used} {spans}", lambda: _find_gaps(dataset, used, sample))
    whole, known = coverage(dataset), _profiled(dataset)
    if len(sample) == len(rows) or known is None:
        return replace(measured, most=measured.most + len(rows) - len(sample), rows=len(rows))
    empty = [whole.columns[number].empty for number in used]
    least, first = measured.least, measured.first
    if len(rows) == dataset.row_count:
        least = max(least, *empty)
        blanks = [known[whole.columns[number].name]["first_blank"] for number in used]
        first = first or tuple(sorted(filter(None, blanks))[:1])
    most = min(sum(empty), measured.least + len(rows) - len(sample))
    return replace(measured, least=least, most=most, first=first, rows=len(rows))


def values_of(dataset: Dataset, column: str) -> tuple[list[str], str]:
    """Returns (distinct values of a column, sorted; which rows they come from, empty for all).

    Uses the profile if it lists all values, else a bounded number of rows. Raises ValueError, with a sentence, if there
    are no values or too many.
    """
    index = dataset.columns.index(column)
    profiled = (_profiled(dataset) or {}).get(column, {})
    listed = {value.strip() for value, _ in profiled.get("values", ())} - {""}
    if listed:
        return sorted(listed), ""
    last = within_reach(dataset, RowSet([(1, min(dataset.row_count, LOOKED_AT * 5))]), 5 * MOST_BLOCKS).last
    distinct: set[str] = set()
    for _, cells in dataset.rows(1, last):
        distinct.add(cells[index].strip())
        if len(distinct) > MOST_VALUES:
            raise ValueError(f"“{column}” has more than {MOST_VALUES} unique values: too many to choose from.")
    distinct.discard("")
    if not distinct:
        raise ValueError(f"“{column}” is empty.")
    return sorted(distinct), f"of the first {last:,} rows" if last < dataset.row_count else ""


def _profiled(dataset: Dataset) -> dict[str, dict[str, Any]] | None:
    """Returns the profile of each column by name. None if the import stored none that is usable here."""
    columns = dataset.profile.get("columns") or []
    known = {str(column["name"]): column for column in columns if "blank" in column}
    return known if known.keys() == set(dataset.columns) else None


def _measure(dataset: Dataset) -> Coverage:
    filled: Counter[int] = Counter()
    lengths: Counter[int] = Counter()
    values: dict[int, set[str]] = {number: set() for number in range(min(LABELS_SOUGHT, len(dataset.columns)))}
    last = within_reach(dataset, RowSet([(1, min(dataset.row_count, LOOKED_AT))])).last
    for _, cells in dataset.rows(1, last):
        for number, cell in enumerate(cells):
            if cell and not cell.isspace():
                filled[number] += 1
                lengths[number] += len(cell)
                _note(values, number, cell)
    columns = (
        ColumnCoverage(
            name,
            filled[number],
            last,
            lengths[number] / max(1, filled[number]),
            len(values[number]) if number in values else None,
        )
        for number, name in enumerate(dataset.columns)
    )
    return Coverage(tuple(columns), dataset.row_count, last)


def _note(values: dict[int, set[str]], number: int, cell: str) -> None:
    """Adds a value of a column; stops tracking the column if its values are too many or too long."""
    distinct = values.get(number)
    if distinct is None:
        return
    distinct.add(cell)
    if len(distinct) > MOST_VALUES or len(cell) > LONGEST_VALUE:
        del values[number]


def _find_gaps(dataset: Dataset, columns: Sequence[int], rows: RowSet) -> Gaps:
    empty: list[int] = []
    count, longest, shortest = 0, (-1, rows.first), (-1, rows.first)
    for row, size in _sizes(dataset, columns, rows):
        if size is None:
            count += 1
            if len(empty) < EMPTY_SHOWN:
                empty.append(row)
            continue
        longest = (size, row) if size > longest[0] else longest
        shortest = (size, row) if shortest[0] < 0 or size < shortest[0] else shortest
    return Gaps(count, count, tuple(empty), longest[1], shortest[1], len(rows), len(rows))


def _sizes(dataset: Dataset, columns: Sequence[int], rows: RowSet) -> Iterator[tuple[int, int | None]]:
    """Yields (row, characters of its used cells; None if one of them is blank)."""
    for start, block in dataset.slices_in(rows.spans):
        for row, cells in enumerate(block, start):
            used = _used(cells, columns)
            has_gap = any(not cell or cell.isspace() for cell in used)
            yield row, None if has_gap else sum(map(len, used))


def _used(cells: Row, columns: Sequence[int]) -> list[str]:
    return [cells[number] for number in columns]


def _key(dataset: Dataset) -> str:
    read = dataset.answers[-1]["at"] if dataset.answers else ""  # every answer has it read again
    return f"{dataset.pk} {dataset.created_at.timestamp()} {dataset.row_count} {read}".replace(" ", "-")


def _remembered(key: str, measure: Callable[[], _T]) -> _T:
    measured: _T | None = cache.get(key := key.replace(" ", "-"))
    if measured is None:
        measured = measure()
        cache.set(key, measured, CACHE_SECONDS)
    return measured
