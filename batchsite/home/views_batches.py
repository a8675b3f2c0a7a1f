"""The list of batches, and how one that was submitted stands; the page around that is in the room `review`."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.batches import queries
from batchsite.batches.tags import tags_of
from batchsite.home import batch_list
from batchsite.http import pulse_of, the_same, whole_number, words_of
from batchsite.teams.requests import TeamRequest, page_or_part


@require_GET
def batches(request: TeamRequest) -> HttpResponse:
    """The list; for its own poll, the rows that are shown."""
    asked = request.GET
    shown = [int(pk) for pk in asked.get("shown", "").split(",") if whole_number(pk)]
    if shown:
        listing = batch_list.listed(request.team, shown)
        pulse = pulse_of(queries.figures_of(listing.batches))
        return the_same(request, pulse) or render(request, "home/_list.html", {"listing": listing, "pulse": pulse})
    filters: dict[str, Any] = {
        "search": words_of(asked.get("search")),
        "only": asked.get("only", ""),
        "person": whole_number(asked.get("person")),
        "tag": words_of(asked.get("tag")).lower()[:40],
    }
    found = batch_list.listing(
        request.team, **filters, after=whole_number(asked.get("after")), before=whole_number(asked.get("before"))
    )
    context = {
        "listing": found,
        "pulse": pulse_of(queries.figures_of(found.batches)),
        "filters": [(name, label) for name, (label, _) in batch_list.FILTERS.items()],
        "asked": filters,
        "is_filtered": any(filters.values()),
        "people": request.team.members.order_by("name", "email"),
        "tags": tags_of(request.team),
    }
    return page_or_part(request, "home/list.html", "home/_list.html", context)
