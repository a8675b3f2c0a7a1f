"""Several xAI keys of a team: each has a name, one pays where nobody chooses, and a removed one can come back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch, DailySpend
from batchsite.teams.accounts import AccountMissing, account_now, account_of, keys_of, payer_of
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.team_keys import make_default, remove_key, store_key
from tests.factories import make_dataset
from tests.teams.conftest import KeyOffice

Browser = Callable[[User], Client]
KEY, OTHER = "xai-first-0123456789abcd", "xai-other-0123456789wxyz"


@pytest.fixture
def keys(team: Team, alice: User) -> tuple[ProviderKey, ProviderKey]:
    first = store_key(team, KEY, "team-1", alice, name="Production")
    return first, store_key(team, OTHER, "team-1", alice, name="Trying out")


def default_of(team: Team) -> str:
    return ProviderKey.objects.get(team=team, is_default=True).name


def test_a_second_key_is_added_by_name_and_the_first_goes_on_paying(
    team: Team, alice: User, office: KeyOffice, client_of: Browser
) -> None:
    site = client_of(alice)
    site.post(reverse("key-set"), {"name": "Production", "key": KEY})
    page = site.post(reverse("key-set"), {"name": "Trying out", "key": OTHER}, follow=True).content.decode()
    assert "Choose it when you submit a batch." in page
    assert [key.name_and_hint for key in keys_of(team)] == ["Production …abcd", "Trying out …wxyz"]
    assert account_now(team).api_key == KEY
    reply = site.post(reverse("key-set"), {"name": "production", "key": KEY})
    assert "There is a key called “production” already" in str(reply.context["key_form"].errors)


@pytest.mark.usefixtures("office")
def test_another_becomes_the_default_one_and_gets_a_new_name(
    team: Team, alice: User, keys: tuple[ProviderKey, ProviderKey], client_of: Browser
) -> None:
    first, second = keys
    site, change = client_of(alice), reverse("key-change", args=[second.pk])
    reply = site.post(change, {"name": "PRODUCTION", "key": ""})
    assert "already" in str(reply.context["form"].errors["name"])
    site.post(change, {"name": "Main", "is_default": "on", "key": ""})
    assert default_of(team) == "Main"
    assert account_now(team).api_key == OTHER
    assert "is_default" not in site.get(change).context["form"].fields
    assert "is_default" in site.get(reverse("key-change", args=[first.pk])).context["form"].fields


def test_another_takes_the_place_of_a_removed_default_and_what_is_removed_is_erased(
    team: Team, alice: User, keys: tuple[ProviderKey, ProviderKey], client_of: Browser
) -> None:
    first, _ = keys
    Batch.objects.create(team=team, dataset=make_dataset(team), account="team", key=first, state="processing")
    site, remove = client_of(alice), reverse("key-remove", args=[first.pk])
    asked = site.get(remove).content.decode()
    assert "One batch runs under it and is held then." in asked
    assert "“Trying out” where nobody chooses a key" in asked
    site.post(remove)
    first.refresh_from_db()
    assert (default_of(team), first.secret) == ("Trying out", None)
    assert site.get(remove).status_code == 404
    with pytest.raises(AccountMissing, match="“Production” was removed"):
        account_of(team, "team", first)
    with pytest.raises(AccountMissing, match="Choose another"):
        payer_of(team, first)


@pytest.mark.parametrize(("xai_team", "comes_back"), [("team-1", True), ("", True), ("team-2", False)])
def test_a_removed_key_comes_back_by_its_name_unless_it_is_of_another_xai_team(
    xai_team: str, comes_back: bool, team: Team, alice: User, keys: tuple[ProviderKey, ProviderKey]
) -> None:
    first, _ = keys
    remove_key(first)
    again = store_key(team, KEY, xai_team, alice, name="production")
    assert (again.pk == first.pk) == comes_back
    assert default_of(team) == "Trying out"
    assert account_of(team, "team", again).api_key == KEY


def test_a_key_that_was_removed_meanwhile_becomes_no_default(team: Team, keys: tuple[ProviderKey, ProviderKey]) -> None:
    first, second = keys
    remove_key(second)
    with pytest.raises(AccountMissing):
        make_default(second)
    assert default_of(team) == first.name


def test_another_team_s_keys_are_out_of_reach(
    alice: User, office: KeyOffice, client_of: Browser, keys: tuple[ProviderKey, ProviderKey]
) -> None:
    theirs = store_key(Team.objects.create(name="Others"), KEY, "", None)
    site = client_of(alice)
    for name in ("key-change", "key-test", "key-remove"):
        assert site.post(reverse(name, args=[theirs.pk]), {"name": "Mine", "key": OTHER}).status_code == 404
    assert office.asked == []


def test_what_was_there_before_runs_under_the_only_key(team: Team, alice: User) -> None:
    """A database of an earlier version: batches know that a team's key pays, but not which; one was removed."""
    key = store_key(team, KEY, "team-1", alice)
    batch = Batch.objects.create(team=team, dataset=make_dataset(team), account="team")
    others = Team.objects.create(name="Others")
    lost = Batch.objects.create(team=others, dataset=make_dataset(others), account="team", state="processing")
    simulated = Batch.objects.create(team=team, dataset=make_dataset(team), account="sandbox")
    DailySpend.objects.create(team=team, day="2026-11-01", account="team", model="grok-4.3", key="…abcd")
    import_module("batchsite.batches.migrations.0026_keys_of_before").remember(apps, None)
    for one in (batch, lost, simulated):
        one.refresh_from_db()
    assert (batch.key, simulated.key) == (key, None)
    assert DailySpend.objects.get().key == "Team key …abcd"
    assert store_key(others, OTHER, "", None) == lost.key
