"""The table of rows as tests read it."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.results import row_table
from batchsite.results.row_filter import RowFilter
from batchsite.results.table_rows import TableRow


def table_rows(batch: Batch, **values: str) -> Sequence[TableRow]:
    """Returns the first page of rows that a filter finds."""
    return row_table.page_of(batch, RowFilter(**values), QueryDict(), None).lines  # type: ignore[arg-type]


def row_numbers(batch: Batch, **values: str) -> list[int]:
    return [line.row for line in table_rows(batch, **values)]
