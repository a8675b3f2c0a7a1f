"""The team's xAI key: set, replace, test, remove. A page never contains the key itself."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.messages import SUCCESS, WARNING
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.teams import accounts, security_log
from batchsite.teams.forms import KeyForm
from batchsite.teams.key_checks import KeyCheck, Verdict, check_key
from batchsite.teams.models import ProviderKey
from batchsite.teams.requests import TeamRequest
from batchsite.teams.views import team_page

OTHER_ACCOUNT = (
    "This key belongs to another xAI team than the stored one. Batches that were made with the stored key cannot "
    "be read with this one: those that still run are held. Type the key again and tick the box to use it anyway."
)


@sensitive_post_parameters("key")
@require_POST
def key_set(request: TeamRequest) -> HttpResponse:
    """Stores a key that xAI accepts. One that could not be tested is not stored."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return team_page(request, key_form=form)
    check = check_key(form.cleaned_data["key"], settings.OPTIONS.xai_api_base)
    if not check.usable:
        form.add_error("key", check.words_and_detail)
    elif _is_other_account(request, check) and not form.cleaned_data["other_account"]:
        form.asks_other_account = True
        form.add_error("key", OTHER_ACCOUNT)
    if form.errors:
        return team_page(request, key_form=form)
    accounts.store_key(request.team, form.cleaned_data["key"], check.provider_team_id, request.user)
    security_log.record("key_stored", request)
    level = SUCCESS if check.verdict == Verdict.WORKS else WARNING
    messages.add_message(request, level, f"The key is stored. {check.words} Batches run for real from now on.")
    return redirect("team")


def _is_other_account(request: TeamRequest, check: KeyCheck) -> bool:
    stored = ProviderKey.objects.filter(team=request.team).first()
    known = stored.provider_team_id if stored else ""
    return bool(known and check.provider_team_id and known != check.provider_team_id)


@require_POST
def key_test(request: TeamRequest) -> HttpResponse:
    """Tests the key in use, be it the team's or the installation's."""
    try:
        account = accounts.account_of(request.team, accounts.account_kind(request.team))
    except accounts.AccountMissing as missing:
        messages.error(request, str(missing))
        return redirect("team")
    check = check_key(account.api_key, account.base_url)
    level = {"good": messages.SUCCESS, "bad": messages.ERROR}.get(check.tone, WARNING)
    messages.add_message(request, level, check.words_and_detail)
    return redirect("team")


@require_http_methods(["GET", "POST"])
def key_remove(request: TeamRequest) -> HttpResponse:
    if request.method == "POST":
        accounts.remove_key(request.team)
        security_log.record("key_removed", request)
        messages.success(request, "The key is removed.")
        return redirect("team")
    instead = "the key of this installation" if settings.OPTIONS.xai_api_key else "the sandbox, with simulated answers"
    context = {
        "question": "Remove the team's xAI key?",
        "what": "Batches that run with it are held until a key of the same xAI team is set. "
        f"New batches use {instead}.",
        "verb": "Remove the key",
        "back": reverse("team"),
    }
    return render(request, "confirm.html", context)
