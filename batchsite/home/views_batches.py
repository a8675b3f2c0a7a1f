"""The list of batches."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from batchsite.batches import queries, saved_views
from batchsite.batches.models import SavedView
from batchsite.batches.tags import tags_of
from batchsite.home import batch_list
from batchsite.home.batch_list import ARCHIVED, NEWEST, SORTS, BatchListing
from batchsite.http import (
    at_its_address,
    chips_of,
    clean_text,
    fingerprint_of,
    offered_undo,
    unchanged,
    whole_number,
    whole_numbers,
)
from batchsite.key_pages import sort_in, sort_links
from batchsite.teams.models import User
from batchsite.teams.requests import TeamRequest

POLLED = ("shown", "had")
"""Parameters of the poll alone: the batches that are shown, and how they stood."""


@require_GET
def batches(request: TeamRequest) -> HttpResponse:
    """Shows the list, or for its poll the rows that are shown."""
    query, sort = _page_query(request), sort_in(request.GET, SORTS)
    shown = whole_numbers(request.GET.get("shown", "").split(","))
    filters = _filters_in(query)
    if shown:
        context = _table(batch_list.page_again(request.team, shown), query, sort, filters)
        return unchanged(request, context["pulse"]) or render(request, "home/_list.html", context)
    listing = batch_list.listing(
        request.team,
        **filters,
        sort=sort,
        after=whole_number(query.get("after")),
        before=whole_number(query.get("before")),
    )
    people = list(request.team.members.order_by("name", "email"))
    context = _table(listing, query, sort, filters) | {
        "filters": [(name, label) for name, (label, _) in batch_list.FILTERS.items()],
        "chips": chips_of(query, _filters_in_use(filters, people, request.user)),
        "people": people,
        "tags": tags_of(request.team),
        "saved": saved_views.views_of(request.team, SavedView.Place.BATCHES, view_query(query)),
        "undo": offered_undo(request),
    }
    return at_its_address(request, render(request, "home/list.html", context))


def view_query(query: QueryDict) -> str:
    """Returns the filter and the order that an address names, in one canonical form."""
    parts = [*_filters_in(query).items(), ("sort", sort_in(query, SORTS))]
    return urlencode([(name, value) for name, value in parts if value])


def _filters_in(query: QueryDict) -> dict[str, Any]:
    return {
        "search": clean_text(query.get("search"))[:200],
        "only": query.get("only", "") if query.get("only") in batch_list.FILTERS else "",
        "person": whole_number(query.get("person")),
        "tag": clean_text(query.get("tag")).lower()[:40],
    }


def _page_query(request: TeamRequest) -> QueryDict:
    """Returns the query of the page, also in its poll."""
    query = request.GET.copy()
    for name in POLLED:
        query.pop(name, None)
    return query


def _table(listing: BatchListing, query: QueryDict, sort: str, filters: dict[str, Any]) -> dict[str, Any]:
    """Returns what the table of the list shows, and its poll again."""
    return {
        "listing": listing,
        "pulse": fingerprint_of(queries.figures_of(listing.batches)),
        "links": sort_links(query, SORTS, sort or NEWEST),
        "asked": filters,
        "sort": sort,
        "is_archive": filters["only"] == ARCHIVED,
        "page_query": query.urlencode(),
    }


def _filters_in_use(filters: dict[str, Any], people: list[User], viewer: User) -> list[tuple[str, str]]:
    """Returns (name in the address, words) of every filter in use."""
    names = {person.pk: "you" if person == viewer else str(person) for person in people}
    words = {
        "search": f"“{filters['search']}”" if filters["search"] else "",
        "only": str(batch_list.FILTERS[filters["only"]][0]) if filters["only"] else "",
        "person": f"by {names.get(filters['person'], 'somebody else')}" if filters["person"] else "",
        "tag": f"tag {filters['tag']}" if filters["tag"] else "",
    }
    return [(name, text) for name, text in words.items() if text]
