"""What the templates of the table of rows and its filter form need."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from batchsite.batches import saved_views
from batchsite.batches.models import Batch, SavedView
from batchsite.gallery import picture_page
from batchsite.results import (
    answer_fields,
    column_choice,
    filter_choices,
    hit_counts,
    order_steps,
    row_table,
    table_columns,
)
from batchsite.results.models import Summary
from batchsite.results.row_filter import RowFilter, chips, filter_in, query_of, table_query, without
from batchsite.results.sort_keys import is_known
from batchsite.teams.requests import TeamRequest


def table_context(request: TeamRequest, batch: Batch, summary: Summary, row_filter: RowFilter) -> dict[str, Any]:
    """Returns what the table of rows and its filter form show."""
    choice = column_choice.choice_of(request.user, batch)
    columns = table_columns.columns_of(batch, request.GET, choice)
    page = row_table.page_of(batch, row_filter, request.GET, summary, columns)
    problem = order_steps.problem_of(batch, row_filter.measure) if page.unsorted == "soon" else ""
    if (page.unsorted == "soon" and not problem) or page.as_of:
        order_steps.request(batch, row_filter.measure)
    is_whole = (
        not row_filter.measure or not batch.pending
    )  # in the order of a measure, only rows with a result are shown
    return {
        "page": page,
        "unsortable": problem,
        "draws": batch.makes_media and picture_page.is_open(batch),
        "hits": hit_counts.hits_of(batch, row_filter, summary, page.count if is_whole else None)
        if row_filter
        else None,
        "asked": row_filter,
        "wanted": row_filter,
        "chips": chips(row_filter, request.GET),
        "kept": query_of(row_filter),
        "taken": table_query(row_filter),
        "columns": columns,
        "widths": table_columns.WIDTHS,
        "has_choice": bool(choice.pk),
        "saved": saved_views.views_of(
            request.team, SavedView.Place.RESULTS, table_query(row_filter), lambda query: _fits(batch, query)
        ),
        "row_head": table_columns.row_link(row_filter, request.GET),
        "heads": table_columns.heads_of(page.columns, row_filter, request.GET, can_sort=page.unsorted != "many"),
        "choices": filter_choices.short_lists(batch, row_filter),
        "lists": [
            *filter_choices.value_lists(batch, row_filter, summary),
            *filter_choices.cell_lists(batch, row_filter),
        ],
        "finishes": sorted({"stop", "length", row_filter.finish} - {""}),
        "held": filter_choices.held(request.GET, row_filter),
        "sorts": table_columns.sort_choices(columns, row_filter.sort),
        "last_row": batch.rows.last,
        "row_query": without(request.GET, "col") if row_filter or row_filter.sort else "",
        "begin": request.GET.get("begin") or request.GET.get("after") or None,
    }


def _fits(batch: Batch, query: str) -> bool:
    """Whether a saved view can find rows of this batch: it has the fields, and expects something if the view does."""
    row_filter = filter_in(QueryDict(query))
    names = answer_fields.field_names(batch)
    compares = row_filter.agrees or row_filter.expected or row_filter.answered
    has_columns = all(column in batch.dataset.columns for column, _ in row_filter.cells)
    sorted_by = row_filter.measure
    return (
        has_columns
        and (not sorted_by or is_known(batch, sorted_by))
        and all(name in names for name, _ in row_filter.values)
        and bool(batch.expected_column or not compares)
    )
