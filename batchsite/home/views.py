"""The dashboard page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.batches.queries import figures_of
from batchsite.datasets.views_list import upload_part
from batchsite.home import spend_charts
from batchsite.home.dashboard import dashboard, spending
from batchsite.http import fingerprint_of, unchanged
from batchsite.teams.last_seen import note_visit
from batchsite.teams.requests import TeamRequest, page_or_part


@require_GET
def home(request: TeamRequest) -> HttpResponse:
    """Shows the whole page, or for its poll the lists of batches. Only the whole page counts as a visit."""
    is_poll = request.htmx and not request.htmx.history_restore_request
    looked = request.membership.seen_before if is_poll else note_visit(request.membership)
    board = dashboard(request.team, looked)
    pulse = fingerprint_of(sorted(board.stalled), looked, sorted(board.left.items()), *map(figures_of, board.lists))
    if is_poll and (same := unchanged(request, pulse)):
        return same
    context: dict[str, Any] = {"board": board, "looked": looked, "pulse": pulse}
    if not is_poll:
        context |= _spending(request) | upload_part(request.team)
    return page_or_part(request, "home/dashboard.html", "home/_dashboard.html", context)


@require_GET
def charts(request: TeamRequest) -> HttpResponse:
    """Shows the charts alone, for their own poll."""
    return render(request, "home/_spending.html", _spending(request))


def _spending(request: TeamRequest) -> dict[str, Any]:
    found = spending(request.team)
    return {
        "spending": found,
        "spend_chart": spend_charts.by_day(found),
        "rows_chart": spend_charts.outcomes(found),
        "people_ranks": spend_charts.by_person(found),
        "model_ranks": spend_charts.by_models(found),
    }
