"""The table of rows as tests read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.results import row_table, summaries
from batchsite.results.row_filter import RowFilter, filter_in
from batchsite.results.row_orders import Place
from batchsite.results.table_rows import TableRow


def table_rows(batch: Batch, **values: str) -> Sequence[TableRow]:
    """Returns the first page of rows that a filter finds."""
    return row_table.page_of(batch, RowFilter(**values), QueryDict(), None).lines  # type: ignore[arg-type]


def row_numbers(batch: Batch, **values: str) -> list[int]:
    return [line.row for line in table_rows(batch, **values)]


def page_at(batch: Batch, asked: Mapping[str, str], **place: Place) -> row_table.RowPage:
    """Returns the page that an address names: `after` or `before` a place; the first one without."""
    query = QueryDict(urlencode({**asked, **place}))
    return row_table.page_of(batch, filter_in(query), query, summaries.summary_of(batch))


def walked(batch: Batch, asked: Mapping[str, str]) -> tuple[list[int], row_table.RowPage]:
    """Returns (rows of all pages, last page). Fails unless the way back leads through the same pages."""
    page = page_at(batch, asked)
    forwards = [_numbers(page)]
    while page.next:
        page = page_at(batch, asked, after=page.next)
        forwards.append(_numbers(page))
    last, backwards = page, [_numbers(page)]
    while page.previous:
        page = page_at(batch, asked, before=page.previous)
        backwards.append(_numbers(page))
    assert backwards[::-1] == forwards
    return [row for page_rows in forwards for row in page_rows], last


def _numbers(page: row_table.RowPage) -> list[int]:
    return [line.row for line in page.lines]
