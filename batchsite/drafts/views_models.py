"""The list of models on the page of a draft: refreshed from the provider and replaced in place."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.drafts.forms import DraftForm
from batchsite.http import clean_text, whole_number
from batchsite.pricing.model_prices import ModelPrice, prices_for
from batchsite.pricing.tasks import ask_for_prices
from batchsite.teams.accounts import account_kind
from batchsite.teams.requests import TeamRequest

LOOKS = 15
"""How often the page asks for the new list, a second apart, before it reports that none came."""


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


def _waiting(listed: list[ModelPrice], look: int) -> dict[str, object]:
    return {"offers": listed, "look": look, "shown": prices_fingerprint(listed)}


def prices_fingerprint(listed: list[ModelPrice]) -> str:
    """Returns when the provider listed the models, as ISO 8601. Empty if it never did."""
    refreshed_at = listed[0].refreshed_at if listed else None
    return refreshed_at.isoformat() if refreshed_at else ""
