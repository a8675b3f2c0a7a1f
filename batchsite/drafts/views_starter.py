"""A starter prompt: asks which column and which labels, then writes the prompt into an empty draft."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.drafts import draft_store, saved_prompts
from batchsite.drafts.starter_form import StarterForm
from batchsite.drafts.starter_prompts import starter_of
from batchsite.drafts.views import to_batch
from batchsite.http import UNPROCESSABLE
from batchsite.teams.requests import TeamRequest


@require_http_methods(["GET", "POST"])
def batch_starter(request: TeamRequest, batch_id: int, name: str) -> HttpResponse:
    """GET asks; POST writes. A draft that has a prompt meanwhile is left as it is."""
    batch, starter = queries.batch_of(request.team, batch_id), starter_of(name)
    if starter is None or not batch.dataset.columns:
        raise Http404("That starting prompt doesn’t exist.")
    page = f"{reverse('batch-edit', args=[batch.pk])}#prompt-step"
    if batch.prompt.strip():
        return redirect(page)
    form = StarterForm(starter, batch.dataset, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            saved_prompts.fill(batch, starter.make(batch.dataset, form.answers()))
        except draft_store.Submitted:
            return to_batch(request, batch)
        return redirect(page)
    context = {
        "batch": batch,
        "form": form,
        "question": starter.title,
        "what": f"{starter.what}. You can change every word of the prompt afterwards.",
        "verb": "Write the prompt",
        "back": page,
        "calm": True,
    }
    return render(request, "drafts/starter.html", context, status=UNPROCESSABLE if form.is_bound else 200)
