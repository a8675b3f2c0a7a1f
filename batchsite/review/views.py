"""The page of a batch that was submitted, with its rows, and the page of one row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from batchsite.batches.models import Batch
from batchsite.batches.pages import results_selectors, selectors
from batchsite.batches.pages.results_selectors import Wanted
from batchsite.batches.pages.views import standing_of
from batchsite.batches.pages.views_notes import course_of
from batchsite.batches.states import RowState, State
from batchsite.http import TeamRequest
from batchsite.review import agreeing, asking, choices, expecting, fields, judging, picturing, summing, table
from batchsite.review.asking import Asked, asked_in
from batchsite.review.models import Judgement, Summary
from batchsite.review.searching import Search


@require_GET
def batch(request: TeamRequest, batch_id: int) -> HttpResponse:
    """How it stands, what its answers hold together, and its rows. A draft has its own page."""
    found = selectors.batch_of(request.team, batch_id)
    if found.state == State.DRAFT:
        return redirect("batch-edit", found.pk)
    summary = summing.summary_of(found)
    summing.ask_for(found, summary)
    asked = asked_in(request.GET)
    context = standing_of(request, found, asked) | rows_context(request, found, summary, asked)
    context |= sums_context(request, found, summary, asked) | course_of(found)
    context["first"] = found.row_limit is not None and found.row_limit < found.dataset.row_count
    return render(request, "batches/batch.html", context)


@require_GET
def batch_summary(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The sums over all rows, which renew themselves while they are made."""
    found = selectors.batch_of(request.team, batch_id)
    if not request.htmx or found.state == State.DRAFT:
        return redirect("batch", found.pk)
    summary = summing.summary_of(found)
    summing.ask_for(found, summary)
    context = {"batch": found, **sums_context(request, found, summary, asked_in(request.GET))}
    return render(request, "review/_summary.html", context)


def sums_context(request: TeamRequest, found: Batch, summary: Summary, asked: Asked) -> dict[str, Any]:
    """What stands above the rows: values, numbers, and how they agree with what was expected."""
    is_asked = summary.next_look_at is not None
    picture = picturing.picture_of(found, summary, asked, request.GET)
    return {
        "summary": summary,
        "picture": picture,
        "is_asked": is_asked,
        "is_current": summing.is_current(found, summary),
        "sums_every": 2 if is_asked else 10 if found.is_running else None,
        "corrected": agreeing.corrected(picture.agreement, summary.corrections) if picture else None,
        "comparable": fields.field_names(found),
        "compared": summing.compared_field(found, summary),
        "last_row": summing.last_row(found),
        "asked": asked,
    }


@require_POST
def batch_expected(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Which column of the dataset holds the right answers, and which field is held against it."""
    found = selectors.batch_of(request.team, batch_id)
    if found.state != State.DRAFT:
        expecting.expect(found, request.POST.get("column", ""), request.POST.get("field", ""))
    return redirect(f"{reverse('batch', args=[found.pk])}#summary")


@require_GET
def batch_rows(request: TeamRequest, batch_id: int) -> HttpResponse:
    """A search that goes on by itself: the rows that it found so far, and further ones."""
    found = selectors.batch_of(request.team, batch_id)
    if not request.htmx or found.state == State.DRAFT:
        return redirect(f"{reverse('batch', args=[found.pk])}?{request.GET.urlencode()}")
    summary, asked = summing.summary_of(found), asked_in(request.GET)
    return render(request, "review/_rows.html", {"batch": found, **rows_context(request, found, summary, asked)})


def rows_context(request: TeamRequest, found: Batch, summary: Summary, asked: Asked) -> dict[str, Any]:
    """What the table of rows, and the line above it, show."""
    page = table.page_of(found, asked, request.GET, summary)
    return {
        "page": page,
        "asked": asked,
        "wanted": asked,
        "chips": asking.chips(asked, request.GET),
        "kept": asking.kept(asked),
        "columns": table.columns_of(found, request.GET),
        "choices": choices.short_lists(found, asked),
        "lists": choices.value_lists(found, asked, summary),
        "finishes": sorted({"stop", "length", asked.finish} - {""}),
        "held": choices.held(request.GET, asked),
        "sorts": asking.SORTS,
        "last_row": summing.last_row(found),
        "opened": bool(asked.values or asked.finish or asked.between.get("length") or request.GET.getlist("col")),
        "now": timezone.now(),
        "row_query": asking.without(request.GET, "col") if asked or asked.sort else "",
        "begin": request.GET.get("begin") or request.GET.get("after") or None,
    }


@require_GET
def batch_row(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    """One row: prompt, answer, how it came about, and its neighbours among the wanted rows."""
    found = selectors.batch_of(request.team, batch_id)
    asked = asked_in(request.GET)
    detail = results_selectors.row_detail(found, row, Wanted())
    context = {"batch": found, "wanted": asked, "detail": detail, "row": row}
    if detail is None:
        return render(request, "batches/no_row.html", context, status=404)
    if asked or asked.sort:
        previous, following = neighbours(found, asked, row)
        detail = replace(detail, previous=previous, next=following)
    said = Judgement.objects.filter(batch=found, row=row).select_related("by").first()
    if detail.state == RowState.SUCCEEDED:
        context["correctables"] = judging.correctables(found, row, said)
        context["expected"], context["agrees"] = expecting.expected_of(found, row)
    context |= {
        "detail": detail,
        "judgement": said,
        "chips": asking.chips(asked, request.GET),
        "answer": table.pretty(detail.result.answer) if detail.result else "",
    }
    return render(request, "batches/row.html", context)


def neighbours(found: Batch, asked: Asked, row: int) -> tuple[int | None, int | None]:
    """The rows beside a row, among those that are asked for and in their order."""
    search = Search(found, asked, summing.summary_of(found))
    here = search.place_of(row)
    if here is None:
        return None, None
    before, behind = search.find(here, -1, 1).rows, search.find(here, 1, 1).rows
    return next(iter(before), None), next(iter(behind), None)
