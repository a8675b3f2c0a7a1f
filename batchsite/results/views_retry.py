"""Retrying rows of a batch: those without a good answer, those that do not fit, or one. Asked first, then done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from batchsite.batches import queries
from batchsite.batches.answer_flaws import CUT_OFF
from batchsite.batches.models import Batch, EndedBy
from batchsite.batches.states import RowState
from batchsite.http import UNPROCESSABLE
from batchsite.pricing.both_ways import live_time
from batchsite.pricing.model_prices import at_list_price
from batchsite.pricing.raised_caps import raised_caps
from batchsite.pricing.retry_cost import cost_of
from batchsite.results.cause_counts import labelled
from batchsite.results.confirmation import ask_and_do, do, question_context, typed
from batchsite.results.forms import LongerAnswersForm, RetryForm
from batchsite.results.row_detail import row_detail
from batchsite.submission import actions
from batchsite.teams.requests import TeamRequest
from batchsite.wording import about, many


@ask_and_do
def batch_retry(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Retries all rows without an answer, or those of some causes; with `fit=misfit` those whose answers do not fit."""
    batch = queries.batch_of(request.team, batch_id)
    if request.GET.get("fit") == "misfit":
        return _retry_misfits(request, batch)
    counts = labelled(batch)
    if not counts:
        messages.error(request, "There is nothing to retry: every finished row has an answer.")
        return redirect("batch", batch.pk)
    caps = raised_caps(batch, batch.results.all())
    rows = sum(rows for _, _, rows in counts)
    chosen, label = request.GET.getlist("cause"), _live_label(batch, rows)
    form = RetryForm(typed(request), causes=counts, chosen=chosen, caps=caps, live_label=label)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["causes"]
        is_every = len(chosen) == len(counts) and not batch.flawed
        wanted, output_cap = None if is_every else chosen, form.chosen_cap if CUT_OFF & set(chosen) else None

        def again() -> object:
            return actions.retry(batch, request.user, causes=wanted, output_cap=output_cap, live=form.runs_live)

        return do(request, batch, again)
    question = "Retry failed rows?" if batch.unanswered else "Retry rows without a complete answer?"
    context = _retry_context(batch, question, rows) | {"form": form, "whole": batch.succeeded - batch.flawed}
    return render(request, "results/retry.html", context, status=UNPROCESSABLE if form.errors else 200)


def _live_label(batch: Batch, rows: int) -> str:
    """Returns the offer to retry rows of a batch live, compared with the price in a batch; empty if it cannot be."""
    if batch.runs_live or batch.tools or batch.dataset.holds_requests:
        return ""
    cost = cost_of(batch, rows)
    price = f", about {about(at_list_price(cost))} instead of {about(cost)}" if cost else ", at list price"
    return f"Run them live: {many(rows, 'row')} in {live_time(rows)}{price}"


def _retry_misfits(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Retries answers that do not fit their shape."""
    if not batch.misfits:
        messages.error(request, "There is nothing to retry: every answer matches the format.")
        return redirect("batch", batch.pk)
    misfits = batch.results.exclude(misfit="")
    form = LongerAnswersForm(typed(request), caps=raised_caps(batch, misfits))
    if request.method == "POST" and form.is_valid():

        def again() -> object:
            return actions.retry(batch, request.user, misfits=True, output_cap=form.chosen_cap)

        return do(request, batch, again)
    rows = many(batch.misfits, "row")
    question = f"Retry {rows} in the wrong format?"
    context = _retry_context(batch, question, batch.misfits) | {
        "form": form,
        "rest": batch.succeeded - batch.misfits,
        "cut": misfits.filter(cause__in=CUT_OFF).count(),
        "action": request.get_full_path(),
    }
    return render(request, "results/retry_misfits.html", context, status=UNPROCESSABLE if form.errors else 200)


@ask_and_do
def batch_row_retry(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    detail = row_detail(batch, row)
    if detail is None:
        raise Http404
    back = reverse("batch-row", args=[batch.pk, row])
    form = LongerAnswersForm(typed(request), caps=raised_caps(batch, batch.results.filter(row=row)))
    if request.method == "POST" and form.is_valid():
        states = (RowState.SUCCEEDED,) if detail.state == RowState.SUCCEEDED else ()

        def again() -> object:
            return actions.retry(batch, request.user, rows=[row], states=states, output_cap=form.chosen_cap)

        return do(request, batch, again, back=back)
    if not detail.can_be_retried:
        messages.error(request, f"Row {row:,} can’t be retried now: it is {detail.state.label.lower()}.")
        return redirect(back)
    question = f"Run row {row:,} again?" if detail.is_good else f"Retry row {row:,}?"
    context = _retry_context(batch, question, 1, back)
    context |= {"form": form, "has_answer": detail.state == RowState.SUCCEEDED}
    return render(request, "results/retry_row.html", context, status=UNPROCESSABLE if form.errors else 200)


def _retry_context(batch: Batch, question: str, rows: int, back: str = "") -> dict[str, Any]:
    ended_here = batch.submissions.filter(ended_by=EndedBy.HERE).exists()
    return question_context(batch, question, "", "Retry", back) | {
        "may_be_billed": ended_here and batch.missing,
        "rows": rows,
        "each": cost_of(batch, 1),
        "cost": cost_of(batch, rows),
        "number": batch.submissions.count() + 1,
    }
