"""Requests that no page of ours makes: from another site, under a session somebody planted, with fields no form has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.permissions import RULES, Need
from batchsite.teams.models import Invitation, Membership, Role, Team, User
from tests.factories import PASSWORD, make_member, make_team
from tests.pages.doors import DOORS

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
HEALTH = {"live", "ready"}
"""They change nothing, whatever the method."""


def test_no_form_is_taken_from_another_site(ours: dict[str, int], alice: User, client_of: ClientOf) -> None:
    """Neither without our token, nor with one of the visitor's own."""
    taken = {}
    for signed_in in (True, False):
        browser = Client(enforce_csrf_checks=True)
        if signed_in:
            browser.cookies = client_of(alice).cookies
        cookies = dict(browser.cookies)
        for door in DOORS:
            browser.cookies.update(cookies)
            with transaction.atomic():
                answer = browser.post(door.url(**ours), {"csrfmiddlewaretoken": "t" * 32})
                transaction.set_rollback(True)
            is_led_away = not signed_in and answer.headers.get("Location", "").startswith(reverse("sign-in"))
            if answer.status_code not in {403, 405} and not is_led_away and door.name not in HEALTH:
                taken[door.name, signed_in] = answer.status_code
    assert taken == {}


def test_a_session_that_somebody_planted_is_never_signed_in(alice: User) -> None:
    """Whoever gave the browser its session before the sign-in knows nothing afterwards."""
    planted = Client()
    planted.get(reverse("sign-in"))
    session = planted.session
    session["planted"] = "yes"
    session.save()
    name = settings.SESSION_COOKIE_NAME
    for key in (str(session.session_key), "k" * 32):
        victim = Client()
        victim.cookies[name] = key
        victim.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD})
        assert victim.get(reverse("team")).status_code == 200
        assert victim.cookies[name].value != key
        attacker = Client()
        attacker.cookies[name] = key
        assert attacker.get(reverse("team"))["Location"].startswith(reverse("sign-in"))


FIELDS: dict[str, Any] = {
    **dict.fromkeys(
        ("is_staff", "is_superuser", "is_active", "is_operator", "may_use_installation_key", "by_group"), "on"
    ),
    **dict.fromkeys(("user", "user_id", "team", "team_id", "created_by", "created_by_id", "started_by", "by"), "1"),
    **dict.fromkeys(("budget_ticks", "cost_ticks", "succeeded", "total", "near_budget_in"), "999999999"),
    "role": "owner",
    "account": "environment",
    "state": "completed",
    "held_for": "",
    "password": "hacked-hacked",
}
"""Fields of our tables, as a form could name them."""


def protected() -> dict[str, dict[int, Any]]:
    """What no form of a member changes, of whatever is there."""
    whose = ("pk", "team_id", "created_by_id")
    return {
        "users": {one.pk: (one.email, one.is_active, one.password) for one in User.objects.all()},
        "roles": {one.pk: (one.user_id, one.team_id, one.role, one.by_group) for one in Membership.objects.all()},
        "teams": {one.pk: (one.budget_ticks, one.may_use_installation_key) for one in Team.objects.all()},
        "batches": {one[0]: one for one in Batch.objects.values_list(*whose, "cost_ticks", "succeeded", "account")},
        "datasets": {one[0]: one for one in Dataset.objects.values_list(*whose)},
        "invitations": {one.pk: one.role for one in Invitation.objects.all()},
    }


def test_fields_that_no_form_has_change_nothing(
    ours: dict[str, int], team: Team, alice: User, client_of: ClientOf
) -> None:
    """Mass assignment: a member names every field of our tables in every form there is."""
    make_team("Somebody else’s")
    browser = client_of(make_member(team, role=Role.MEMBER))
    browser.raise_request_exception = False  # what a door names is not whole here: no file, no row
    before, changed, cookies = protected(), dict[str, Any](), dict(browser.cookies)
    for door in DOORS:
        if RULES[door.name].need("POST") > Need.WORK:
            continue
        browser.cookies.update(cookies)  # one of them signs out
        with transaction.atomic():
            browser.post(door.url(**ours), {**FIELDS, "name": "Renamed", "prompt": "{{text}}", "model": "grok-4.3"})
            after = protected()
            transaction.set_rollback(True)
        grown = {kind: {key: value for key, value in now.items() if key in before[kind]} for kind, now in after.items()}
        kept = {kind: {key: was[key] for key in grown[kind]} for kind, was in before.items()}
        joined = [role for key, role in after["roles"].items() if key not in before["roles"] and role[1] == team.pk]
        if grown != kept or joined:
            changed[door.name] = [(kept[kind], grown[kind]) for kind in kept if kept[kind] != grown[kind]], joined
    assert changed == {}
