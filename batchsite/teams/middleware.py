"""Signed-in people and their teams: views find `request.team`, and visitors without an account do not reach them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from batchsite.http import page_shown
from batchsite.permissions import RULES, AccessRule, Need
from batchsite.processes.outages import write_if_possible
from batchsite.teams import access
from batchsite.teams.models import Membership, User

SESSION_TEAM = "team"
SESSION_USED_AT = "used_at"
USE_RECORDED_EVERY = 600.0
"""Seconds; a write for every page would be too much."""
View = Callable[..., HttpResponseBase]


class TeamMiddleware:
    """Calls views only for people who may use them, by `batchsite.permissions`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        rule = rule_for(request)
        need = rule.need(request.method or "GET")
        if need == Need.NOTHING:
            return None
        if not isinstance(request.user, User) or is_idle_too_long(request):
            return _to_sign_in(request)
        is_in_team = enter_team(request, request.user)
        if need == Need.ACCOUNT:
            return None
        if not is_in_team:
            return _redirect_to(request, reverse("no-team"))
        access.check(request.membership, need)  # type: ignore[attr-defined]
        access.check_it_stays(request, need)
        is_stale = rule.confirmed and is_reauthentication_required(request, app="batchsite")
        return _to_confirm(request) if is_stale else None


def rule_for(request: HttpRequest) -> AccessRule:
    """Returns the page's entry in the table of permissions. Raises PermissionDenied if it has none."""
    match = request.resolver_match
    rule = RULES.get(match.view_name or "") if match else None
    if rule is None:
        raise PermissionDenied("This page is missing from the table of permissions.")
    return rule


def is_idle_too_long(request: HttpRequest) -> bool:
    """Whether the session was unused for too long, and so is ended now. Otherwise records its use from time to time."""
    now = time.time()
    used_at = request.session.get(SESSION_USED_AT)
    if used_at is not None and now - used_at > 3600 * settings.OPTIONS.idle_hours:
        logout(request)
        return True
    if used_at is None or now - used_at > USE_RECORDED_EVERY:
        request.session[SESSION_USED_AT] = now
        write_if_possible(request.session.save)
        request.session.modified = False  # not written again, nor where the database is locked
    return False


def enter_team(request: HttpRequest, user: User) -> bool:
    """Sets `request.membership` and `request.team` to the team in the session, else to the one the person joined first.

    False, with neither set, if the person is in no team.
    """
    memberships = Membership.objects.select_related("team").filter(user=user).order_by("joined_at", "pk")
    chosen = request.session.get(SESSION_TEAM)
    membership = (memberships.filter(team_id=chosen).first() if chosen else None) or memberships.first()
    if membership is None:
        return False
    request.membership = membership  # type: ignore[attr-defined]
    request.team = membership.team  # type: ignore[attr-defined]
    return True


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Redirects to the sign-in page, which leads back here; to the setup page while there is no account."""
    if not User.objects.exists():
        return _redirect_to(request, reverse("setup"))
    return _redirect_to(request, redirect_to_login(_way_back(request), reverse("sign-in")).url)


def _to_confirm(request: HttpRequest) -> HttpResponseBase:
    """Redirects to the confirmation of one's identity. Drops what was sent: a session must not contain a key."""
    if request.method == "POST":
        messages.info(request, "Nothing was changed yet. Confirm it’s you, then do it again.")
    return _redirect_to(request, redirect_to_login(_way_back(request), reverse("account_reauthenticate")).url)


def _way_back(request: HttpRequest) -> str:
    """The path of the page that the person is at."""
    if request.headers.get("HX-Request") == "true":
        return page_shown(request) or "/"
    if request.method == "GET":
        return request.get_full_path()
    if url_has_allowed_host_and_scheme(page := request.headers.get("Referer", ""), {request.get_host()}):
        return urlsplit(page).path  # a form was sent: back to its page, which keeps what was typed
    return "/"


def _redirect_to(request: HttpRequest, url: str) -> HttpResponseBase:
    """Redirects the browser. A request of htmx gets a header for this, so that no page is swapped into a fragment."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(url)
    return redirect(url)
