"""The pages "At xAI": every batch of the account, including those that other programs made.

The frame of a page is sent at once; htmx then asks for what xAI answers. Without JavaScript the frame reloads itself
with `now` in the address, and that request waits for xAI.
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

from batchsite.http import clean_text
from batchsite.provider import remote_actions, remote_results
from batchsite.provider.quick_client import ProviderAccount, RemoteFailure, labels_of, provider_account
from batchsite.provider.remote_list import MAKERS, PHASES, Remote, RemoteFilter, get_remote, list_remotes
from batchsite.submission import tasks
from batchsite.teams import security_log
from batchsite.teams.requests import TeamRequest

ask_and_do = require_http_methods(["GET", "POST"])
Ask = Callable[[ProviderAccount], dict[str, Any]]


@require_GET
def provider(request: TeamRequest) -> HttpResponse:
    """The list. Search and filters come with the frame, the batches once xAI has answered."""
    asked = _filter_from(request)

    def ask(account: ProviderAccount) -> dict[str, Any]:
        return {"listing": list_remotes(request.team, request.user, account, asked)}

    context = {"asked": asked, "whose": MAKERS, "how": PHASES}
    return _answer(request, "provider/list.html", "provider/_list.html", context, ask)


def _filter_from(request: TeamRequest) -> RemoteFilter:
    """The filter in the address. An unknown choice counts as none."""
    query = request.GET
    whose, how = query.get("whose", ""), query.get("how", "")
    return RemoteFilter(
        clean_text(query.get("search"))[:200],
        whose if whose in MAKERS else "",
        how if how in PHASES else "",
        clean_text(query.get("token"))[:500],
    )


@require_GET
def remote(request: TeamRequest, remote_id: str) -> HttpResponse:
    """One batch: its counters, and a page of its results or requests."""
    token = clean_text(request.GET.get("token"))[:500]
    show = "requests" if request.GET.get("show") == "requests" else "results"

    def ask(account: ProviderAccount) -> dict[str, Any]:
        batch = get_remote(request.team, request.user, account, remote_id)
        read_lines = remote_results.requests if show == "requests" else remote_results.results
        lines = read_lines(account, remote_id, token)
        return {"remote": batch, "some": lines, "not_adopted": remote_actions.why_not_adopted(batch)}

    context = {"remote_id": remote_id, "show": show, "token": token, "files": remote_results.FILES}
    return _answer(request, "provider/batch.html", "provider/_batch.html", context, ask)


def _answer(request: TeamRequest, page: str, part: str, context: dict[str, Any], ask: Ask) -> HttpResponse:
    """The frame for a browser. For htmx, and with `now` in the address, what xAI answers, or why it does not."""
    labels = labels_of(request.team)
    wanted, now = request.GET.get("account", ""), next(iter(labels))
    context |= {
        "accounts": labels.items(),
        "kind": wanted if wanted in labels else now,
        "kept": f"?account={wanted}" if wanted in labels and wanted != now else "",
        "part": part,
    }
    wants_part = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    if wants_part or "now" in request.GET:
        context["is_answered"] = True
        try:
            context |= ask(provider_account(request.team, wanted))
        except RemoteFailure as failure:
            context["trouble"] = failure
    response = render(request, part if wants_part else page, context)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "private, no-store"
    return response


# ---- download, cancel, adopt -------------------------------------------------------------------------------


@require_safe
def remote_download(request: TeamRequest, remote_id: str) -> HttpResponseBase:
    """All results as a file, streamed while they are read from xAI."""
    form = request.GET.get("form", "csv")
    try:
        account = provider_account(request.team, request.GET.get("account", ""))
        batch = get_remote(request.team, request.user, account, remote_id)
        file = remote_results.file_of(account, batch, form if form in remote_results.FILES else "csv")
    except RemoteFailure as failure:
        return _refused(request, remote_id, failure)
    security_log.record("remote_results_downloaded", request, remote=remote_id, account=account.mark)
    response = StreamingHttpResponse(file.content, content_type=file.content_type)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or ""
    if batch.how == "running":
        response["X-Incomplete"] = "true"
    return response


@ask_and_do
def remote_cancel(request: TeamRequest, remote_id: str) -> HttpResponse:
    """Cancels a batch of another program. One of ours is cancelled on its own page, which accounts for its rows."""
    try:
        account = provider_account(request.team, request.GET.get("account", ""))
        batch = get_remote(request.team, request.user, account, remote_id)
        if batch.trace.kind == "ours" and batch.trace.batch and batch.trace.batch.is_running:
            return redirect("batch-cancel", batch.trace.batch.pk)
        if request.method == "POST":
            remote_actions.cancel(account, batch, request.team, request.user)
            security_log.record("remote_batch_cancelled", request, remote=remote_id, account=account.mark)
            messages.success(request, "Cancelling at xAI. The counts may take a minute to settle.")
            return redirect(_back(request, remote_id))
    except RemoteFailure as failure:
        return _refused(request, remote_id, failure)
    question = f"Cancel “{batch.name}” at xAI?"
    return render(
        request, "provider/cancel.html", _question(request, batch, question, "Cancel at xAI") | {"stay": "Keep running"}
    )


@ask_and_do
def remote_adopt(request: TeamRequest, remote_id: str) -> HttpResponse:
    """Reattaches a batch at xAI to the batch here that it was made for and that lost track of it."""
    try:
        account = provider_account(request.team, request.GET.get("account", ""))
        batch = get_remote(request.team, request.user, account, remote_id)
        if request.method == "POST":
            submission = remote_actions.adopt(request.team, batch, request.user)
            tasks.nudge(submission.batch)
            messages.success(request, "Reconnected. Its results are being read.")
            return redirect("batch", submission.batch_id)
        refused = remote_actions.why_not_adopted(batch)
        if refused:
            raise RemoteFailure("It can’t be reconnected", refused)
    except RemoteFailure as failure:
        return _refused(request, remote_id, failure)
    question = f"Reconnect it to “{batch.trace.batch}”?"
    return render(request, "provider/adopt.html", _question(request, batch, question, "Reconnect") | {"calm": True})


def _question(request: TeamRequest, batch: Remote, question: str, verb: str) -> dict[str, Any]:
    back = _back(request, batch.id)
    return {"remote": batch, "question": question, "verb": verb, "back": back, "action": request.get_full_path()}


def _back(request: TeamRequest, remote_id: str) -> str:
    account = request.GET.get("account", "")
    return reverse("provider-batch", args=[remote_id]) + (f"?{urlencode({'account': account})}" if account else "")


def _refused(request: TeamRequest, remote_id: str, failure: RemoteFailure) -> HttpResponse:
    status = 404 if failure.gone else 409
    context = {"trouble": failure, "remote_id": remote_id, "back": _back(request, remote_id)}
    return render(request, "provider/trouble.html", context, status=status)
