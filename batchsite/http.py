"""What views share: the request that middleware has completed, and answers for htmx and for plain browsers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from batchsite.teams.models import Membership, Team, User


class TeamRequest(HttpRequest):
    """A request of a signed-in person, in one of their teams."""

    user: User
    team: Team
    membership: Membership
    htmx: HtmxDetails


def page_or_part(request: TeamRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for htmx only the part that the page includes: one fragment, two callers."""
    response = render(request, part if request.htmx else page, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
