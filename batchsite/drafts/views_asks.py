"""An answer that was asked once becomes an example of a draft."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from batchsite.asks.ask_start import answered
from batchsite.batches import queries
from batchsite.drafts import draft_store
from batchsite.drafts.views import to_batch
from batchsite.http import whole_number
from batchsite.recipes.prompt_template import literal
from batchsite.teams.requests import TeamRequest


@require_POST
def ask_as_example(request: TeamRequest, ask_id: int) -> HttpResponse:
    """Adds a prompt and its answer to the examples of the draft that was chosen."""
    asked = get_object_or_404(answered(request.team), pk=ask_id)
    batch = queries.batch_of(request.team, whole_number(request.POST.get("batch")) or 0)
    example = {"user": literal(asked.prompt), "assistant": literal(asked.answer)}
    try:
        draft_store.save(batch, {"examples": [*batch.examples, example]})
    except draft_store.Submitted:
        return to_batch(request, batch)
    messages.success(request, "Added as the last example.")
    return redirect(f"{reverse('batch-edit', args=[batch.pk])}#examples")
