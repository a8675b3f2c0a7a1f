"""The live parts of a batch's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.results import cause_counts
from batchsite.results.batch_status import status_of, tone_of
from batchsite.results.row_filter import RowFilter, filter_in
from batchsite.teams.requests import TeamRequest

LATEST = 6
"""Events of the timeline that are shown; earlier ones are folded."""


@require_GET
def batch_progress(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The live part. If more than figures changed since `shown`, the parts around it come along."""
    found = queries.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch", found.pk)
    if found.state == State.DRAFT:
        return HttpResponseClientRedirect(reverse("batch-edit", args=[found.pk]))
    context = status_context(request, found, filter_in(request.GET))
    context["oob"] = context["standing"].fingerprint != request.GET.get("shown")
    return render(request, "results/_live.html", context)


def status_context(request: TeamRequest, found: Batch, row_filter: RowFilter) -> dict[str, Any]:
    """Returns what the page of a batch shows above its rows."""
    stands = status_of(found)
    story = [(event, tone_of(event)) for event in stands.events]
    kept = request.GET.copy()
    kept.pop("shown", None)
    again = "&".join(filter(None, [urlencode({"shown": stands.fingerprint}), kept.urlencode()]))
    return {
        "batch": found,
        "standing": stands,
        "wanted": row_filter,
        "causes": cause_counts.causes(found),
        "misfits": cause_counts.misfits(found),
        "earlier": story[:-LATEST],
        "timeline": story[-LATEST:],
        "poll_url": f"{reverse('batch-progress', args=[found.pk])}?{again}",
        "query": f"?{kept.urlencode()}" if kept else "",
    }
