"""The list of batches."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.batches import queries
from batchsite.batches.tags import tags_of
from batchsite.home import batch_list
from batchsite.http import clean_text, fingerprint_of, unchanged, whole_number
from batchsite.teams.requests import TeamRequest, page_or_part


@require_GET
def batches(request: TeamRequest) -> HttpResponse:
    """Shows the list, or for its poll the rows that are shown."""
    query = request.GET
    shown = [int(pk) for pk in query.get("shown", "").split(",") if whole_number(pk)]
    if shown:
        listing = batch_list.page_again(request.team, shown)
        pulse = fingerprint_of(queries.figures_of(listing.batches))
        return unchanged(request, pulse) or render(request, "home/_list.html", {"listing": listing, "pulse": pulse})
    filters: dict[str, Any] = {
        "search": clean_text(query.get("search")),
        "only": query.get("only", ""),
        "person": whole_number(query.get("person")),
        "tag": clean_text(query.get("tag")).lower()[:40],
    }
    listing = batch_list.listing(
        request.team, **filters, after=whole_number(query.get("after")), before=whole_number(query.get("before"))
    )
    context = {
        "listing": listing,
        "pulse": fingerprint_of(queries.figures_of(listing.batches)),
        "filters": [(name, label) for name, (label, _) in batch_list.FILTERS.items()],
        "asked": filters,
        "is_filtered": any(filters.values()),
        "people": request.team.members.order_by("name", "email"),
        "tags": tags_of(request.team),
    }
    return page_or_part(request, "home/list.html", "home/_list.html", context)
