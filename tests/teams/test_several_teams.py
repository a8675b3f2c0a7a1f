"""One person in several teams sees one at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.teams.models import Membership, Team, User
from tests.factories import make_member, make_team

pytestmark = pytest.mark.databases


@pytest.fixture
def second(alice: User) -> Team:
    team = make_team("Second")
    make_member(team, alice)
    return team


def team_seen(browser: Client) -> Team:
    seen: Team = browser.get(reverse("home")).context["team"]
    return seen


def test_one_begins_in_the_oldest_team_and_switches(
    alice: User, team: Team, second: Team, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    assert team_seen(browser) == team
    assert "Switch to Second" in browser.get(reverse("home")).content.decode()
    assert browser.post(reverse("team-switch", args=[second.pk])).headers["Location"] == reverse("home")
    assert team_seen(browser) == second


def test_a_team_that_one_is_not_in_cannot_be_switched_to(
    charlie: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(charlie)
    assert browser.post(reverse("team-switch", args=[team.pk])).status_code == 404
    assert team_seen(browser).name == "Rivals"


def test_a_new_team_belongs_to_who_made_it(alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(bob)
    assert browser.post(reverse("team-new"), {"name": " "}).status_code == 422
    browser.post(reverse("team-new"), {"name": "Bob's own"})
    assert team_seen(browser).name == "Bob's own"
    assert Membership.objects.get(team__name="Bob's own").is_owner


def test_leaving_the_team_that_one_works_in_leads_to_another(
    alice: User, team: Team, second: Team, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    browser.post(reverse("team-switch", args=[second.pk]))
    Membership.objects.filter(team=second).delete()
    assert team_seen(browser) == team


def test_a_page_that_is_not_there_offers_the_other_teams(
    alice: User, second: Team, client_of: Callable[[User], Client]
) -> None:
    """A link shared in chat may belong to another team of the same person."""
    browser = client_of(alice)
    page = browser.get("/team/people/9999/remove")
    assert page.status_code == 404
    assert "Switch to Second" in page.content.decode()
    url = reverse("team-switch", args=[second.pk]) + "?next=/team/people/9999/remove"
    assert url in page.content.decode()
    assert browser.post(url).headers["Location"] == "/team/people/9999/remove"
