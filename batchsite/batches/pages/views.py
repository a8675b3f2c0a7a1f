"""The list of batches, and how one that was submitted stands; the page around that is in the room `review`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from batchsite.batches.models import Batch
from batchsite.batches.pages import results_selectors, selectors
from batchsite.batches.pages.results_selectors import Wanted
from batchsite.batches.pages.standing import standing, tone_of
from batchsite.batches.states import RowState, State
from batchsite.batches.tagging import tags_of
from batchsite.http import TeamRequest, page_or_part, pulse_of, the_same, whole_number, words_of

LATEST = 6
"""Lines of the timeline that stand open; earlier ones are folded."""


@require_GET
def batches(request: TeamRequest) -> HttpResponse:
    """The list; for its own poll, the rows that are shown."""
    asked = request.GET
    shown = [int(pk) for pk in asked.get("shown", "").split(",") if whole_number(pk)]
    if shown:
        listing = selectors.listed(request.team, shown)
        pulse = pulse_of(selectors.figures_of(listing.batches))
        return the_same(request, pulse) or render(request, "batches/_list.html", {"listing": listing, "pulse": pulse})
    filters: dict[str, Any] = {
        "search": words_of(asked.get("search")),
        "only": asked.get("only", ""),
        "person": whole_number(asked.get("person")),
        "tag": words_of(asked.get("tag")).lower()[:40],
    }
    found = selectors.listing(
        request.team, **filters, after=whole_number(asked.get("after")), before=whole_number(asked.get("before"))
    )
    context = {
        "listing": found,
        "pulse": pulse_of(selectors.figures_of(found.batches)),
        "filters": [(name, label) for name, (label, _) in selectors.FILTERS.items()],
        "asked": filters,
        "is_filtered": any(filters.values()),
        "people": request.team.members.order_by("name", "email"),
        "tags": tags_of(request.team),
    }
    return page_or_part(request, "batches/list.html", "batches/_list.html", context)


@require_GET
def batch_progress(request: TeamRequest, batch_id: int) -> HttpResponse:
    """The live part. Where more than figures changed since `shown`, what stands around it comes along."""
    found = selectors.batch_of(request.team, batch_id)
    if not request.htmx:
        return redirect("batch", found.pk)
    if found.state == State.DRAFT:
        return HttpResponseClientRedirect(reverse("batch-edit", args=[found.pk]))
    context = standing_of(request, found, wanted_of(request.GET))
    context["oob"] = context["standing"].mark != request.GET.get("shown")
    return render(request, "batches/_live.html", context)


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
        "causes": results_selectors.causes(found),
        "misfits": results_selectors.misfits(found),
        "earlier": story[:-LATEST],
        "timeline": story[-LATEST:],
        "poll_url": f"{reverse('batch-progress', args=[found.pk])}?{again}",
        "query": f"?{kept.urlencode()}" if kept else "",
    }


def wanted_of(asked: QueryDict) -> Wanted:
    """Which rows the address asks for; what it does not know counts as all."""
    state = asked.get("state", "")
    return Wanted(state if state in RowState.values else "", words_of(asked.get("cause"))[:60])
