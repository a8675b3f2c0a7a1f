"""The choice of rows on the page of a draft, while a worker looks for those with a value."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from batchsite.batches import queries
from batchsite.drafts.draft_page import draft_context
from batchsite.drafts.forms import DraftForm
from batchsite.teams.requests import TeamRequest


@require_GET
def batch_row_choice(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The live part; the address that one sees is the page's."""
    batch = queries.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch-edit", batch.pk)
    return render(request, "drafts/_row_choice.html", draft_context(request, DraftForm(batch=batch), 1))
