"""Dead links on the review of a draft: what a worker found, and what a person does about it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from batchsite.batches import queries
from batchsite.drafts import dead_links
from batchsite.drafts.draft_store import Submitted
from batchsite.drafts.views import to_batch
from batchsite.teams.requests import TeamRequest
from batchsite.wording import many


@require_http_methods(["GET", "POST"])
def batch_dead_links(request: TeamRequest, batch_id: int) -> HttpResponse:
    """GET is the live part of the review; POST asks for the links again, or skips the rows that have dead ones."""
    batch = queries.batch_of(request.team, batch_id)
    if request.method == "POST":
        if request.POST.get("do") == "skip":
            try:
                count = dead_links.skip_rows(batch)
                messages.success(request, f"{many(count, 'row')} with dead links left out: look at the draft again.")
            except Submitted:
                return to_batch(request, batch)
            except ValueError as error:
                messages.error(request, str(error))
        else:
            dead_links.begin(batch, again=True)
        return redirect("batch-review", batch.pk)
    if not request.htmx:
        return redirect("batch-review", batch.pk)
    return render(request, "drafts/_links.html", {"batch": batch, "links": dead_links.check_of(batch)})
