"""The list of models on the page of a draft: refreshed from the provider, and asked whether they run in batches."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.batches.batchable import answers_for, reason
from batchsite.drafts import model_question
from batchsite.drafts.forms import DraftForm
from batchsite.http import clean_text, whole_number
from batchsite.pricing.model_prices import ModelPrice, prices_for
from batchsite.pricing.tasks import ask_for_prices
from batchsite.submission.actions import NotNow
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.requests import TeamRequest

LOOKS = 15
"""How often the page asks for the new list, once a second, before it says that none came."""


@require_http_methods(["GET", "POST"])
def batch_models(request: TeamRequest, batch_id: int) -> HttpResponse:
    """POST asks the provider; GET shows its list once the fingerprint differs from `shown`."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch-edit", batch.pk)
    listed = prices_for(request.team)
    if request.method == "POST":
        ask_for_prices(str(account_kind(request.team)), request.team.pk)
        return render(request, "drafts/_models.html", _waiting(listed, 1) | {"batch": batch})
    look = whole_number(request.GET.get("look")) or 1
    context = {"batch": batch, "offers": listed, "asked": True}
    if request.GET.get("shown", "") == prices_fingerprint(listed):
        context |= _waiting(listed, look + 1) if look < LOOKS else {"in_vain": True}
        return render(request, "drafts/_models.html", context)
    batch.model = clean_text(request.GET.get("model"))[:100]  # as it stands on the page, saved or not
    form = DraftForm(batch=batch)
    return render(request, "drafts/_models.html", context | {"choice": form["model"]})


@require_http_methods(["GET", "POST"])
def batch_ask_model(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Asks xAI whether it takes a model in batches, with one tiny row: GET tells the price, POST sends it."""
    batch = queries.batch_of(request.team, batch_id)
    model = clean_text(request.POST.get("model") or request.GET.get("model"))[:100]
    asking = model_question.question(batch, model, request.user)
    if asking is None:
        messages.info(request, f"There is nothing to ask about {model or 'no model'}: what is known of it is listed.")
        return redirect("batch-edit", batch.pk)
    if request.method == "POST":
        try:
            return redirect("batch", model_question.ask(asking, request.user).pk)
        except NotNow as refusal:
            messages.error(request, str(refusal))
            return redirect("batch-edit", batch.pk)
    context = {
        "batch": batch,
        "question": f"Ask xAI whether {model} runs in batches?",
        "verb": "Ask",
        "back": reverse("batch-edit", args=[batch.pk]),
        "calm": True,
        "model": model,
        "known": reason(model, answers_for(request.team)),
        "price": model_question.price(asking),
        "simulated": account_kind(request.team) == AccountKind.SANDBOX,
    }
    return render(request, "drafts/ask_model.html", context)


def _waiting(listed: list[ModelPrice], look: int) -> dict[str, object]:
    return {"offers": listed, "look": look, "shown": prices_fingerprint(listed)}


def prices_fingerprint(listed: list[ModelPrice]) -> str:
    """Returns when the provider listed the models, as ISO 8601. Empty if it never did."""
    refreshed_at = listed[0].refreshed_at if listed else None
    return refreshed_at.isoformat() if refreshed_at else ""
