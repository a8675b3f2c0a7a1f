"""What is in the columns of a table, computed as its rows stream by. Pure.

    profiler = Profiler(table.columns)
    profiler.add(rows)                  # some hundred rows at a time, in the order of the file
    profiler.profile()                  # plain values, to be stored as JSON

    {"columns": [{"name", "filled", "empty", "blank", "first_blank", "distinct", "distinct_known", "mean",
                  # blank: empty, or nothing but spaces; and the first such row
                  "shortest": {"length", "row"}, "longest": {"length", "row"},     # of filled cells; None without
                  "samples": [text], "values": [[text, count]],                    # commonest first; [] above 200
                  "can_be_id": true | false | null, "why_not_id", "numbers_only"}],
     "duplicate_rows", "duplicates_known", "first_duplicate"}

Time goes into whole columns of a block at once (`map`, `max`, `Counter`), never into a cell at a time; memory is
bounded by `MOST_HASHES` however long the table is. Beyond that bound numbers of distinct values become estimates,
and say so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

from batchsite.datasets.distinct_count import DistinctCount

MOST_VALUES = 200
"""Distinct values that are kept with their counts."""
LONGEST_VALUE = 1000
"""Characters of a value that is kept; a column with a longer one has no list of values."""
MOST_HASHES = 6_000_000
"""Hashes of 8 bytes that are held for all columns together."""
LONGEST_ID = 64
_SAMPLES, _SAMPLE_LENGTH = 6, 200
_ID_CELLS = re.compile(r"[A-Za-z0-9_\-\n]+")
_NO_ID = re.compile(r"[^A-Za-z0-9_\-]")
# Nothing is tried twice, so that nothing is remembered for that: of a cell of "1.1.1…" it was sixty times its size.
_NUMBER = r"[+-]?+(?:\d++(?:[.,]\d++)*+|\.\d++)(?:[eE][+-]?+\d++)?+"
_NUMBER_CELLS = re.compile(rf"(?:{_NUMBER})?+(?:\n(?:{_NUMBER})?+)*+")


class Profiler:
    """Reads the rows of a table with these columns, and summarises what is in them."""

    def __init__(self, columns: Sequence[str]) -> None:
        share = MOST_HASHES // (len(columns) + 1)
        self.rows = 0
        self._columns = [_Column(name, share) for name in columns]
        self._whole = DistinctCount(share)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """The next rows, each with a cell for every column."""
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        for column, cells in zip(self._columns, columns, strict=True):
            column.add(cells, self.rows + 1)
        self._whole.add(zip(*columns, strict=True))
        self.rows += len(rows)

    def profile(self) -> dict[str, Any]:
        """What was found, as in this module's docstring."""
        columns = [column.profile() for column in self._columns]
        unique = any(one["distinct_known"] and one["distinct"] == self.rows for one in columns)
        distinct, known = (self.rows, True) if unique else self._whole.count()
        return {
            "columns": columns,
            "duplicate_rows": self.rows - distinct if known else 0,
            "duplicates_known": known,
            "first_duplicate": None if unique else self._whole.first_repeat(),
        }


class _Column:
    """One column: what its cells were so far."""

    def __init__(self, name: str, share: int) -> None:
        self.name, self.rows, self.empty, self.characters = name, 0, 0, 0
        self.blank, self.first_blank = 0, 0
        self.shortest: dict[str, int] | None = None
        self.longest: dict[str, int] | None = None
        self.samples: list[str] = []
        self.numbers_only, self.no_id = True, ""
        self._values: Counter[str] | None = Counter()
        """Every value, as long as they are few; `_distinct` takes over from there."""
        self._distinct = DistinctCount(share)
        self._repeat: int | None = None
        """The first row whose value an earlier row has, if that was seen while the values were few."""
        self._blocks = 0

    def add(self, cells: Sequence[str], first: int) -> None:
        """Cells of the rows from `first` on."""
        lengths = list(map(len, cells))
        self.rows += len(cells)
        self.empty += lengths.count(0)
        self.characters += sum(lengths)
        self._find_blanks(cells, lengths.count(0), first)
        self._measure(lengths, first)
        if self._values is None:
            self._distinct.add(cells)
        else:
            self._count_values(self._values, cells, first)
        self._sample(cells)
        if self.numbers_only or not self.no_id:
            self._look_at_form(cells, lengths, first)

    def _find_blanks(self, cells: Sequence[str], empty: int, first: int) -> None:
        blank = empty + sum(map(str.isspace, cells))
        if blank and not self.blank:
            self.first_blank = first + next(at for at, cell in enumerate(cells) if not cell or cell.isspace())
        self.blank += blank

    def _measure(self, lengths: list[int], first: int) -> None:
        longest = max(lengths)
        if longest and (self.longest is None or longest > self.longest["length"]):
            self.longest = {"length": longest, "row": first + lengths.index(longest)}
        shortest = min(lengths) or min(filter(None, lengths), default=0)
        if shortest and (self.shortest is None or shortest < self.shortest["length"]):
            self.shortest = {"length": shortest, "row": first + lengths.index(shortest)}

    def _count_values(self, values: Counter[str], cells: Sequence[str], first: int) -> None:
        known = len(values)
        values.update(cells)
        if self._repeat is None and len(values) < self.rows:
            self._repeat = first + _first_known(cells, set(islice(values, known)))
        too_long = self.longest is not None and self.longest["length"] > LONGEST_VALUE
        if too_long or len(values) - ("" in values) > MOST_VALUES:
            self._distinct.add(values)
            self._values = None

    def _sample(self, cells: Sequence[str]) -> None:
        """Samples some cells from the beginning, then a later one each time the table has doubled."""
        self._blocks += 1
        if len(self.samples) >= _SAMPLES or self._blocks & (self._blocks - 1):
            return
        wanted = 3 if self._blocks == 1 else len(self.samples) + 1
        for cell in cells:
            if len(self.samples) >= wanted:
                return
            text = cell[:_SAMPLE_LENGTH]
            if cell and text not in self.samples:
                self.samples.append(text)

    def _look_at_form(self, cells: Sequence[str], lengths: list[int], first: int) -> None:
        together = "\n".join(cells)
        plain = together.count("\n") == len(cells) - 1
        if self.numbers_only:
            self.numbers_only = plain and bool(_NUMBER_CELLS.fullmatch(together))
        if not self.no_id:
            fits = plain and min(lengths) and max(lengths) <= LONGEST_ID and _ID_CELLS.fullmatch(together)
            self.no_id = "" if fits else next(filter(None, map(_why_no_id, cells, range(first, first + len(cells)))))

    def profile(self) -> dict[str, Any]:
        distinct, known = self._distinct.count()
        if self._values is not None:
            distinct, known = len(self._values), True
        can_be_id, why_not = self._as_id(distinct, known)
        self._distinct = DistinctCount(0)
        filled = self.rows - self.empty
        return {
            "name": self.name,
            "filled": filled,
            "empty": self.empty,
            "blank": self.blank,
            "first_blank": self.first_blank or None,
            "distinct": distinct - (known and self.empty > 0),
            "distinct_known": known,
            "shortest": self.shortest,
            "longest": self.longest,
            "mean": round(self.characters / filled, 1) if filled else 0,
            "samples": self.samples,
            "values": [[text, count] for text, count in (self._values or Counter()).most_common() if text],
            "can_be_id": can_be_id,
            "why_not_id": why_not,
            "numbers_only": self.numbers_only and filled > 0,
        }

    def _as_id(self, distinct: int, known: bool) -> tuple[bool | None, str]:
        """Returns whether every cell is a valid id and unique, None if that is unknown; and why not."""
        if self.no_id or not self.rows:
            return False, self.no_id or "The table has no rows."
        if known and distinct == self.rows:
            return True, ""
        if repeat := self._repeat or self._distinct.first_repeat():
            return False, f"Row {repeat:,} has the same value as an earlier row."
        return None, "" if known else f"Values were checked for duplicates only up to row {self._distinct.most:,}."


def _first_known(cells: Sequence[str], known: set[str]) -> int:
    """The place, counted from 0, of the first cell that was there before; there is one."""
    for place, cell in enumerate(cells):
        if cell in known:
            return place
        known.add(cell)
    raise ValueError("all cells are different")


def _why_no_id(cell: str, row: int) -> str:
    """Why the cell cannot be an id; nothing where it can."""
    if not cell:
        return f"Row {row:,} is empty."
    if len(cell) > LONGEST_ID:
        return f"Row {row:,} has {len(cell):,} characters; ids can have {LONGEST_ID} at most."
    found = _NO_ID.search(cell)
    return f"Row {row:,} has a character that ids can’t contain: {_shown(found.group())}." if found else ""


def _shown(character: str) -> str:
    names = {" ": "a space", "\n": "a line end", "\r": "a line end", "\t": "a tab"}
    return names.get(character) or (f"“{character}”" if character.isprintable() else f"U+{ord(character):04X}")
