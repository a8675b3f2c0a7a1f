"""Actions on a batch. Each shows first what will happen (GET), and is then done (POST)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.batches.answer_flaws import CUT_BEFORE_ANSWER, TRUNCATED
from batchsite.batches.models import Batch
from batchsite.batches.states import RowState, State
from batchsite.http import UNPROCESSABLE
from batchsite.results.cause_counts import causes
from batchsite.results.forms import RenameForm, RetryForm
from batchsite.results.row_detail import row_detail
from batchsite.submission import actions, tasks
from batchsite.teams.requests import TeamRequest
from batchsite.wording import dollars, many, number

ask_and_do = require_http_methods(["GET", "POST"])


@ask_and_do
def batch_cancel(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        return _do(request, batch, lambda: actions.cancel(batch, request.user))
    what = (
        f"Finished rows are kept and billed: {many(batch.done, 'row')} so far. Of the {number(batch.pending)} others, "
        "those not answered yet will not run and cost nothing; answers that are ready by then are kept "
        "and billed. Cancelled rows can be retried later."
    )
    return _ask(request, batch, f"Cancel “{batch}”?", what, "Cancel the batch", is_calm=False, stay="Keep running")


@ask_and_do
def batch_finish(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        return _do(request, batch, lambda: actions.finish_early(batch, request.user))
    what = (
        "The batch is cancelled at xAI, every answer that is ready is read, and the rest of the "
        f"{number(batch.pending)} pending rows is declared missing. Missing rows cost nothing and can be retried "
        "into this batch."
    )
    return _ask(
        request,
        batch,
        f"Finish “{batch}” with the answers it has?",
        what,
        "Finish now",
        is_calm=False,
        stay="Keep running",
    )


@ask_and_do
def batch_go_on(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        return _do(request, batch, lambda: actions.go_on(batch, request.user), "Retrying now.")
    what = "It retries right away instead of waiting for the next attempt. If the cause remains, it is held again."
    return _ask(request, batch, f"Continue “{batch}” now?", what, "Go on now")


@ask_and_do
def batch_delete(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        try:
            actions.delete(batch, request.user)
        except actions.NotNow as error:
            messages.error(request, str(error))
            return redirect("batch", batch.pk)
        messages.success(request, f"“{batch}” is deleted.")
        return redirect("batches")
    if batch.state == State.DRAFT:
        what = "Nothing was sent. The dataset stays."
    else:
        what = (
            f"Its {many(batch.total, 'row')} with their answers are removed here, for everyone in {request.team}, and "
            "can’t be restored. The dataset stays. At xAI the prompts and answers stay until the batch expires "
            "there, 30 days after it was made: xAI offers no way to delete them earlier."
        )
    return _ask(request, batch, f"Delete “{batch}”?", what, "Delete", is_calm=False)


@ask_and_do
def batch_rename(request: TeamRequest, batch_id: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    form = RenameForm(_typed(request), initial={"name": batch.name})
    if request.method == "POST" and form.is_valid():
        actions.rename(batch, form.cleaned_data["name"], request.user)
        return redirect("batch", batch.pk)
    context = _question(batch, f"Rename “{batch}”", "", "Rename") | {"form": form}
    return render(request, "results/rename.html", context, status=UNPROCESSABLE if form.errors else 200)


@ask_and_do
def batch_retry(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Retries all rows without an answer, or those of some causes; with `fit=misfit` those whose answers do not fit."""
    batch = queries.batch_of(request.team, batch_id)
    if request.GET.get("fit") == "misfit":
        return _retry_misfits(request, batch)
    found = causes(batch)
    if not found:
        messages.error(request, "There is nothing to retry: every finished row has an answer.")
        return redirect("batch", batch.pk)
    form = RetryForm(_typed(request), causes=found, chosen=request.GET.getlist("cause"))
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["causes"]
        is_every = len(chosen) == len(found) and not batch.flawed
        wanted = None if is_every else chosen
        return _do(request, batch, lambda: actions.retry(batch, request.user, causes=wanted), "Retrying.")
    rows = sum(rows for _, rows in found)
    context = _question(batch, "Retry failed rows?", "", "Retry") | {
        "form": form,
        "rows": rows,
        "each": _cost(batch, 1),
        "cost": _cost(batch, rows),
        "number": batch.submissions.count() + 1,
    }
    return render(request, "results/retry.html", context, status=UNPROCESSABLE if form.errors else 200)


def _retry_misfits(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Retries answers that do not fit their shape."""
    if not batch.misfits:
        messages.error(request, "There is nothing to retry: every answer matches the format.")
        return redirect("batch", batch.pk)
    if request.method == "POST":
        return _do(request, batch, lambda: actions.retry(batch, request.user, misfits=True), "Retrying.")
    rows = many(batch.misfits, "row")
    question = f"Ask the {rows} that {'do' if batch.misfits != 1 else 'does'} not fit once more?"
    context = _question(batch, question, "", "Retry") | {
        "rows": batch.misfits,
        "rest": batch.succeeded - batch.misfits,
        "cut": batch.results.exclude(misfit="").filter(cause__in=[TRUNCATED, CUT_BEFORE_ANSWER]).count(),
        "each": _cost(batch, 1),
        "cost": _cost(batch, batch.misfits),
        "number": batch.submissions.count() + 1,
        "action": request.get_full_path(),
    }
    return render(request, "results/retry_misfits.html", context)


@ask_and_do
def batch_row_retry(request: TeamRequest, batch_id: int, row: int) -> HttpResponse:
    batch = queries.batch_of(request.team, batch_id)
    detail = row_detail(batch, row)
    if detail is None:
        raise Http404
    back = reverse("batch-row", args=[batch.pk, row])
    if request.method == "POST" and (detail.can_be_retried or detail.state != RowState.SUCCEEDED):
        words, states = (
            f"Retrying row {row:,}.",
            (RowState.SUCCEEDED,) if detail.state == RowState.SUCCEEDED else (),
        )

        def again() -> object:
            return actions.retry(batch, request.user, rows=[row], states=states)

        return _do(request, batch, again, words, back)
    if not detail.can_be_retried:
        messages.error(request, f"Row {row:,} has nothing to retry: it is {detail.state.label.lower()}.")
        return redirect(back)
    cost = _cost(batch, 1)
    what = "The same request is sent again as a separate batch at xAI. The earlier attempt is kept."
    what += f" An answer costs about {dollars(cost)}." if cost else ""
    return _ask(request, batch, f"Retry row {row:,}?", what, "Retry", back)


# ---- question and action ----------------------------------------------------------------------------------


def _typed(request: TeamRequest) -> QueryDict | None:
    """Returns what a form is bound to: on POST, even if nothing was sent."""
    return request.POST if request.method == "POST" else None


def _cost(batch: Batch, rows: int) -> int | None:
    """Returns the cost of some answers in ticks, by this batch's answers, else by its estimate. None if unknown."""
    if batch.succeeded:
        return batch.cost_ticks * rows // batch.succeeded
    estimate = batch.estimate or {}
    return int(estimate["likely"]) * rows // int(estimate["rows"]) if estimate.get("rows") else None


def _question(
    batch: Batch,
    question: str,
    what: str,
    verb: str,
    back: str = "",
    *,
    is_calm: bool = True,
    stay: str = "",
) -> dict[str, Any]:
    """What a question says. `verb` is on the button that does it, `stay` on the one that does not."""
    return {
        "batch": batch,
        "question": question,
        "what": what,
        "verb": verb,
        "back": back or reverse("batch", args=[batch.pk]),
        "calm": is_calm,
        "stay": stay,
    }


def _ask(
    request: TeamRequest,
    batch: Batch,
    question: str,
    what: str,
    verb: str,
    back: str = "",
    *,
    is_calm: bool = True,
    stay: str = "",
) -> HttpResponse:
    """Shows the question. Not `is_calm`: the button warns."""
    context = _question(batch, question, what, verb, back, is_calm=is_calm, stay=stay)
    return render(request, "confirm_batch.html", context)


def _do(
    request: TeamRequest, batch: Batch, action: Callable[[], object], words: str = "", back: str = ""
) -> HttpResponse:
    """Does it and wakes a worker, or says why the state of the batch does not allow it.

    `words` is a message for what the page itself does not show.
    """
    try:
        action()
    except actions.NotNow as error:
        messages.error(request, str(error))
    else:
        tasks.nudge(batch)
        if words:
            messages.success(request, words)
    return redirect(back or reverse("batch", args=[batch.pk]))
