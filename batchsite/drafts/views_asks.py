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
from batchsite.drafts.typed_parts import MOST_ROWS
from batchsite.drafts.views import to_batch
from batchsite.http import whole_number
from batchsite.recipes.prompt_template import literal
from batchsite.teams.requests import TeamRequest

MOST_CHARACTERS = 2_000_000
"""The most characters of a draft's examples: they are loaded with every page of it. Its form has the same limit."""


@require_POST
def ask_as_example(request: TeamRequest, ask_id: int) -> HttpResponse:
    """Adds a prompt and its answer to the examples of the draft that was chosen."""
    asked = get_object_or_404(answered(request.team), pk=ask_id)
    batch = queries.batch_of(request.team, whole_number(request.POST.get("batch")) or 0)
    example = {"user": literal(asked.prompt), "assistant": literal(asked.answer)}
    examples = [*batch.examples, example]
    if len(examples) > MOST_ROWS or sum(len(text) for turn in examples for text in turn.values()) > MOST_CHARACTERS:
        words = f"A draft takes {MOST_ROWS} examples at most, with {MOST_CHARACTERS:,} characters altogether."
        messages.error(request, f"{words} Remove some of its examples first.")
        return redirect("ask", ask_id)
    try:
        draft_store.save(batch, {"examples": examples})
    except draft_store.Submitted:
        return to_batch(request, batch)
    messages.success(request, "Added as the last example.")
    return redirect(f"{reverse('batch-edit', args=[batch.pk])}#examples")
