"""At xAI: the account's batches, other programs' too. The shell of a page comes at once, what xAI says a moment later.

Without JavaScript the shell leads on to itself with `now`, and then the page waits for xAI, briefly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from batchsite.http import words_of
from batchsite.provider import remote_actions, remote_results
from batchsite.provider.quick_client import LABELS, Place, Trouble, kinds_of, place_of
from batchsite.provider.remote_list import HOW, WHOSE, Asked, Listing, Remote, listing, one
from batchsite.submission import tasks
from batchsite.teams.requests import TeamRequest

ask_and_do = require_http_methods(["GET", "POST"])
Ask = Callable[[Place], dict[str, Any]]


@require_GET
def provider(request: TeamRequest) -> HttpResponse:
    """The list: search and filters at once, the batches when xAI has answered."""
    asked = _asked(request)

    def ask(place: Place) -> dict[str, Any]:
        found: Listing = listing(request.team, request.user, place, asked)
        return {"listing": found}

    context = {"asked": asked, "whose": WHOSE, "how": HOW}
    return _answer(request, "provider/list.html", "provider/_list.html", context, ask)


def _asked(request: TeamRequest) -> Asked:
    given = request.GET
    whose, how = given.get("whose", ""), given.get("how", "")
    return Asked(
        words_of(given.get("search"))[:200],
        whose if whose in WHOSE else "",
        how if how in HOW else "",
        words_of(given.get("token"))[:500],
    )


@require_GET
def remote(request: TeamRequest, remote_id: str) -> HttpResponse:
    """One batch: counters, its results or its requests."""
    token = words_of(request.GET.get("token"))[:500]
    show = "requests" if request.GET.get("show") == "requests" else "results"

    def ask(place: Place) -> dict[str, Any]:
        found = one(request.team, request.user, place, remote_id)
        some = (remote_results.requests if show == "requests" else remote_results.results)(place, remote_id, token)
        return {"remote": found, "some": some, "not_adopted": remote_actions.why_not_adopted(found)}

    context = {"remote_id": remote_id, "show": show, "token": token, "files": remote_results.FILES}
    return _answer(request, "provider/batch.html", "provider/_batch.html", context, ask)


def _answer(request: TeamRequest, page: str, part: str, context: dict[str, Any], ask: Ask) -> HttpResponse:
    """The shell for a browser; for htmx, or where the address says `now`, what xAI answers, or why it does not."""
    kinds = kinds_of(request.team)
    wanted = request.GET.get("account", "")
    context |= {
        "accounts": [(str(kind), LABELS[kind]) for kind in kinds],
        "kind": wanted if wanted in kinds else str(kinds[0]),
        "kept": f"?account={wanted}" if wanted in kinds[1:] else "",
        "part": part,
    }
    wants_part = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    if wants_part or "now" in request.GET:
        context["is_answered"] = True
        try:
            context |= ask(place_of(request.team, wanted))
        except Trouble as trouble:
            context["trouble"] = trouble
    response = render(request, part if wants_part else page, context)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "private, no-store"
    return response


# ---- taking home, cancelling, taking back ----------------------------------------------------------------


@require_safe
def remote_download(request: TeamRequest, remote_id: str) -> HttpResponseBase:
    """All results as a file, read from xAI while it is sent."""
    form = request.GET.get("form", "csv")
    try:
        place = place_of(request.team, request.GET.get("account", ""))
        found = one(request.team, request.user, place, remote_id)
        file = remote_results.file_of(place, found, form if form in remote_results.FILES else "csv")
    except Trouble as trouble:
        return _refused(request, remote_id, trouble)
    response = StreamingHttpResponse(file.content, content_type=file.content_type)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or ""
    if found.how == "running":
        response["X-Incomplete"] = "true"
    return response


@ask_and_do
def remote_cancel(request: TeamRequest, remote_id: str) -> HttpResponse:
    """Cancel a batch of another program. One of ours is cancelled on its own page, where its rows are accounted for."""
    try:
        place = place_of(request.team, request.GET.get("account", ""))
        found = one(request.team, request.user, place, remote_id)
        if found.trace.kind == "ours" and found.trace.batch and found.trace.batch.is_running:
            return redirect("batch-cancel", found.trace.batch.pk)
        if request.method == "POST":
            remote_actions.cancel(place, found, request.team, request.user)
            messages.success(request, "xAI was asked to cancel it. Its counters may take a minute to settle.")
            return redirect(_back(request, remote_id))
    except Trouble as trouble:
        return _refused(request, remote_id, trouble)
    question = f"Cancel “{found.name}” at xAI?"
    return render(
        request, "provider/cancel.html", _question(request, found, question, "Cancel at xAI") | {"stay": "Keep running"}
    )


@ask_and_do
def remote_adopt(request: TeamRequest, remote_id: str) -> HttpResponse:
    """Give a batch here what was made for it at xAI and got lost."""
    try:
        place = place_of(request.team, request.GET.get("account", ""))
        found = one(request.team, request.user, place, remote_id)
        if request.method == "POST":
            submission = remote_actions.adopt(request.team, found, request.user)
            tasks.nudge(submission.batch)
            messages.success(request, "Taken back. Its results are read now.")
            return redirect("batch", submission.batch_id)
        refused = remote_actions.why_not_adopted(found)
        if refused:
            raise Trouble("It cannot be taken back", refused)
    except Trouble as trouble:
        return _refused(request, remote_id, trouble)
    question = f"Reconnect it to “{found.trace.batch}”?"
    return render(request, "provider/adopt.html", _question(request, found, question, "Reconnect") | {"calm": True})


def _question(request: TeamRequest, found: Remote, question: str, verb: str) -> dict[str, Any]:
    back = _back(request, found.id)
    return {"remote": found, "question": question, "verb": verb, "back": back, "action": request.get_full_path()}


def _back(request: TeamRequest, remote_id: str) -> str:
    account = request.GET.get("account", "")
    return reverse("provider-batch", args=[remote_id]) + (f"?{urlencode({'account': account})}" if account else "")


def _refused(request: TeamRequest, remote_id: str, trouble: Trouble) -> HttpResponse:
    status = 404 if trouble.gone else 409
    context = {"trouble": trouble, "remote_id": remote_id, "back": _back(request, remote_id)}
    return render(request, "provider/trouble.html", context, status=status)
