"""An invitation is a link that lets one person in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail as post
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.teams import invitations
from batchsite.teams.models import Invitation, Membership, Role, Team, User
from tests.factories import PASSWORD, make_member, make_user

pytestmark = pytest.mark.databases

NEWCOMER = {"name": "Dora", "email": "dora@example.org", "password": PASSWORD}


@pytest.fixture
def invitation(team: Team, alice: User) -> Invitation:
    return Invitation.objects.create(team=team, created_by=alice)


def link(invitation: Invitation) -> str:
    return reverse("join", args=[invitation.token])


def test_an_owner_makes_a_link_and_sees_it(alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(alice).post(reverse("invitation-new"), {"role": "owner"}, follow=True)
    made = Invitation.objects.get()
    assert made.role == Role.OWNER
    assert timedelta(days=13) < made.expires_at - timezone.now() <= timedelta(days=14)
    assert f"http://testserver{link(made)}" in page.content.decode()


@pytest.mark.usefixtures("mail")
def test_a_link_goes_by_mail_to_whom_it_is_for(
    alice: User, team: Team, client: Client, client_of: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=alice.pk).update(name="Alice https://evil.example\u2028")
    site = client_of(alice)
    page = site.post(reverse("invitation-new"), {"role": "viewer", "email": NEWCOMER["email"]}, follow=True)
    made = Invitation.objects.get()
    (mail,) = post.outbox
    assert (mail.to, mail.subject) == ([NEWCOMER["email"]], f"Alice https:/ /evil.example invites you to {team.name}")
    assert re.findall(r"https?://\S+", str(mail.body)) == [f"{settings.OPTIONS.root_url}{link(made)}"]
    shown = " ".join(page.content.decode().split())
    assert "Viewer, sent to dora@example.org" in shown
    client.post(link(made), NEWCOMER)
    assert Membership.objects.get(user__email=NEWCOMER["email"]).role == Role.VIEWER


@pytest.mark.usefixtures("mail")
def test_a_mail_server_that_does_not_answer_leaves_the_link(
    alice: User, client_of: Callable[[User], Client], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = client_of(alice).post(reverse("invitation-new"), {"role": "viewer", "email": "d@example.org"}, follow=True)
    assert "nothing was sent. Pass the link on" in page.content.decode()
    assert f"http://testserver{link(Invitation.objects.get())}" in page.content.decode()
    assert "sent to d@example.org" not in page.content.decode()


@pytest.mark.usefixtures("mail")
def test_a_team_writes_to_few_strangers_a_day(alice: User, team: Team, client_of: Callable[[User], Client]) -> None:
    Invitation.objects.bulk_create(Invitation(team=team, created_by=alice, email="d@example.org") for _ in range(50))
    page = client_of(alice).post(reverse("invitation-new"), {"role": "viewer", "email": "e@example.org"})
    assert (page.status_code, len(post.outbox)) == (422, 0)
    assert "has sent 50 invitations today" in page.content.decode()


def test_a_member_sees_no_links_and_makes_none(
    bob: User, invitation: Invitation, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(bob)
    assert invitation.token not in browser.get(reverse("team")).content.decode()
    refused = browser.post(reverse("invitation-new"), {"role": "owner"})
    assert refused.status_code == 403
    assert "Ask Alice." in refused.content.decode()
    assert browser.post(reverse("invitation-revoke", args=[invitation.pk])).status_code == 403
    assert Invitation.objects.get() == invitation


def test_a_newcomer_signs_up_by_the_link(invitation: Invitation, team: Team, client: Client) -> None:
    assert "Alice invites you" in client.get(link(invitation)).content.decode()
    response = client.post(link(invitation), NEWCOMER, follow=True)
    assert response.context["team"] == team
    dora = User.objects.get(email="dora@example.org")
    assert Membership.objects.get(user=dora).role == Role.MEMBER
    invitation.refresh_from_db()
    assert invitation.used_by == dora


def test_a_link_works_once(invitation: Invitation, client: Client) -> None:
    client.post(link(invitation), NEWCOMER)
    other = Client()
    for response in (other.get(link(invitation)), other.post(link(invitation), NEWCOMER | {"email": "eve@x.org"})):
        assert response.status_code == 410
        assert "an admin or owner of the team for a new one" in response.content.decode()
    assert not User.objects.filter(email="eve@x.org").exists()


def test_of_two_people_with_one_link_one_gets_in(invitation: Invitation, team: Team) -> None:
    """Both have opened the page; the slower one finds neither a membership nor an account."""
    seen_by_both = invitations.open_invitation(invitation.token)
    invitations.sign_up(seen_by_both, name="Dora", email="dora@example.org", password=PASSWORD)
    with pytest.raises(invitations.InvitationVoid):
        invitations.sign_up(seen_by_both, name="Eve", email="eve@example.org", password=PASSWORD)
    assert team.members.count() == 2
    assert not User.objects.filter(email="eve@example.org").exists()


def test_a_link_stays_used_when_the_account_behind_it_is_gone(invitation: Invitation, client: Client) -> None:
    client.post(link(invitation), NEWCOMER)
    User.objects.get(email="dora@example.org").delete()
    assert Client().get(link(invitation)).status_code == 410


@pytest.mark.parametrize("token", ["void", "x" * 40])
def test_an_unknown_link_says_what_to_do(token: str, alice: User, client: Client) -> None:
    assert client.get(reverse("join", args=[token])).status_code == 410


def test_a_link_runs_out_after_two_weeks(invitation: Invitation, client: Client) -> None:
    Invitation.objects.update(expires_at=timezone.now())
    assert client.get(link(invitation)).status_code == 410


def test_a_link_that_was_taken_back_lets_nobody_in(
    alice: User, invitation: Invitation, client: Client, client_of: Callable[[User], Client]
) -> None:
    client_of(alice).post(reverse("invitation-revoke", args=[invitation.pk]))
    assert client.get(link(invitation)).status_code == 410


@pytest.mark.parametrize("end", ["removed", "made a member", "deactivated"])
def test_nobody_comes_back_by_an_invitation_of_their_own(
    end: str, team: Team, client_of: Callable[[User], Client]
) -> None:
    carol = make_member(team, role=Role.OWNER)
    browser = client_of(carol)
    browser.post("/team/invitations", {"role": "owner"})
    token = Invitation.objects.get().token
    if end == "deactivated":
        User.objects.filter(pk=carol.pk).update(is_active=False)
    elif end == "removed":
        Membership.objects.filter(user=carol).delete()
    else:
        Membership.objects.filter(user=carol).update(role=Role.MEMBER)
    browser.post(f"/join/{token}")
    assert not Membership.objects.filter(user=carol, role=Role.OWNER, user__is_active=True).exists()
    assert Client().get(f"/join/{token}").status_code == 410, "nor does anybody else"


def test_an_outsider_cannot_take_a_link_back(
    charlie: User, invitation: Invitation, client_of: Callable[[User], Client]
) -> None:
    assert client_of(charlie).post(reverse("invitation-revoke", args=[invitation.pk])).status_code == 404
    assert Invitation.objects.get() == invitation


def test_somebody_with_an_account_joins_with_it_and_works_there(
    charlie: User, invitation: Invitation, team: Team, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(charlie)
    assert "charlie@example.org" in browser.get(link(invitation)).content.decode()
    assert not Membership.objects.filter(user=charlie, team=team).exists(), "looking is not joining"
    response = browser.post(link(invitation), follow=True)
    assert response.context["team"] == team


def test_a_member_does_not_use_the_link_up(
    bob: User, invitation: Invitation, client_of: Callable[[User], Client]
) -> None:
    response = client_of(bob).get(link(invitation), follow=True)
    assert "You are already in Support research." in response.content.decode()
    assert invitations.open_invitation(invitation.token) == invitation
    assert Membership.objects.get(user=bob).role == Role.MEMBER


def test_an_e_mail_that_is_known_is_led_to_sign_in(invitation: Invitation, client: Client) -> None:
    make_user("Dora", "dora@example.org")
    response = client.post(link(invitation), NEWCOMER | {"email": "Dora@Example.ORG"})
    assert response.status_code == 422
    assert "Sign in with it instead" in response.content.decode()
    assert f"{reverse('sign-in')}?next={link(invitation)}" in response.content.decode()
