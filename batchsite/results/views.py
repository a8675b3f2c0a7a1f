"""The page of a batch that was submitted, with its rows, and the page of one row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import RowState, State
from batchsite.results import (
    agreement,
    answer_fields,
    expected_column,
    filter_choices,
    judgements,
    result_rows,
    row_filter,
    row_table,
    summaries,
    summary_charts,
)
from batchsite.results.models import Judgement, Summary
from batchsite.results.result_rows import Wanted
from batchsite.results.row_filter import Asked, asked_in
from batchsite.results.row_search import Search
from batchsite.results.views_notes import course_of
from batchsite.results.views_progress import standing_of
from batchsite.teams.requests import TeamRequest


@require_GET
def batch(request: TeamRequest, batch_id: int) -> HttpResponse:
    """How it stands, what its answers hold together, and its rows. A draft has its own page."""
    found = queries.batch_of(request.team, batch_id)
    if found.state == State.DRAFT:
        return redirect("batch-edit", found.pk)
    summary = summaries.summary_of(found)
    summaries.ask_for(found, summary)
    asked = asked_in(request.GET)
    context = standing_of(request, found, asked) | rows_context(request, found, summary, asked)
    context |= sums_context(request, found, summary, asked) | course_of(found)
    context["first"] = found.row_limit is not None and found.row_limit < found.dataset.row_count
    return render(request, "results/batch.html", context)


@require_GET
def batch_summary(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The sums over all rows, which renew themselves while they are made."""
    found = queries.batch_of(request.team, batch_id)
    if not request.htmx or found.state == State.DRAFT:
        return redirect("batch", found.pk)
    summary = summaries.summary_of(found)
    summaries.ask_for(found, summary)
    context = {"batch": found, **sums_context(request, found, summary, asked_in(request.GET))}
    return render(request, "results/_summary.html", context)


def sums_context(request: TeamRequest, found: Batch, summary: Summary, asked: Asked) -> dict[str, Any]:
    """What stands above the rows: values, numbers, and how they agree with what was expected."""
    is_asked = summary.next_look_at is not None
    picture = summary_charts.picture_of(found, summary, asked, request.GET)
    return {
        "summary": summary,
        "picture": picture,
        "is_asked": is_asked,
        "is_current": summaries.is_current(found, summary),
        "sums_every": 2 if is_asked else 10 if found.is_running else None,
        "corrected": agreement.corrected(picture.agreement, summary.corrections) if picture else None,
        "comparable": answer_fields.field_names(found),
        "compared": summaries.compared_field(found, summary),
        "last_row": summaries.last_row(found),
        "asked": asked,
    }


@require_POST
def batch_expected(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Which column of the dataset holds the right answers, and which field is held against it."""
    found = queries.batch_of(request.team, batch_id)
    if found.state != State.DRAFT:
        expected_column.expect(found, request.POST.get("column", ""), request.POST.get("field", ""))
    return redirect(f"{reverse('batch', args=[found.pk])}#summary")


@require_GET
def batch_rows(request: TeamRequest, batch_id: int) -> HttpResponse:
    """A search that goes on by itself: the rows that it found so far, and further ones."""
    found = queries.batch_of(request.team, batch_id)
    if not request.htmx or found.state == State.DRAFT:
        return redirect(f"{reverse('batch', args=[found.pk])}?{request.GET.urlencode()}")
    summary, asked = summaries.summary_of(found), asked_in(request.GET)
    return render(request, "results/_rows.html", {"batch": found, **rows_context(request, found, summary, asked)})


def rows_context(request: TeamRequest, found: Batch, summary: Summary, asked: Asked) -> dict[str, Any]:
    """What the table of rows, and the line above it, show."""
    page = row_table.page_of(found, asked, request.GET, summary)
    return {
        "page": page,
        "asked": asked,
        "wanted": asked,
        "chips": row_filter.chips(asked, request.GET),
        "kept": row_filter.kept(asked),
        "columns": row_table.columns_of(found, request.GET),
        "choices": filter_choices.short_lists(found, asked),
        "lists": filter_choices.value_lists(found, asked, summary),
        "finishes": sorted({"stop", "length", asked.finish} - {""}),
        "held": filter_choices.held(request.GET, asked),
        "sorts": row_filter.SORTS,
        "last_row": summaries.last_row(found),
        "opened": bool(asked.values or asked.finish or asked.between.get("length") or request.GET.getlist("col")),
        "now": timezone.now(),
        "row_query": row_filter.without(request.GET, "col") if asked or asked.sort else "",
        "begin": request.GET.get("begin") or request.GET.get("after") or None,
    }


@require_GET
def batch_row(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    """One row: prompt, answer, how it came about, and its neighbours among the wanted rows."""
    found = queries.batch_of(request.team, batch_id)
    if found.state == State.DRAFT:
        return redirect("batch-edit", found.pk)
    asked = asked_in(request.GET)
    detail = result_rows.row_detail(found, row, Wanted())
    context = {"batch": found, "wanted": asked, "detail": detail, "row": row}
    if detail is None:
        return render(request, "results/no_row.html", context, status=404)
    if asked or asked.sort:
        previous, following = neighbours(found, asked, row)
        detail = replace(detail, previous=previous, next=following)
    said = Judgement.objects.filter(batch=found, row=row).select_related("by").first()
    if detail.state == RowState.SUCCEEDED:
        context["correctables"] = judgements.correctables(found, row, said)
        context["expected"], context["agrees"] = expected_column.expected_of(found, row)
    context |= {
        "detail": detail,
        "judgement": said,
        "chips": row_filter.chips(asked, request.GET),
        "answer": row_table.pretty(detail.result.answer) if detail.result else "",
    }
    return render(request, "results/row.html", context)


def neighbours(found: Batch, asked: Asked, row: int) -> tuple[int | None, int | None]:
    """The rows beside a row, among those that are asked for and in their order."""
    search = Search(found, asked, summaries.summary_of(found))
    here = search.place_of(row)
    if here is None:
        return None, None
    before, behind = search.find(here, -1, 1).rows, search.find(here, 1, 1).rows
    return next(iter(before), None), next(iter(behind), None)
