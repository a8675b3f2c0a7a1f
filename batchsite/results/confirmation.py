"""The question before an action on a batch, and the action itself. Used by the views of actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.submission import actions, tasks
from batchsite.teams.requests import TeamRequest

NOT_SUBMITTED = "This batch has not been submitted yet."
ask_and_do = require_http_methods(["GET", "POST"])


def ask_while_it_runs(view: Callable[[TeamRequest, Batch], HttpResponse]) -> Callable[..., HttpResponse]:
    """Like `ask_and_do`, for actions that only a running batch allows; the view gets the batch. For any other batch,
    its page says why that is impossible.
    """

    @ask_and_do
    @wraps(view)
    def asked(request: TeamRequest, batch_id: int) -> HttpResponse:
        batch = queries.batch_of(request.team, batch_id)
        if batch.is_running:
            return view(request, batch)
        return refuse(request, batch, NOT_SUBMITTED if batch.state == State.DRAFT else actions.HAS_ENDED)

    return asked


def refuse(request: TeamRequest, batch: Batch, words: str) -> HttpResponse:
    """Redirects to the page of the batch, which says why."""
    messages.error(request, words)
    return redirect("batch", batch.pk)


def typed(request: TeamRequest) -> QueryDict | None:
    """Returns what a form is bound to: on POST, even if nothing was sent."""
    return request.POST if request.method == "POST" else None


def question_context(
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


def ask(
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
    context = question_context(batch, question, what, verb, back, is_calm=is_calm, stay=stay)
    return render(request, "confirm_batch.html", context)


def do(
    request: TeamRequest, batch: Batch, action: Callable[[], object], words: str = "", back: str = ""
) -> HttpResponse:
    """Does the action and wakes a worker, or says why the batch's state does not allow it.

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
