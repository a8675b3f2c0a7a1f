"""The live parts of a batch's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import RowState, State
from batchsite.http import words_of
from batchsite.results import result_rows
from batchsite.results.batch_status import standing, tone_of
from batchsite.results.result_rows import Wanted
from batchsite.teams.requests import TeamRequest

LATEST = 6
"""Lines of the timeline that stand open; earlier ones are folded."""


@require_GET
def batch_progress(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The live part. Where more than figures changed since `shown`, what stands around it comes along."""
    found = queries.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch", found.pk)
    if found.state == State.DRAFT:
        return HttpResponseClientRedirect(reverse("batch-edit", args=[found.pk]))
    context = standing_of(request, found, wanted_of(request.GET))
    context["oob"] = context["standing"].mark != request.GET.get("shown")
    return render(request, "results/_live.html", context)


def standing_of(request: TeamRequest, found: Batch, wanted: Any) -> dict[str, Any]:
    """What the page of a batch shows above its rows. `wanted` has the state and the cause that rows are chosen by."""
    stands = standing(found)
    story = [(event, tone_of(event)) for event in stands.events]
    kept = request.GET.copy()
    kept.pop("shown", None)
    again = "&".join(filter(None, [urlencode({"shown": stands.mark}), kept.urlencode()]))
    return {
        "batch": found,
        "standing": stands,
        "wanted": wanted,
        "causes": result_rows.causes(found),
        "misfits": result_rows.misfits(found),
        "earlier": story[:-LATEST],
        "timeline": story[-LATEST:],
        "poll_url": f"{reverse('batch-progress', args=[found.pk])}?{again}",
        "query": f"?{kept.urlencode()}" if kept else "",
    }


def wanted_of(asked: QueryDict) -> Wanted:
    """Which rows the address asks for; what it does not know counts as all."""
    state = asked.get("state", "")
    return Wanted(state if state in RowState.values else "", words_of(asked.get("cause"))[:60])
