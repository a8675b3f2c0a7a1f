"""What the templates of the table of rows and its filter form need."""

from __future__ import annotations

from typing import Any

from django.utils.http import urlencode

from batchsite.batches.models import Batch
from batchsite.results import filter_choices, hit_counts, row_table, table_columns
from batchsite.results.models import Summary
from batchsite.results.row_filter import SORTS, RowFilter, chips, pairs_of, query_of, without
from batchsite.teams.requests import TeamRequest


def table_context(request: TeamRequest, batch: Batch, summary: Summary, row_filter: RowFilter) -> dict[str, Any]:
    """Returns what the table of rows and its filter form show."""
    page = row_table.page_of(batch, row_filter, request.GET, summary)
    count = page.count if not row_filter.measure else None
    return {
        "page": page,
        "hits": hit_counts.hits_of(batch, row_filter, summary, count) if row_filter else None,
        "asked": row_filter,
        "wanted": row_filter,
        "chips": chips(row_filter, request.GET),
        "kept": query_of(row_filter),
        "taken": urlencode([*pairs_of(row_filter), *([("sort", row_filter.sort)] if row_filter.sort else [])]),
        "columns": table_columns.columns_of(batch, request.GET),
        "row_head": table_columns.row_link(row_filter, request.GET),
        "heads": table_columns.heads_of(page.columns, row_filter, request.GET, can_sort=page.unsorted != "many"),
        "choices": filter_choices.short_lists(batch, row_filter),
        "lists": filter_choices.value_lists(batch, row_filter, summary),
        "finishes": sorted({"stop", "length", row_filter.finish} - {""}),
        "held": filter_choices.held(request.GET, row_filter),
        "sorts": SORTS,
        "last_row": batch.rows.last,
        "opened": _is_opened(request, row_filter),
        "row_query": without(request.GET, "col") if row_filter or row_filter.sort else "",
        "begin": request.GET.get("begin") or request.GET.get("after") or None,
    }


def _is_opened(request: TeamRequest, row_filter: RowFilter) -> bool:
    """Whether a filter behind "more" is in use."""
    in_use = row_filter.values or row_filter.finish or row_filter.between.get("length") or request.GET.getlist("col")
    return bool(in_use)
