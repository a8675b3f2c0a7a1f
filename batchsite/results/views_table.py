"""What people set about the table of results: its columns, and views of it that the team saved."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from batchsite.batches import queries, saved_views
from batchsite.batches.models import SavedView
from batchsite.http import clean_text, next_url, offer_undo
from batchsite.results import column_choice, table_columns
from batchsite.results.row_filter import filter_in, table_query
from batchsite.teams.requests import TeamRequest

WIDTH = "width."
"""Before the key of a column in the name of the field with its width."""


@require_POST
def batch_columns(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Remembers which columns the person looks at, and how wide; all usual again with `reset`."""
    batch = queries.batch_of(request.team, batch_id)
    known = {column.key for column in table_columns.columns_of(batch, QueryDict())}
    chosen = [key for key in request.POST.getlist("col") if key in known]
    widths = {name.removeprefix(WIDTH): str(request.POST[name]) for name in request.POST if name.startswith(WIDTH)}
    column_choice.choose(request.user, batch, [] if "reset" in request.POST else chosen, widths)
    if request.htmx or request.headers.get("Accept") == "application/json":
        return HttpResponse(status=204)
    return redirect(next_url(request) if request.POST.get("next") else reverse("batch", args=[batch.pk]))


@require_POST
def batch_save_view(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Saves the filter and the order of the rows under a name, for the team."""
    batch = queries.batch_of(request.team, batch_id)
    query = table_query(filter_in(QueryDict(clean_text(request.POST.get("query")))))
    name = clean_text(request.POST.get("name"))
    why_not = saved_views.save(request.team, SavedView.Place.RESULTS, name, query, request.user)
    if why_not:
        messages.error(request, why_not)
    return redirect(f"{reverse('batch', args=[batch.pk])}?{query[: saved_views.LONGEST]}#results")


@require_POST
def batch_delete_view(request: TeamRequest, batch_id: int, view_id: int) -> HttpResponse:
    """Deletes a view of the rows; Undo saves it again."""
    batch = queries.batch_of(request.team, batch_id)
    view = saved_views.delete(request.team, view_id)
    if view:
        again = [("name", view.name), ("query", view.query)]
        offer_undo(request, f"The view “{view}” is deleted.", reverse("batch-save-view", args=[batch.pk]), again)
    return redirect(f"{reverse('batch', args=[batch.pk])}#results")
