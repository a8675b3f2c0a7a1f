"""The page of a submitted batch, and the page of one row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from batchsite.batches import queries
from batchsite.batches.end_records import mark_seen
from batchsite.batches.models import Batch
from batchsite.batches.states import RowState, State
from batchsite.gallery.picture_page import pictures_of
from batchsite.http import at_its_address, offered_undo
from batchsite.results import (
    agreement,
    answer_fields,
    expected_column,
    hit_counts,
    judgements,
    row_detail,
    sliced_count,
    summaries,
    summary_charts,
    table_rows,
)
from batchsite.results.models import Judgement, Summary
from batchsite.results.row_filter import RowFilter, chips, filter_in, query_of
from batchsite.results.row_walk import walk
from batchsite.results.table_context import table_context
from batchsite.results.views_notes import course_of
from batchsite.results.views_progress import status_context
from batchsite.teams.requests import TeamRequest

PART = "X-Part"
"""The header by which table.js asks for the page of a row without what is around it."""


@require_GET
def batch(request: TeamRequest, batch_id: int, tab: str = "results") -> HttpResponse:
    """Shows the head and one tab of a batch. A draft is redirected to its own page."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    mark_seen(batch, request.user)
    summary = summaries.summary_of(batch)
    summaries.request(batch, summary)
    row_filter = filter_in(request.GET)
    context = status_context(request, batch, row_filter, tab)
    if tab == "results":
        context |= table_context(request, batch, summary, row_filter) | {"undo": offered_undo(request)}
    elif tab == "insights":
        context |= sums_context(request, batch, summary, row_filter)
    elif tab == "activity":
        context |= course_of(batch)
    else:
        context["example"] = row_detail.row_detail(batch, batch.rows.first) if batch.total else None
    if tab == "results" and request.htmx and (request.htmx.target or "").endswith("#results"):
        return at_its_address(request, render(request, "results/_found.html", context))
    return render(request, "results/batch.html", context)


@require_GET
def batch_summary(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Shows the counts over all rows, for their own poll."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx or batch.state == State.DRAFT:
        return redirect("batch", batch.pk)
    summary = summaries.summary_of(batch)
    summaries.request(batch, summary)
    context = {"batch": batch, **sums_context(request, batch, summary, filter_in(request.GET))}
    return render(request, "results/_summary.html", context)


def sums_context(request: TeamRequest, batch: Batch, summary: Summary, row_filter: RowFilter) -> dict[str, Any]:
    """Returns what the insights show: values, numbers, and agreement with the expected column."""
    is_asked = summary.next_look_at is not None
    picture = summary_charts.picture_of(batch, summary, row_filter, request.GET)
    return {
        "summary": summary,
        "picture": picture,
        "is_asked": is_asked,
        "is_current": summaries.is_current(batch, summary),
        "problem": "" if is_asked else summaries.problem_of(batch, summary),
        "sums_every": 2 if is_asked else 10 if batch.is_running else None,
        "corrected": agreement.corrected(picture.agreement, summary.corrections) if picture else None,
        "comparable": answer_fields.field_names(batch),
        "compared": summaries.compared_field(batch, summary),
        "last_row": batch.rows.last,
        "asked": row_filter,
    }


@require_POST
def batch_summarize(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Has the answers summed up again after that was given up."""
    batch = queries.batch_of(request.team, batch_id)
    summary = summaries.summary_of(batch)
    if summaries.problem_of(batch, summary):
        sliced_count.begin_again(summary)
    return redirect("batch-insights", batch.pk)


@require_POST
def batch_expected(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Sets the expected column, and the field that is compared with it."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state != State.DRAFT:
        expected_column.expect(batch, request.POST.get("column", ""), request.POST.get("field", ""))
    return redirect("batch-insights", batch.pk)


@require_GET
def batch_rows(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Continues a search: the rows found so far, and further ones."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx or batch.state == State.DRAFT:
        return redirect(f"{reverse('batch', args=[batch.pk])}?{request.GET.urlencode()}")
    summary, row_filter = summaries.summary_of(batch), filter_in(request.GET)
    return render(request, "results/_rows.html", {"batch": batch, **table_context(request, batch, summary, row_filter)})


@require_GET
def batch_hits(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Shows how many rows a filter leaves, for its own poll."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx or batch.state == State.DRAFT:
        return redirect(f"{reverse('batch', args=[batch.pk])}?{request.GET.urlencode()}")
    row_filter = filter_in(request.GET)
    hits = hit_counts.hits_of(batch, row_filter, summaries.summary_of(batch))
    return render(request, "results/_hits.html", {"batch": batch, "hits": hits, "kept": query_of(row_filter)})


@require_GET
def batch_row(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    """Shows one row: prompt, answer, request details, and its neighbours in the filter."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    row_filter = filter_in(request.GET)
    detail = row_detail.row_detail(batch, row)
    context = {"batch": batch, "wanted": row_filter, "detail": detail, "row": row}
    if detail is None:
        return render(request, "results/no_row.html", context, status=404)
    if row_filter or row_filter.sort:
        summary = summaries.summary_of(batch)
        found = walk(batch, row_filter, row, summary)
        detail = replace(detail, previous=found.previous, next=found.next, place=found.place)
        context |= {"walk": found, "hits": hit_counts.hits_of(batch, row_filter, summary)}
    judgement = Judgement.objects.filter(batch=batch, row=row).select_related("by").first()
    if detail.state == RowState.SUCCEEDED:
        context["correctables"] = judgements.correctables(batch, row, judgement)
        context["expected"], context["agrees"] = expected_column.expected_of(batch, row)
    context |= {
        "detail": detail,
        "judgement": judgement,
        "known": judgements.mark_of(judgement),
        "chips": chips(row_filter, request.GET),
        "answer": table_rows.pretty(detail.result.answer) if detail.result else "",
        "pictures": pictures_of(batch, [row]),
    }
    context["in_panel"] = request.headers.get(PART) == "panel"
    context["page_base"] = "results/panel.html" if context["in_panel"] else "base.html"
    response = render(request, "results/row.html", context)
    patch_vary_headers(response, [PART])
    return response
