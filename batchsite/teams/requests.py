"""Request types: what the middleware adds to a request, and how a view answers htmx and plain browsers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from batchsite.teams.models import Membership, Team, User


class PersonRequest(HttpRequest):
    """A request of a signed-in person, who may be in no team."""

    user: User
    htmx: HtmxDetails


class TeamRequest(PersonRequest):
    """A request of a signed-in person, in one of their teams."""

    team: Team
    membership: Membership


def page_or_part(request: TeamRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """Renders the page, or for htmx only `part`, the fragment that the page includes."""
    wants_part = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    response = render(request, part if wants_part else page, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
