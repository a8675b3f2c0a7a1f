"""Trials: a panel on the page of a draft, and a page of its own that needs no JavaScript."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.drafts import draft_store
from batchsite.http import UNPROCESSABLE, page_shown, whole_number
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.key_choice import PayingKeyForm
from batchsite.teams.requests import TeamRequest
from batchsite.trials import tasks, trial_start
from batchsite.trials.forms import FORM, added, choice_of, key_form, typed_variants
from batchsite.trials.models import Trial
from batchsite.trials.trial_page import cost_of, panel_context, same_rows, shown
from batchsite.trials.trial_rows import RowChoice, choose


@require_http_methods(["GET", "POST"])
def trying(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The page of trials; POST handles all buttons, of the page and of the panel."""
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        return _act(request, batch)
    trial = _trial(batch, request.GET.get("trial"))
    choice = choice_of(request.GET) if "how" in request.GET else same_rows(trial or _latest(batch))
    return render(request, "trials/try.html", _panel(request, batch, choice, trial))


@require_GET
def panel(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The panel for the page of the draft."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("try", batch.pk)
    return render(request, "trials/_panel.html", _panel(request, batch, same_rows(_latest(batch))) | _beside(request))


@require_GET
def answers(request: TeamRequest, batch_id: int, trial_id: int) -> HttpResponse:
    """The live part: answers as they arrive."""
    batch = queries.batch_of(request.team, batch_id)
    trial = get_object_or_404(batch.trials, pk=trial_id)
    if not request.htmx:
        return redirect(f"{reverse('try', args=[batch.pk])}?trial={trial.pk}")
    return render(request, "trials/_tried.html", _tried(batch, trial))


@require_GET
def answer(request: TeamRequest, batch_id: int, trial_id: int, answer_id: int) -> HttpResponse:
    """One answer as received, with its request."""
    batch = queries.batch_of(request.team, batch_id)
    trial = get_object_or_404(batch.trials, pk=trial_id)
    found = get_object_or_404(trial.answers.select_related("source", "trial"), pk=answer_id)
    return render(request, "trials/answer.html", {"batch": batch, "answer": found, "raw": found.source or found})


# ---- what the buttons do -------------------------------------------------------------------------------


def _act(request: TeamRequest, batch: Batch) -> HttpResponse:
    """Does what the button `act` says; what is typed about variants is saved in any case."""
    what, _, which = request.POST.get("act", "save").partition("-")
    choice = choice_of(request.POST)
    try:
        draft_store.save(batch, {"variants": typed_variants(request.POST, batch)})
        if what == "try":
            return _press(request, batch, choice)
        if what == "use":
            return _use(request, batch, which)
        _change(batch, what, which)
    except (trial_start.TrialRefused, draft_store.Submitted) as error:
        return _refused(request, batch, choice, str(error))
    if what == "price" and request.htmx:
        simulated = account_kind(request.team) == AccountKind.SANDBOX
        context = {"batch": batch, "cost": cost_of(batch, choice), "saved": True, "simulated": simulated}
        return render(request, "trials/_cost.html", context)
    return _back(request, batch, choice)


def _press(request: TeamRequest, batch: Batch, choice: RowChoice) -> HttpResponse:
    try:
        rows = choose(choice, batch.rows, batch.dataset.row_count)
    except ValueError as error:
        return _refused(request, batch, choice, str(error))
    paying = PayingKeyForm(request.team, request.POST, form_id=FORM)
    if not paying.is_valid():
        return _refused(request, batch, choice, "This key is not there any more. Choose another.")
    trial = trial_start.press(batch, request.user, rows, paying.chosen)
    tasks.nudge(trial)
    return _back(request, batch, same_rows(trial))


def _use(request: TeamRequest, batch: Batch, which: str) -> HttpResponse:
    """Replaces the draft's prompt, so the whole page is reloaded."""
    trial_id, _, number = which.partition("-")
    trial = get_object_or_404(batch.trials, pk=whole_number(trial_id) or 0)
    trial_start.use(trial, int(number) if number.isdecimal() and len(number) < 3 else -1)
    messages.success(request, "This is now the draft’s prompt. The previous one is among the variants.")
    return HttpResponseClientRefresh() if request.htmx else redirect("try", batch.pk)


def _change(batch: Batch, what: str, which: str) -> None:
    number = whole_number(which) or 0
    if what == "add":
        draft_store.save(batch, {"variants": added(batch)})
    elif what == "remove" and number:
        draft_store.save(batch, {"variants": [variant for at, variant in enumerate(batch.variants, 1) if at != number]})
    elif what in ("keep", "drop"):
        trial_start.keep(batch, number, kept=what == "keep")
    elif what == "stop":
        trial = batch.trials.filter(pk=number).first()
        if trial:
            trial_start.stop(trial)
            tasks.nudge(trial)
    batch.refresh_from_db()


def _back(request: TeamRequest, batch: Batch, choice: RowChoice) -> HttpResponse:
    if request.htmx:
        return render(request, "trials/_panel.html", _panel(request, batch, choice) | _beside(request))
    asked = {"how": choice.how, "count": choice.count, "picked": choice.picked}
    asked |= {"key": request.POST["key"]} if "key" in request.POST else {}
    return redirect(f"{reverse('try', args=[batch.pk])}?{urlencode(asked)}")


def _refused(request: TeamRequest, batch: Batch, choice: RowChoice, words: str) -> HttpResponse:
    context = _panel(request, batch, choice, refused=words) | _beside(request)
    template = "trials/_panel.html" if request.htmx else "trials/try.html"
    return render(request, template, context, status=UNPROCESSABLE)


def _panel(
    request: TeamRequest, batch: Batch, choice: RowChoice, trial: Trial | None = None, *, refused: str = ""
) -> dict[str, Any]:
    paying = key_form(request.team, request.POST or request.GET, trial or _latest(batch))
    return panel_context(batch, choice, trial, request.user, paying, refused=refused)


def _tried(batch: Batch, trial: Trial) -> dict[str, Any]:
    return {"batch": batch, "shown": shown(batch, trial), "is_draft": batch.state == State.DRAFT}


def _beside(request: TeamRequest) -> dict[str, bool]:
    """Returns whether the panel is part of the draft's page, where the prompt is in view."""
    return {"beside": not page_shown(request).split("?")[0].endswith("/try")}


def _trial(batch: Batch, pk: str | None) -> Trial | None:
    number = whole_number(pk)
    return batch.trials.filter(pk=number).first() if number else None


def _latest(batch: Batch) -> Trial | None:
    return batch.trials.order_by("-pk").first()
