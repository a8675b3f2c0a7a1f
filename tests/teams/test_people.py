"""Roles, leaving and removing; a team always has an owner."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from batchsite.teams.invitations import open_invitations
from batchsite.teams.models import Invitation, Membership, Role, Team, User
from batchsite.teams.people import LastOwner, change_role, remove_member
from tests.factories import make_member, make_team, make_user

pytestmark = pytest.mark.databases


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def remove_url(user: User) -> str:
    return reverse("member-remove", args=[membership(user).pk])


def test_everybody_sees_who_is_in_the_team(bob: User, alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(bob).get(reverse("team")).content.decode()
    assert "alice@example.org" in page
    assert "Change role" not in page


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
    remove_member(membership(bob), by=membership(bob))
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
    assert "Bob is now an owner." in page.content.decode()
    browser.post(remove_url(alice))
    assert list(Membership.objects.values_list("user", "role")) == [(bob.pk, Role.OWNER)]


def test_an_admin_runs_the_team_but_for_its_owners(
    alice: User, bob: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    dora = make_member(team, role=Role.ADMIN)
    browser = client_of(dora)
    role_of = {who: reverse("member-role", args=[membership(who).pk]) for who in (alice, bob, dora)}
    page = browser.get(reverse("team")).content.decode()
    assert role_of[bob] in page
    assert role_of[alice] not in page
    assert '<option value="owner"' not in page
    assert "Bob is now a viewer." in browser.post(role_of[bob], {"role": "viewer"}, follow=True).content.decode()
    for url, role in [(role_of[alice], "member"), (role_of[bob], "owner"), (role_of[dora], "owner")]:
        assert browser.post(url, {"role": role}).status_code == 403
    assert browser.post(remove_url(alice)).status_code == 403
    assert browser.post(reverse("invitation-new"), {"role": "owner"}).status_code == 422
    roles = {membership(who).role for who in (alice, bob, dora)}
    assert roles == {Role.OWNER, Role.VIEWER, Role.ADMIN}
    assert "Bob is no longer in" in browser.post(remove_url(bob), follow=True).content.decode()


def test_a_link_for_an_owner_dies_with_the_right_to_make_owners(team: Team, alice: User) -> None:
    dora = make_member(team, role=Role.OWNER)
    for role in (Role.OWNER, Role.VIEWER):
        Invitation.objects.create(team=team, created_by=dora, role=role)
    Membership.objects.filter(user=dora).update(role=Role.ADMIN)  # by whatever way
    assert [invitation.role for invitation in open_invitations()] == [Role.VIEWER]


def test_a_made_up_role_changes_nothing(alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
    client_of(alice).post(reverse("member-role", args=[membership(bob).pk]), {"role": "emperor"})
    assert membership(bob).role == Role.MEMBER


@pytest.mark.parametrize("end", ["removed", "member", "admin"])
def test_nobody_comes_back_by_a_link_of_their_own(end: str, team: Team, alice: User) -> None:
    dora = make_member(team, role=Role.OWNER)
    Invitation.objects.create(team=team, created_by=dora, role=Role.OWNER)
    kept = Invitation.objects.create(team=team, created_by=alice)
    by = membership(alice)
    if end == "removed":
        remove_member(membership(dora), by=by)
    else:
        change_role(membership(dora), Role(end), by=by)
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
            remove_member(mine, by=mine)
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


def test_who_may_not_is_told_whom_to_ask(
    alice: User, bob: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    dora, emil = (make_member(team, make_user(name), Role.ADMIN) for name in ("Dora", "Emil"))
    assert dora.pk < emil.pk
    page = client_of(bob).post(reverse("invitation-new"), {"role": "viewer"}).content.decode()
    assert "Only admins and owners of Support research can do this. Ask Alice, Dora or Emil." in page
