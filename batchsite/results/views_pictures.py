"""The gallery, as a tab of the page of a batch."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from batchsite.batches.batch_tabs import PICTURES
from batchsite.batches.end_records import mark_seen
from batchsite.gallery import picture_page
from batchsite.gallery.views import batch_with_pictures
from batchsite.results.row_filter import RowFilter
from batchsite.results.views_progress import status_context
from batchsite.teams.requests import TeamRequest


@require_GET
def batch_pictures(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Shows the head and the pictures; for htmx only the part that moves while they are fetched."""
    batch = batch_with_pictures(request, batch_id)
    context = {"batch": batch, "pictures": picture_page.page_of(batch, request.GET.get("after", ""))}
    if request.htmx:
        return render(request, "results/_pictures.html", context)
    mark_seen(batch, request.user)
    return render(request, "results/batch.html", status_context(request, batch, RowFilter(), PICTURES) | context)
