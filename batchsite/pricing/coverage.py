"""How far the columns of a dataset are filled, and what that means for a prompt that uses some of them.

Counts come from the profile that the import has made, and so are true to the last row. What a profile cannot know (how
many rows lack one of several columns, or lack one among some chosen rows) is counted on a bounded number of rows, and
beyond them said as bounds. A dataset that is ready never changes, so what was measured once is remembered.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.core.cache import cache

from batchsite.datasets.models import Dataset, Row
from batchsite.recipes.answer_shape import LONGEST_VALUE, MOST_VALUES
from batchsite.recipes.row_set import RowSet

LOOKED_AT = 20_000
"""Rows that are read within a request, at most: about a tenth of a second."""
EMPTY_SHOWN = 5
"""Rows with a gap that are named."""
LABELS_SOUGHT = 100
"""Columns that are asked whether they hold labels: their values are held while they are counted."""
REMEMBERED = 24 * 3600
_T = TypeVar("_T")


@dataclass(frozen=True)
class Column:
    """One column: in how many of the rows that were looked at it holds something."""

    name: str
    filled: int
    looked_at: int
    mean: float
    """Characters of a cell, on average over the rows that were measured."""
    distinct: int | None = None
    """Different values, None where they are too many, or too long, to choose from."""

    @property
    def empty(self) -> int:
        return self.looked_at - self.filled

    @property
    def repeats(self) -> bool:
        """Whether it looks like a list of labels: few values that come again."""
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
    """All columns of a dataset."""

    columns: tuple[Column, ...]
    rows: int
    looked_at: int

    @property
    def scope(self) -> str:
        """What the figures are about, where that is not the whole dataset."""
        return f"of the first {self.looked_at:,} rows" if self.looked_at < self.rows else ""

    def named(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Gaps:
    """Rows in which a column that the prompt uses is empty, and the extremes of its cells."""

    least: int
    most: int
    """So many rows have a gap, at least and at most; where both are the same, that is how many."""
    first: tuple[int, ...]
    """The first rows with a gap, as far as they were looked for."""
    longest: int
    shortest: int
    """Rows whose used cells have the most and the fewest characters together; with no gap, where there is one."""
    looked_at: int
    rows: int

    @property
    def count(self) -> str:
        """“40”, or “300 to 450”."""
        return f"{self.least:,}" if self.least == self.most else f"{self.least:,} to {self.most:,}"

    @property
    def scope(self) -> str:
        """What longest and shortest are about, where that is not all the rows."""
        return f"of the first {self.looked_at:,} rows" if self.looked_at < self.rows else ""


def coverage(dataset: Dataset) -> Coverage:
    """How far each column is filled."""
    profiled = _profiled(dataset)
    if profiled is None:
        return _remembered(f"columns {_key(dataset)}", lambda: _measure(dataset))
    count = dataset.row_count
    columns = (_column(profiled[name], count) for name in dataset.columns)
    return Coverage(tuple(columns), count, count)


def _column(one: Mapping[str, Any], rows: int) -> Column:
    """A column as the profile has it."""
    short = one["longest"] is None or one["longest"]["length"] <= LONGEST_VALUE
    few = one["distinct_known"] and one["distinct"] <= MOST_VALUES
    return Column(one["name"], rows - one["blank"], rows, one["mean"], one["distinct"] if few and short else None)


def gaps(dataset: Dataset, columns: Sequence[int], rows: RowSet) -> Gaps:
    """What these rows lack in the columns with these indexes."""
    used, some = sorted(set(columns)), rows.places(0, LOOKED_AT)
    spans = hashlib.sha256(repr(some.spans).encode()).hexdigest()[:20]
    found = _remembered(f"gaps {_key(dataset)} {used} {spans}", lambda: _find_gaps(dataset, used, some))
    whole, known = coverage(dataset), _profiled(dataset)
    if len(some) == len(rows) or known is None:
        return replace(found, most=found.most + len(rows) - len(some), rows=len(rows))
    empty = [whole.columns[number].empty for number in used]
    least, first = found.least, found.first
    if len(rows) == dataset.row_count:
        least = max(least, *empty)
        blanks = [known[whole.columns[number].name]["first_blank"] for number in used]
        first = first or tuple(sorted(filter(None, blanks))[:1])
    most = min(sum(empty), found.least + len(rows) - len(some))
    return replace(found, least=least, most=most, first=first, rows=len(rows))


def values_of(dataset: Dataset, column: str) -> tuple[list[str], str]:
    """(the different values of a column in order, what is to be known about them). ValueError says why there is none.

    From the profile where it lists all of them, else from as many rows as are read within a request.
    """
    index = dataset.columns.index(column)
    profiled = (_profiled(dataset) or {}).get(column, {})
    listed = {value.strip() for value, _ in profiled.get("values", ())} - {""}
    if listed:
        return sorted(listed), ""
    last = min(dataset.row_count, LOOKED_AT * 5)
    found: set[str] = set()
    for _, cells in dataset.rows(1, last):
        found.add(cells[index].strip())
        if len(found) > MOST_VALUES:
            raise ValueError(f"“{column}” has more than {MOST_VALUES} different values: too many to choose from.")
    found.discard("")
    if not found:
        raise ValueError(f"“{column}” holds nothing.")
    return sorted(found), f"of the first {last:,} rows" if last < dataset.row_count else ""


def _profiled(dataset: Dataset) -> dict[str, dict[str, Any]] | None:
    """What the import noted of each column, by name; None where it noted nothing of use here."""
    columns = dataset.profile.get("columns") or []
    known = {str(one["name"]): one for one in columns if "blank" in one}
    return known if known.keys() == set(dataset.columns) else None


def _measure(dataset: Dataset) -> Coverage:
    filled: Counter[int] = Counter()
    lengths: Counter[int] = Counter()
    values: dict[int, set[str]] = {number: set() for number in range(min(LABELS_SOUGHT, len(dataset.columns)))}
    last = min(dataset.row_count, LOOKED_AT)
    for _, cells in dataset.rows(1, last):
        for number, cell in enumerate(cells):
            if cell and not cell.isspace():
                filled[number] += 1
                lengths[number] += len(cell)
                _note(values, number, cell)
    columns = (
        Column(
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
    """One more value of a column; a column whose values are no list to choose from is given up."""
    found = values.get(number)
    if found is None:
        return
    found.add(cell)
    if len(found) > MOST_VALUES or len(cell) > LONGEST_VALUE:
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
    """(row, characters of its used cells; None where one of them is empty)."""
    for start, block in dataset.slices_in(rows.spans):
        for row, cells in enumerate(block, start):
            used = _used(cells, columns)
            has_gap = any(not cell or cell.isspace() for cell in used)
            yield row, None if has_gap else sum(map(len, used))


def _used(cells: Row, columns: Sequence[int]) -> list[str]:
    return [cells[number] for number in columns]


def _key(dataset: Dataset) -> str:
    read = dataset.answers[-1]["at"] if dataset.answers else ""  # it is read anew with every answer
    return f"{dataset.pk} {dataset.created_at.timestamp()} {dataset.row_count} {read}".replace(" ", "-")


def _remembered(key: str, measure: Callable[[], _T]) -> _T:
    found: _T | None = cache.get(key := key.replace(" ", "-"))
    if found is None:
        found = measure()
        cache.set(key, found, REMEMBERED)
    return found
