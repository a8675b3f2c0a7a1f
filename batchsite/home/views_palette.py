"""The palette: a page with a search, which Ctrl-K opens as a dialog."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from batchsite.home.palette import LONGEST, found_by
from batchsite.http import clean_text
from batchsite.teams.access import Permissions
from batchsite.teams.requests import TeamRequest, page_or_part


@require_GET
def palette(request: TeamRequest) -> HttpResponse:
    """Shows what `q` names; with `first` it goes to the first of them, if there is one."""
    words = clean_text(request.GET.get("q"))[:LONGEST]
    groups = found_by(request.team, Permissions(request.membership), words)
    if "first" in request.GET and groups:
        return redirect(groups[0].places[0].url)
    return page_or_part(request, "home/palette.html", "home/_places.html", {"words": words, "groups": groups})
