"""Rows cut in two by a line end within their first or last cell: one part looks like a row, the other is alone. Pure.

The file does not tell which row a lone cell belongs to, so a row that may have lost part of a cell is a bad row.
"""

from __future__ import annotations

import re

from batchsite.tables.cell_values import is_datum
from batchsite.tables.excerpts import excerpt
from batchsite.tables.quotes import Dialect
from batchsite.tables.records import Record
from batchsite.tables.table_top import Layout
from batchsite.tables.table_types import Problem

_RULE = re.compile(r"\s*([-=_*~—─═])\1{2,}\s*")
"""A line that is drawn between rows."""
_SHORT = 2
"""Cells of a table in which a lone cell is rather a row that lacks one."""


class CutRows:
    """Remembers the sound row or the lone cell right above the current record."""

    def __init__(self, layout: Layout, dialect: Dialect, *, holds: bool) -> None:
        """`holds`: whether a row is given out only when it is known what stands below it."""
        self._layout, self._quote, self._holds = layout, dialect.quote or "\0", holds
        self._above: Record | None = None
        """The sound row above, where nothing stands between."""
        self._lone: Record | None = None

    def take(self, record: Record | None) -> Record | None:
        """The row to be given out, now that `record` stands below the row above; None for what is no sound row."""
        row = self._above if self._holds else record
        self._above = record
        return row

    def row_above(self, lone: Record) -> tuple[Record, str] | None:
        """Remembers a lone cell. Returns the row above, and why it may have lost its end to it. None if it has not."""
        self._lone, above = lone, self._above
        if above is None or self._stands_for_itself(lone, above):
            return None
        if self._is_closed(above[1], lone[1]) or not self._joins(above, lone, len(above[0]) - 1):
            return None
        self._above = None
        return above, f"The end of its last cell may stand on line {lone[2]:,}, by itself."

    def row_below(self, record: Record) -> str:
        """Returns why a sound row may have lost its beginning to the lone cell above it. Empty if it has not."""
        lone, self._lone = self._lone, None
        if lone is None or self._stands_for_itself(lone, record):
            return ""
        if record[0][0] and self._is_closed(lone[1], record[1]):
            return ""
        if not self._joins(lone, record, 0):
            return ""
        return f"The beginning of its first cell may stand on line {lone[2]:,}, by itself."

    def _stands_for_itself(self, lone: Record, other: Record) -> bool:
        """Whether a lone cell is a line drawn, or a row that lacks a cell: it begins like the `other` one."""
        cell, width = lone[0][0], self._layout.width
        short = width <= _SHORT and is_datum(cell) and is_datum(other[0][0])
        return short or self._layout.drop > 0 or _RULE.fullmatch(cell) is not None

    def _is_closed(self, above: str, lone: str) -> bool:
        """Whether the last cell ended with its quote, and not between two of them."""
        return above.rstrip("\r\n").endswith(self._quote) and not lone.startswith(self._quote)

    def _joins(self, begin: Record, end: Record, column: int) -> bool:
        """Whether the end of one and the beginning of the other could together be a value of their column."""
        quoted = self._quote if end[1].startswith(self._quote) else ""
        return column not in self._layout.typed or is_datum(f"{begin[0][-1]}{quoted}{end[0][0]}")


def problem_of(record: Record, row: int, message: str) -> Problem:
    return Problem(message, record[2], row, excerpt=excerpt(record[1]))
