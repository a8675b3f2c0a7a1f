"""On a server the owners of the first team decide who creates teams, who spends its key and who may sign in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.teams.accounts import AccountKind, AccountMissing, account_kind, account_of
from batchsite.teams.models import Membership, Team, User
from batchsite.teams.people import create_team
from tests.factories import PASSWORD

ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def server(settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, hosts=("batches.example.org",), xai_api_key="xai-installation")


def test_a_person_who_was_removed_cannot_create_a_team(alice: User, bob: User, client_of: ClientOf) -> None:
    Membership.objects.filter(user=bob).delete()
    browser = client_of(bob)
    assert "begin a team" not in browser.get(reverse("no-team")).content.decode()
    assert browser.post(reverse("no-team"), {"name": "Mine"}).status_code == 403
    assert not Team.objects.filter(name="Mine").exists()


def test_a_member_cannot_leave_the_budget_behind_in_a_team_of_their_own(
    alice: User, bob: User, client_of: ClientOf
) -> None:
    assert client_of(bob).post(reverse("team-new"), {"name": "Mine"}).status_code == 403
    assert reverse("team-new") not in client_of(bob).get(reverse("team")).content.decode()
    assert client_of(alice).post(reverse("team-new"), {"name": "Sales"}).status_code == 302


def test_the_operator_may_let_anyone_create_teams(bob: User, client_of: ClientOf, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, new_teams="anyone")
    client_of(bob).post(reverse("team-new"), {"name": "Mine"})
    assert account_kind(Team.objects.get(name="Mine")) == AccountKind.SANDBOX


def test_a_new_team_spends_the_key_once_an_owner_of_the_first_team_allows_it(
    alice: User, charlie: User, client_of: ClientOf
) -> None:
    sales = create_team(alice, "Sales")
    assert account_kind(sales) == AccountKind.SANDBOX
    toggle = reverse("installation-team-key", args=[sales.pk])
    assert client_of(charlie).post(toggle, {"allowed": "1"}).status_code == 404
    client_of(alice).post(toggle, {"allowed": "1"})
    sales.refresh_from_db()
    assert account_kind(sales) == AccountKind.ENVIRONMENT
    client_of(alice).post(toggle, {"allowed": "0"})
    sales.refresh_from_db()
    with pytest.raises(AccountMissing, match="may no longer use the key"):
        account_of(sales, AccountKind.ENVIRONMENT, None)


def test_a_deactivated_account_is_out_at_once(alice: User, bob: User, client_of: ClientOf, client: Client) -> None:
    browser, switch = client_of(bob), reverse("installation-person", args=[bob.pk])
    assert client_of(bob).post(switch, {"active": "0"}).status_code == 404
    client_of(alice).post(switch, {"active": "0"})
    assert browser.get(reverse("home")).headers["Location"].startswith(reverse("sign-in"))
    form = {"email": bob.email, "password": PASSWORD}
    assert client.post(reverse("sign-in"), form).status_code == 422
    client_of(alice).post(switch, {"active": "1"})
    assert client.post(reverse("sign-in"), form).status_code == 302


def test_nobody_deactivates_themselves(alice: User, client_of: ClientOf) -> None:
    switch = reverse("installation-person", args=[alice.pk])
    assert client_of(alice).post(switch, {"active": "0"}).status_code == 404


def test_the_page_lists_teams_and_accounts_for_those_owners_alone(
    alice: User, bob: User, charlie: User, client_of: ClientOf
) -> None:
    page = client_of(alice).get(reverse("installation")).content.decode()
    assert "charlie@example.org" in page
    assert "Rivals" in page
    assert client_of(bob).get(reverse("installation")).status_code == 404
    assert client_of(charlie).get(reverse("installation")).status_code == 404
