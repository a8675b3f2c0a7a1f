"""Roles, leaving and removing; a team always has an owner."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from batchsite.teams.models import Invitation, Membership, Role, Team, User
from batchsite.teams.people import LastOwner, change_role, remove_member
from tests.factories import make_member, make_team

pytestmark = pytest.mark.databases


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def remove_url(user: User) -> str:
    return reverse("member-remove", args=[membership(user).pk])


def test_everybody_sees_who_is_in_the_team(bob: User, alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(bob).get(reverse("team")).content.decode()
    assert "alice@example.org" in page
    assert "Make an owner" not in page


def test_an_owner_is_asked_before_somebody_is_removed(
    alice: User, bob: User, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    question = browser.get(remove_url(bob)).content.decode()
    assert "Remove Bob from Support research?" in question
    assert "They lose access at once" in question
    assert Membership.objects.filter(user=bob).exists()
    done = browser.post(remove_url(bob), follow=True)
    assert "Bob is no longer in Support research." in done.content.decode()
    assert not Membership.objects.filter(user=bob).exists()


def test_who_was_removed_is_out_at_once_and_can_begin_a_team(bob: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(bob)
    assert browser.get(reverse("home")).status_code == 200
    remove_member(membership(bob))
    assert browser.get(reverse("home")).headers["Location"] == reverse("no-team")
    assert "bob@example.org" in browser.get(reverse("no-team")).content.decode()
    assert browser.get(reverse("account")).status_code == 200
    response = browser.post(reverse("no-team"), {"name": "Bob alone"}, follow=True)
    assert response.context["team"].name == "Bob alone"
    assert membership(bob).role == Role.OWNER


def test_a_member_removes_nobody_and_may_leave(alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(bob)
    assert browser.post(remove_url(alice)).status_code == 403
    assert "Leave Support research?" in browser.get(remove_url(bob)).content.decode()
    browser.post(remove_url(bob))
    assert list(Membership.objects.values_list("user", flat=True)) == [alice.pk]


def test_the_last_owner_neither_leaves_nor_becomes_a_member(
    alice: User, bob: User, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    for url, data in [
        (remove_url(alice), {}),
        (reverse("member-role", args=[membership(alice).pk]), {"role": "member"}),
    ]:
        page = browser.post(url, data, follow=True).content.decode()
        assert "Support research needs an owner. Make someone else an owner first." in page
    assert membership(alice).role == Role.OWNER


def test_with_a_second_owner_the_first_may_leave(alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(alice)
    page = browser.post(reverse("member-role", args=[membership(bob).pk]), {"role": "owner"}, follow=True)
    assert "Bob is an owner now." in page.content.decode()
    browser.post(remove_url(alice))
    assert list(Membership.objects.values_list("user", "role")) == [(bob.pk, Role.OWNER)]


def test_a_made_up_role_changes_nothing(alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
    client_of(alice).post(reverse("member-role", args=[membership(bob).pk]), {"role": "emperor"})
    assert membership(bob).role == Role.MEMBER


@pytest.mark.parametrize("end", ["removed", "made a member"])
def test_nobody_comes_back_by_a_link_of_their_own(end: str, team: Team, alice: User) -> None:
    dora = make_member(team, role=Role.OWNER)
    Invitation.objects.create(team=team, created_by=dora, role=Role.OWNER)
    kept = Invitation.objects.create(team=team, created_by=alice)
    remove_member(membership(dora)) if end == "removed" else change_role(membership(dora), Role.MEMBER)
    assert list(Invitation.objects.all()) == [kept]


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays() -> None:
    team = make_team()
    owners = [make_member(team, role=Role.OWNER) for _ in range(2)]
    both_ready = threading.Barrier(2)
    refused: list[User] = []

    def leave(user: User) -> None:
        mine = Membership.objects.select_related("team").get(user=user)
        both_ready.wait()
        try:
            remove_member(mine)
        except LastOwner:
            refused.append(user)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=[user]) for user in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(team.members.all()) == refused
    assert len(refused) == 1


def test_an_owner_renames_the_team_and_a_member_does_not(
    alice: User, bob: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(bob).post(reverse("team-rename"), {"name": "Mine"}).status_code == 403
    page = client_of(alice).post(reverse("team-rename"), {"name": "Helpdesk"}, follow=True)
    assert "The team is now called Helpdesk." in page.content.decode()
    empty = client_of(alice).post(reverse("team-rename"), {"name": ""})
    assert empty.status_code == 422
    assert empty.context["name_form"].errors["name"]
    assert Team.objects.get().name == "Helpdesk"
