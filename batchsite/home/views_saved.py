"""Views of the list of batches that the team saved."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from batchsite.batches import saved_views
from batchsite.batches.models import SavedView
from batchsite.home.views_batches import view_query
from batchsite.http import clean_text, offer_undo
from batchsite.teams.requests import TeamRequest


@require_POST
def batches_save_view(request: TeamRequest) -> HttpResponse:
    """Saves the filter and the order of the list under a name, for the team."""
    query = view_query(QueryDict(clean_text(request.POST.get("query"))))
    name = clean_text(request.POST.get("name"))
    why_not = saved_views.save(request.team, SavedView.Place.BATCHES, name, query, request.user)
    if why_not:
        messages.error(request, why_not)
    return redirect(f"{reverse('batches')}?{query[: saved_views.LONGEST]}")


@require_POST
def batches_delete_view(request: TeamRequest, view_id: int) -> HttpResponse:
    """Deletes a view of the list; Undo saves it again."""
    view = saved_views.delete(request.team, view_id)
    if view is None:
        raise Http404
    again = [("name", view.name), ("query", view.query)]
    offer_undo(request, f"The view “{view}” is deleted.", reverse("batches-save-view"), again)
    return redirect("batches")
