"""The team's xAI keys: add, change, test, remove. A page never contains a key itself."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.messages import SUCCESS, WARNING
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from batchsite.http import UNPROCESSABLE
from batchsite.teams import security_log, team_keys
from batchsite.teams.accounts import Account, AccountKind, AccountMissing, account_now, account_of, keys_of
from batchsite.teams.forms import KeyChangeForm, KeyForm
from batchsite.teams.key_checks import KeyCheck, KeyVerdict, check_key
from batchsite.teams.models import ProviderKey
from batchsite.teams.requests import TeamRequest
from batchsite.teams.signals import key_in_use
from batchsite.teams.views import team_page

OTHER_ACCOUNT = (
    "This key belongs to another xAI team than the stored one. Batches that were made with the stored key cannot "
    "be read with this one: those that still run are held. Type the key again and tick the box to use it anyway, or "
    "add it as a key of its own."
)


@sensitive_post_parameters("key")
@require_POST
def key_set(request: TeamRequest) -> HttpResponse:
    """Adds a key that xAI accepts. One that could not be tested is not stored."""
    form = KeyForm(request.team, request.POST)
    if not form.is_valid():
        return team_page(request, key_form=form)
    check = check_key(form.cleaned_data["key"], settings.OPTIONS.xai_api_base)
    if not check.usable:
        form.add_error("key", check.words_and_detail)
        return team_page(request, key_form=form)
    key, name = form.cleaned_data["key"], form.cleaned_data["name"]
    stored = team_keys.store_key(request.team, key, check.provider_team_id, request.user, name=name)
    security_log.record("key_stored", request, key=stored.pk)
    pays = "Batches run for real from now on." if stored.is_default else "Choose it when you submit a batch."
    level = SUCCESS if check.verdict == KeyVerdict.WORKS else WARNING
    messages.add_message(request, level, f"The key is stored. {check.words} {pays}")
    return redirect(f"{reverse('team')}#key")


@sensitive_post_parameters("key")
@require_http_methods(["GET", "POST"])
def key_change(request: TeamRequest, key_id: int) -> HttpResponse:
    """Renames a key, makes it the default one, or puts another in its place."""
    stored = _key_of(request, key_id)
    form = KeyChangeForm(stored, request.POST if request.method == "POST" else None)
    check = None
    if form.is_valid() and form.cleaned_data["key"]:
        check = check_key(form.cleaned_data["key"], settings.OPTIONS.xai_api_base)
        if not check.usable:
            form.add_error("key", check.words_and_detail)
        elif _is_other_account(stored, check) and not form.cleaned_data["other_account"]:
            form.asks_other_account = True
            form.add_error("key", OTHER_ACCOUNT)
    if not form.is_valid():
        status = UNPROCESSABLE if form.errors else 200
        return render(request, "teams/key_change.html", {"form": form, "key": stored}, status=status)
    try:
        _change(request, stored, form, check)
    except AccountMissing as gone:
        messages.error(request, str(gone))
        return redirect("team")
    security_log.record("key_changed", request, key=stored.pk, replaced=check is not None)
    level = WARNING if check and check.verdict != KeyVerdict.WORKS else SUCCESS
    messages.add_message(request, level, f"“{form.cleaned_data['name']}” is changed. {check.words if check else ''}")
    return redirect(f"{reverse('team')}#key")


def _change(request: TeamRequest, stored: ProviderKey, form: KeyChangeForm, check: KeyCheck | None) -> None:
    """Raises AccountMissing if it was removed meanwhile."""
    typed = form.cleaned_data
    if typed["name"] != stored.name:
        team_keys.rename_key(stored, typed["name"])
    if typed.get("is_default"):
        team_keys.make_default(stored)
    if check:
        team_keys.replace_key(stored, typed["key"], check.provider_team_id, request.user)


def _is_other_account(stored: ProviderKey, check: KeyCheck) -> bool:
    known = stored.provider_team_id
    return bool(known and check.provider_team_id and known != check.provider_team_id)


def _key_of(request: TeamRequest, key_id: int) -> ProviderKey:
    return get_object_or_404(keys_of(request.team).select_related("team"), pk=key_id)


@require_POST
def key_test(request: TeamRequest, key_id: int) -> HttpResponse:
    stored = _key_of(request, key_id)
    try:
        return _tested(request, account_of(request.team, AccountKind.TEAM, stored))
    except AccountMissing as missing:
        messages.error(request, str(missing))
        return redirect("team")


@require_POST
def key_in_use_test(request: TeamRequest) -> HttpResponse:
    """Tests what pays where nobody chooses: the team's default key, or the installation's."""
    try:
        return _tested(request, account_now(request.team))
    except AccountMissing as missing:
        messages.error(request, str(missing))
        return redirect("team")


def _tested(request: TeamRequest, account: Account) -> HttpResponse:
    check = check_key(account.api_key, account.base_url)
    level = {"good": messages.SUCCESS, "bad": messages.ERROR}.get(check.tone, WARNING)
    messages.add_message(request, level, f"{account.words[:1].upper()}{account.words[1:]}: {check.words_and_detail}")
    return redirect(f"{reverse('team')}#key")


@require_http_methods(["GET", "POST"])
def key_remove(request: TeamRequest, key_id: int) -> HttpResponse:
    stored = _key_of(request, key_id)
    if request.method == "POST":
        first = team_keys.remove_key(stored)
        security_log.record("key_removed", request, key=stored.pk)
        pays = f" “{first}” pays where nobody chooses." if first and stored.is_default else ""
        messages.success(request, f"“{stored}” is removed.{pays}")
        return redirect(f"{reverse('team')}#key")
    context = {
        "question": f"Remove the xAI key “{stored}”?",
        "what": f"{_held(stored)} New batches use {_instead(request, stored)}.",
        "verb": "Remove the key",
        "back": reverse("team"),
    }
    return render(request, "confirm.html", context)


def _held(stored: ProviderKey) -> str:
    """Returns what becomes of the batches that run under it."""
    running = [words for _, words in key_in_use.send(sender=ProviderKey, key=stored) if words]
    until = f"Until a key of the same xAI team is added as “{stored}”, or they are moved to one, they wait."
    return f"{' '.join(running)} {until}" if running else "No batch runs under it."


def _instead(request: TeamRequest, stored: ProviderKey) -> str:
    other = keys_of(request.team).exclude(pk=stored.pk).first()
    if other:
        return f"“{other}” where nobody chooses a key"
    if settings.OPTIONS.xai_api_key and request.team.may_use_installation_key:
        return "the key of this installation"
    return "the sandbox, with simulated answers"
