"""The first page: what needs a hand, what runs, what is done."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from batchsite.batches.selectors import dashboard
from batchsite.http import TeamRequest, page_or_part


@require_GET
def home(request: TeamRequest) -> HttpResponse:
    """The whole page, or for its own poll the lists of batches."""
    context = {"board": dashboard(request.team)}
    return page_or_part(request, "batches/dashboard.html", "batches/_dashboard.html", context)
