"""The first page: what needs a hand, what runs, what is done, what it costs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.batches.pages import pictures
from batchsite.batches.pages.overview import dashboard, spending
from batchsite.batches.pages.selectors import figures_of
from batchsite.http import TeamRequest, page_or_part, pulse_of, the_same
from batchsite.teams.seeing import look


@require_GET
def home(request: TeamRequest) -> HttpResponse:
    """The whole page, or for its own poll the lists of batches. Only the whole page counts as a look."""
    is_poll = request.htmx and not request.htmx.history_restore_request
    looked = request.membership.seen_before if is_poll else look(request.membership)
    board = dashboard(request.team, looked)
    pulse = pulse_of(sorted(board.stalled), looked, *map(figures_of, board.lists))
    if is_poll and (same := the_same(request, pulse)):
        return same
    context: dict[str, Any] = {"board": board, "looked": looked, "pulse": pulse}
    if not is_poll:
        context |= _spending(request)
    return page_or_part(request, "batches/dashboard.html", "batches/_dashboard.html", context)


@require_GET
def charts(request: TeamRequest) -> HttpResponse:
    """The charts alone, for their own poll."""
    return render(request, "batches/_spending.html", _spending(request))


def _spending(request: TeamRequest) -> dict[str, Any]:
    found = spending(request.team)
    return {
        "spending": found,
        "spend_chart": pictures.by_day(found),
        "rows_chart": pictures.outcomes(found),
        "people_ranks": pictures.by_person(found),
        "model_ranks": pictures.by_models(found),
    }
