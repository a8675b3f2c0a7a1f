"""The question before an action on a batch, and the action itself. Used by the views of actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.batches.models import Batch
from batchsite.submission import actions, tasks
from batchsite.teams.requests import TeamRequest

ask_and_do = require_http_methods(["GET", "POST"])


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
