"""Links that fetch a file without signing in: made, listed, revoked, opened."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from batchsite.batches import queries
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.exports import share_links
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.forms import DownloadForm, LinkForm
from batchsite.exports.result_files import ALL_FORMS, filename
from batchsite.exports.views import answer
from batchsite.http import UNPROCESSABLE
from batchsite.processes.stream_slots import streams
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def batch_links(request: TeamRequest, batch_id: int) -> HttpResponse:
    """Lists the links of a batch that still work. Makes one, whose address is shown this once."""
    batch = queries.batch_of(request.team, batch_id)
    if batch.state == State.DRAFT:
        return redirect("batch-edit", batch.pk)
    if request.method != "POST":
        return render(request, "exports/links.html", _listed(batch))
    query = QueryDict(request.POST.get("query", ""))
    form, link_form = DownloadForm(query, batch, query), LinkForm(request.POST)
    if not (form.is_valid() and link_form.is_valid()):
        context = {"form": form, "link_form": link_form, "query": query.urlencode(), "batch": batch}
        return render(request, "exports/download.html", context, status=UNPROCESSABLE)
    kind, given = form.cleaned_data["form"], link_form.cleaned_data
    days, comments = int(given["days"]), given["with_comments"]
    link, token = share_links.make(batch, request.user, kind, form.choice, days=days, with_comments=comments)
    security_log.record("link_made", request, batch=batch.pk, link=link.pk, days=days, with_comments=comments)
    name = filename(batch, ALL_FORMS[kind], form.choice)
    address = request.build_absolute_uri(reverse("shared-results", args=[token, name]))
    return render(request, "exports/links.html", _listed(batch) | {"address": address, "name": name, "made": link})


def _listed(batch: Batch) -> dict[str, Any]:
    links = [
        (link, ALL_FORMS[link.form], filename(batch, ALL_FORMS[link.form], DownloadChoice.from_json(link.choice)))
        for link in share_links.links_of(batch)
    ]
    return {"batch": batch, "links": links}


@require_POST
def link_revoke(request: TeamRequest, batch_id: int, link_id: int) -> HttpResponse:
    """Ends a link at once."""
    batch = queries.batch_of(request.team, batch_id)
    if share_links.revoke(batch, link_id):
        security_log.record("link_revoked", request, batch=batch.pk, link=link_id)
        messages.success(request, "The link no longer works.")
    return redirect("batch-links", batch.pk)


@require_safe
@streams
def shared_results(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Sends the file of a link, for scripts that cannot sign in."""
    shared = share_links.opened(token)
    if shared is None:
        words = (
            "This link no longer works: it has expired or was revoked, its creator left the team, or the batch was "
            "deleted.\n"
        )
        if "text/html" in request.headers.get("Accept", ""):  # a browser; curl accepts anything
            return render(request, "exports/link_gone.html", status=410)
        return HttpResponse(words, status=410, content_type="text/plain; charset=utf-8")
    return answer(request, shared.batch, ALL_FORMS[shared.form], shared.choice, None, shared.link.pk)
