"""A table whose rows are checked once more as they come. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from batchsite.tables.table_types import Answers, Table


class CheckedTable(Table):
    """Wraps another table; subclasses decide what becomes of its rows."""

    def __init__(self, table: Table, answers: Answers) -> None:
        self.columns, self.understood, self.left_out = table.columns, table.understood, table.left_out
        self.sample, self.declared_totals = table.sample, table.declared_totals
        self.typed_columns = table.typed_columns
        self._table, self._answers = table, answers

    @property
    def place(self) -> str:
        """What the place of a row is called: rows of JSON and Parquet are counted, they are no lines."""
        return "Row" if self.understood.header in {"keys", "schema"} else "Line"

    def last_lines(self) -> list[int]:
        return self._table.last_lines()

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError or Asks at the end, or at a limit."""
        return chain.from_iterable(self.pieces())
