"""The page on which owners request a file of everything that their team owns, and download it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from batchsite.processes.stream_slots import streams
from batchsite.recipes.recipe import id_prefix
from batchsite.takeout import takeout_steps
from batchsite.takeout.takeout_steps import KEPT, NoRoom
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


@require_http_methods(["GET", "POST"])
def takeout(request: TeamRequest) -> HttpResponse:
    if request.method == "POST":
        try:
            takeout_steps.ask(request.team, request.user)
        except NoRoom as error:
            messages.error(request, str(error))
        else:
            security_log.record("takeout_asked", request)
        return redirect("takeout")
    made = takeout_steps.latest(request.team)
    context = {
        "takeout": made,
        "gone_at": made.created_at + KEPT if made else None,
        "needed": takeout_steps.estimated_bytes(request.team),
        "free": takeout_steps.free_bytes(),
    }
    return render(request, "takeout/_takeout.html" if request.htmx else "takeout/takeout.html", context)


@require_safe
@streams
def takeout_file(request: TeamRequest) -> HttpResponseBase:
    """Sends the zip. Only whoever owns the team, and confirmed a short while ago, gets here."""
    made = takeout_steps.latest(request.team)
    if made is None or not made.ready_at:
        raise Http404("There is no such file any more. Ask for a new one on the Team page.")
    security_log.record("everything_downloaded", request)
    name = f"{id_prefix(request.team.name)}-everything-{made.created_at:%Y-%m-%d}.zip"
    response = StreamingHttpResponse(takeout_steps.pieces_of(made), content_type="application/zip")
    response["Content-Length"] = str(made.size)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


@require_POST
def takeout_remove(request: TeamRequest) -> HttpResponse:
    if made := takeout_steps.latest(request.team):
        takeout_steps.remove(made)
        security_log.record("takeout_removed", request)
        messages.success(request, "The file is removed.")
    return redirect("takeout")
