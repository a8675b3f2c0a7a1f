"""The xAI key of a team: tested before it is stored, never shown, never logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from batchsite.teams.accounts import AccountKind, AccountMissing, account_kind, account_now
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.signals import key_changed
from batchsite.teams.team_keys import remove_key, store_key
from tests.teams.conftest import KeyOffice

KEY = "xai-secret-0123456789abcd"


@pytest.fixture
def told() -> Iterator[list[Team]]:
    """The teams for which others were told that the key changed."""
    heard: list[Team] = []

    def hear(sender: object, team: Team, **rest: object) -> None:
        heard.append(team)

    key_changed.connect(hear)
    yield heard
    key_changed.disconnect(hear)


def set_key(browser: Client, key: str = KEY, **fields: str) -> Any:
    return browser.post(reverse("key-set"), {"key": key, **fields}, follow=True)


def test_a_key_that_xai_accepts_is_stored_and_pays_from_now_on(
    alice: User, team: Team, office: KeyOffice, client_of: Callable[[User], Client]
) -> None:
    assert account_kind(team) == AccountKind.SANDBOX
    page = set_key(client_of(alice)).content.decode()
    assert "The key is stored." in page
    assert "It is named “batchsite” there." in page
    assert office.asked == [KEY]
    account = account_now(team)
    assert (account.kind, account.api_key, account.base_url) == (AccountKind.TEAM, KEY, office.url)
    stored = ProviderKey.objects.get()
    assert (stored.hint, stored.provider_team_id, stored.set_by) == ("abcd", "team-1", alice)
    assert "ending in <code>abcd</code>" in page
    assert "Sandbox: answers are simulated" not in page


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            400,
            {"code": "invalid-argument", "error": "Incorrect API key provided: xa***cd."},
            "does not accept this key",
        ),
        (401, {"code": "x", "error": "No credentials presented."}, "does not accept this key"),
        (200, {"api_key_id": "k", "team_id": "t", "api_key_blocked": True}, "blocks it"),
        (200, {"api_key_id": "k", "team_id": "t", "team_blocked": True}, "blocks it"),
        (200, {"api_key_id": "k", "team_id": "t", "api_key_disabled": True}, "blocks it"),
        (403, {"code": "x", "error": "The caller does not have permission"}, "refuses this key"),
        (500, {"error": "internal"}, "could not be tested"),
        (200, {"surprise": True}, "could not be tested"),
    ],
)
def test_a_key_that_does_not_work_is_not_stored_and_the_page_says_why(
    status: int,
    body: dict[str, Any],
    words: str,
    alice: User,
    office: KeyOffice,
    client_of: Callable[[User], Client],
) -> None:
    office.status, office.body = status, body
    response = set_key(client_of(alice))
    assert response.status_code == 422
    assert words in " ".join(response.context["key_form"].errors["key"])
    assert not ProviderKey.objects.exists()


@pytest.mark.parametrize("status", [403, 429])
def test_a_key_without_credits_is_stored_with_a_warning(
    status: int, alice: User, office: KeyOffice, client_of: Callable[[User], Client]
) -> None:
    office.status = status
    office.body = {"code": "x", "error": "Your team has either used all available credits or hit its spending limit."}
    page = set_key(client_of(alice)).content.decode()
    assert "has no credits left. Batches wait until there are some." in page
    assert ProviderKey.objects.get().hint == "abcd"


def test_nothing_is_stored_where_xai_cannot_be_reached(
    alice: User, settings: Settings, client_of: Callable[[User], Client]
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base="http://127.0.0.1:9/v1")
    response = set_key(client_of(alice))
    assert "could not be tested" in " ".join(response.context["key_form"].errors["key"])
    assert not ProviderKey.objects.exists()


@pytest.mark.parametrize("key", ["two words", "naïve-key", "xai-\x07bell", ""])
def test_what_cannot_be_a_key_is_not_even_tried(
    key: str, alice: User, office: KeyOffice, client_of: Callable[[User], Client]
) -> None:
    assert set_key(client_of(alice), key).status_code == 422
    assert office.asked == []


def test_a_key_of_another_xai_team_takes_a_second_yes(
    alice: User, team: Team, office: KeyOffice, client_of: Callable[[User], Client]
) -> None:
    """Batches made with the stored key cannot be read with a key of another xAI team."""
    browser = client_of(alice)
    set_key(browser)
    change = reverse("key-change", args=[ProviderKey.objects.get().pk])
    office.body["team_id"] = "team-2"
    page = browser.post(change, {"name": "Team key", "key": "xai-other-wxyz"}).content.decode()
    assert "belongs to another xAI team" in page
    assert 'name="other_account"' in page
    assert ProviderKey.objects.get().hint == "abcd"
    browser.post(change, {"name": "Team key", "key": "xai-other-wxyz", "other_account": "on"})
    assert ProviderKey.objects.get().hint == "wxyz"


def test_replacing_keeps_the_row(alice: User, team: Team) -> None:
    first = store_key(team, KEY, "team-1", alice)
    second = store_key(team, "xai-other-wxyz", "team-1", alice)
    assert first.pk == second.pk
    assert second.set_at > first.set_at


def test_the_key_in_use_is_tested_on_demand(
    alice: User, team: Team, office: KeyOffice, client_of: Callable[[User], Client]
) -> None:
    test = reverse("key-test", args=[store_key(team, KEY, "team-1", alice).pk])
    browser = client_of(alice)
    assert "The key “Team key”: xAI accepts the key." in browser.post(test, follow=True).content.decode()
    office.status, office.body = 400, {"error": "Incorrect API key provided"}
    in_use = browser.post(reverse("key-in-use-test"), follow=True).content.decode()
    assert "does not accept this key" in in_use
    assert office.asked[0] == KEY


def test_a_key_that_cannot_be_read_any_more_is_said(
    alice: User, team: Team, settings: Settings, client_of: Callable[[User], Client]
) -> None:
    stored = store_key(team, KEY, "team-1", alice)
    settings.SECRET_KEY = "another"
    with pytest.raises(AccountMissing, match="SECRET_KEY has changed"):
        account_now(team)
    browser = client_of(alice)
    assert "Enter the key again" in browser.post(reverse("key-test", args=[stored.pk]), follow=True).content.decode()


def test_a_key_survives_the_rotation_of_the_secret(team: Team, settings: Settings) -> None:
    store_key(team, KEY, "", None)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one"
    assert account_now(team).api_key == KEY


def test_removing_asks_first_and_says_what_pays_then(
    alice: User, team: Team, settings: Settings, client_of: Callable[[User], Client]
) -> None:
    remove = reverse("key-remove", args=[store_key(team, KEY, "team-1", alice).pk])
    browser = client_of(alice)
    assert "the sandbox, with simulated answers" in browser.get(remove).content.decode()
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key="xai-environment")
    assert "the key of this installation" in browser.get(remove).content.decode()
    browser.post(remove)
    assert account_kind(team) == AccountKind.ENVIRONMENT


def test_others_are_told_of_every_change_once_it_is_committed(
    alice: User, team: Team, told: list[Team], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        stored = store_key(team, KEY, "team-1", alice)
        assert told == []
    with django_capture_on_commit_callbacks(execute=True):
        remove_key(stored)
    assert told == [team, team]


def test_the_page_says_who_touches_keys(bob: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(bob).get(reverse("team")).content.decode()
    assert "Only admins and owners can add, change, test and remove keys." in page


def test_the_key_is_nowhere_to_be_seen(
    alice: User, team: Team, office: KeyOffice, client_of: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = client_of(alice)
    office.status = 400
    refused = set_key(browser).content.decode()
    office.status = 200
    stored = set_key(browser).content.decode()
    assert KEY not in refused + stored + browser.get(reverse("team")).content.decode()
    assert KEY not in caplog.text
    assert KEY not in repr(account_now(team))
    assert KEY.encode() not in bytes(ProviderKey.objects.get().secret or b"")


def test_after_a_rotation_a_command_encrypts_the_keys_anew(team: Team, settings: Settings) -> None:
    store_key(team, KEY, "", None)
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next one", [former]
    call_command("rotatekeys", stdout=StringIO())
    settings.SECRET_KEY_FALLBACKS = []
    assert account_now(team).api_key == KEY


def test_a_key_that_cannot_be_rotated_is_named(team: Team, settings: Settings) -> None:
    store_key(team, KEY, "", None)
    settings.SECRET_KEY = "the next one"
    with pytest.raises(CommandError, match=str(team)):
        call_command("rotatekeys", stdout=StringIO())
