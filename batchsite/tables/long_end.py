"""Rows at the end of a table that are not data, however many: recognised as they go by, without being kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from batchsite.tables.excerpts import excerpt
from batchsite.tables.footnotes import first_data, is_doubtful, is_foot
from batchsite.tables.known_rows import Data

_FEWEST_ABOVE, _FEW_COLUMNS = 2, 2
SHOWN = 5


class LongEnd:
    """The rows that went by last, as far as they are no data. `first`: the first of them, (number from 1, text)."""

    def __init__(self) -> None:
        self._data: Data | None = None
        self._seen = self.begin = 0
        """Rows that went by; the number of the first that is none, 0 where the last row is data."""
        self._blank = 0
        """The number of the first of the blank rows that went by last."""
        self._all_feet, self._lacking = True, set[int]()
        self.above: list[list[str]] = []
        self.first: list[tuple[int, str]] = []

    def take(self, rows: Sequence[list[str]]) -> None:
        """Rows that go by; the first ones tell what data are like."""
        data = self._data = self._data or first_data(rows)
        start = len(rows)
        if data.width >= _FEW_COLUMNS and len(data.rows) >= _FEWEST_ABOVE:
            while start and is_doubtful(rows[start - 1], data.full):
                start -= 1
        if start:
            self._forget()
            self.above = [row for row in rows[max(0, start - 10) : start] if any(row)][-2:]
            self._blank = 0
        for number, row in enumerate(rows[start:], self._seen + start + 1):
            self._add(number, row, data)
        self._seen += len(rows)

    def _add(self, number: int, row: list[str], data: Data) -> None:
        if not any(row):
            self._blank = self._blank or number
            return
        foot = is_foot(row, data, parted=self._blank > 0)
        if self.begin:
            self._all_feet = self._all_feet and foot
            self._lacking = {column for column in self._lacking if not row[column].strip()}
            if not self._all_feet and not self._lacking:
                self._forget()
        if not self.begin and (foot or self._blank):
            self.begin, self._all_feet = self._blank or number, foot
            self._lacking = {column for column in data.full if not row[column].strip()} if self._blank else set()
        if self.begin and len(self.first) < SHOWN:
            self.first.append((number, excerpt(" | ".join(filter(None, row)))))
        self._blank = 0

    def _forget(self) -> None:
        self.begin, self.first = 0, []
