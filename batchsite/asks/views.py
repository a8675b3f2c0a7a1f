"""The page that asks a prompt once, and the team's list of what was asked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from batchsite.asks import ask_start, tasks
from batchsite.asks.ask_start import AskRefused, asks_of
from batchsite.asks.forms import AskForm
from batchsite.asks.models import Ask, AskState
from batchsite.batches import queries
from batchsite.batches.states import State
from batchsite.http import UNPROCESSABLE, whole_number
from batchsite.pricing.single_prompts import likely_cost
from batchsite.teams.accounts import AccountKind, account_kind, keys_of
from batchsite.teams.requests import TeamRequest

SHOWN = 30
"""Asks on a page."""
DRAFTS_OFFERED = 10


@require_http_methods(["GET", "POST"])
def asks(request: TeamRequest) -> HttpResponse:
    """The form, filled from an earlier ask if one is named, and the list."""
    if request.method == "POST":
        form = AskForm(request.POST, team=request.team)
        if form.is_valid() and (asked := _press(request, form)):
            return redirect("ask", asked.pk)
        return render(request, "asks/asks.html", _context(request, form), status=UNPROCESSABLE)
    return render(request, "asks/asks.html", _context(request, AskForm(initial=_initial(request), team=request.team)))


def _press(request: TeamRequest, form: AskForm) -> Ask | None:
    """Returns the ask that was stored. None if it was refused, which the form then says."""
    typed = form.cleaned_data
    texts = {"model": typed["model"], "prompt": typed["prompt"], "system": typed["system"]}
    try:
        asked = ask_start.press(request.team, request.user, key=typed.get("key"), **texts, **form.params())
    except AskRefused as refusal:
        form.add_error(None, str(refusal))
        return None
    tasks.nudge(asked)
    return asked


def _initial(request: TeamRequest) -> dict[str, Any]:
    earlier = asks_of(request.team).filter(pk=whole_number(request.GET.get("again")) or 0).first()
    if earlier is None:
        return {}
    effort = earlier.params.get("reasoning_effort") or ""
    asked = {"prompt": earlier.prompt, "system": earlier.system_prompt, "model": earlier.model, "effort": effort}
    key = keys_of(request.team).filter(pk=earlier.key_id or 0).first()
    return asked | ({"key": key} if key else {})


def _context(request: TeamRequest, form: AskForm) -> dict[str, Any]:
    after = whole_number(request.GET.get("after"))
    earlier = ask_start.listed(request.team)
    shown = list((earlier.filter(pk__lt=after) if after else earlier)[: SHOWN + 1])
    model = str(form["model"].value() or form.fields["model"].widget.choices[0][0])
    return {
        "form": form,
        "asks": shown[:SHOWN],
        "next": f"?after={shown[SHOWN - 1].pk}" if len(shown) > SHOWN else "",
        "simulated": account_kind(request.team) == AccountKind.SANDBOX,
        "model": model,
        "likely": likely_cost(request.team, model, 400),
    }


@require_GET
def ask(request: TeamRequest, ask_id: int) -> HttpResponse:
    """One ask, which renews itself while it is answered; for htmx only its changing part."""
    asked = get_object_or_404(asks_of(request.team), pk=ask_id)
    drafts = queries.batches_of(request.team).filter(state=State.DRAFT, archived_at=None).order_by("-pk")
    context = {"ask": asked, "drafts": drafts[:DRAFTS_OFFERED] if asked.state == AskState.ANSWERED else []}
    return render(request, "asks/_ask.html" if request.htmx else "asks/ask.html", context)


@require_http_methods(["GET", "POST"])
def ask_remove(request: TeamRequest, ask_id: int) -> HttpResponse:
    """Removes an ask, with its answer, from the team's list."""
    asked = get_object_or_404(asks_of(request.team), pk=ask_id)
    if request.method == "GET":
        context = {"question": "Remove this ask?", "verb": "Remove", "ask": asked}
        return render(request, "asks/remove.html", context | {"back": reverse("ask", args=[ask_id])})
    ask_start.remove(asked)
    if Ask.objects.filter(pk=ask_id).exists():
        still = "xAI is still working on it, and it will be charged. Remove it once the answer is there."
        messages.warning(request, still)
        return redirect("ask", ask_id)
    messages.success(request, "Removed from the list.")
    return redirect("asks")
