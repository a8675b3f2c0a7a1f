"""The comparison of two batches: the choice of the other one, and the page of the pair."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.http import whole_number
from batchsite.results import compared_rows, comparisons, sliced_count
from batchsite.results.batch_pair import BatchPair
from batchsite.results.compared_rows import ONLY
from batchsite.results.models import Comparison
from batchsite.teams.requests import TeamRequest

SHOWN = 50


@require_GET
def batch_compare(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Lists the other batches of the same dataset, newest first."""
    batch = queries.batch_of(request.team, batch_id)
    others = queries.batches_of(request.team).filter(dataset_id=batch.dataset_id)
    others = others.exclude(pk=batch.pk).exclude(state=State.DRAFT).select_related("dataset", "started_by")
    context = {"batch": batch, "others": others.order_by("-pk")[:SHOWN], "is_draft": batch.state == State.DRAFT}
    return render(request, "results/compare_with.html", context)


@require_GET
def batches_compared(request: TeamRequest, batch_id: int, other_id: int) -> HttpResponse:
    """Shows both batches row by row. Answers htmx with the part that it polls."""
    one, other = queries.batch_of(request.team, batch_id), queries.batch_of(request.team, other_id)
    if batch_id == other_id or State.DRAFT in {one.state, other.state}:
        return redirect("batch-compare", one.pk)
    pair = BatchPair(one, other)
    context: dict[str, Any] = {"pair": pair, "batch": one, "other": other, "address": _address(one, other)}
    if request.htmx and request.GET.get("part") == "sums":
        return render(request, "results/_compared.html", context | _sums(pair, request))
    context |= _rows(pair, request)
    if request.htmx:
        return render(request, "results/_pairs.html", context)
    return render(request, "results/compare.html", context | _sums(pair, request))


@require_POST
def batches_compare_again(request: TeamRequest, batch_id: int, other_id: int) -> HttpResponse:
    """Has both batches compared again after that was given up."""
    one, other = queries.batch_of(request.team, batch_id), queries.batch_of(request.team, other_id)
    given_up = Comparison.objects.filter(one=one, other=other).exclude(given_up="").first()
    if given_up:
        sliced_count.begin_again(given_up)
    return redirect("batches-compared", one.pk, other.pk)


def _address(one: Batch, other: Batch) -> str:
    return reverse("batches-compared", args=[one.pk, other.pk])


def _rows(pair: BatchPair, request: TeamRequest) -> dict[str, Any]:
    query = request.GET
    only = only_in(pair, query.get("only", ""))
    kept = [int(row) for row in query.get("rows", "").split(".") if whole_number(row)][: compared_rows.PAGE]
    at = whole_number(query.get("at"))
    after = at - 1 if at else whole_number(query.get("after"))
    begin = whole_number(query.get("begin"))
    before = None if at else whole_number(query.get("before"))
    return {
        "page": compared_rows.page_of(pair, only, after, before, kept, begin),
        "only": only,
        "begin": begin or after or None,
        "last_row": pair.rows.last,
    }


def only_in(pair: BatchPair, text: str) -> str:
    """Returns the filter of the address: one of `ONLY`, `f.<field>`, or blank."""
    if text in {"fixed", "broken"} and not pair.column:
        return ""
    return text if text in ONLY or (text.removeprefix("f.") in pair.names and text.startswith("f.")) else ""


def _sums(pair: BatchPair, request: TeamRequest) -> dict[str, Any]:
    comparison = comparisons.comparison_of(pair)
    counts = comparisons.counts_in(comparison.shown)
    only = only_in(pair, request.GET.get("only", ""))
    return {
        "comparison": comparison,
        "sums": counts,
        "only": only,
        "every": 2 if comparison.next_look_at else 0,
        "problem": "" if comparison.next_look_at else comparisons.problem_of(pair, comparison),
        "accuracies": [right / counts.counted for right in counts.right] if counts and counts.counted else None,
        "changes": sorted(counts.fields.items(), key=lambda item: -item[1]) if counts and len(pair.names) > 1 else (),
        "last_row": pair.rows.last,
        "batches": (pair.one, pair.other),
    }
