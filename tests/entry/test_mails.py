"""What goes by mail: links for a new password, codes to sign in, an e-mail that is confirmed. And without a server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as post
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.entry.addresses import keep_address
from batchsite.teams.models import Invitation, Membership, Team, User
from tests.factories import PASSWORD

ClientOf = Callable[[User], Client]
NEW = "quite another sentence"


def link_in_mail() -> str:
    found = re.search(r"http://testserver(/\S+)", str(post.outbox[-1].body))
    assert found
    return found[1]


def set_password_by(path: str, browser: Client) -> int:
    form = browser.get(path, follow=True)
    answer = browser.post(form.request["PATH_INFO"], {"password1": NEW})
    return answer.status_code


@pytest.mark.usefixtures("mail")
def test_a_forgotten_password_is_set_anew_by_a_link(alice: User, client: Client, client_of: ClientOf) -> None:
    before = client_of(alice)
    assert "link by mail" in client.get(reverse("sign-in")).content.decode()
    client.post(reverse("account_reset_password"), {"email": "Alice@Example.org"})
    assert post.outbox[-1].to == [alice.email]
    link = link_in_mail()
    assert set_password_by(link, client) == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert before.get("/team").status_code == 302, "other browsers are signed out"
    assert "no longer works" in Client().get(link, follow=True).content.decode()


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize("page", ["account_reset_password", "account_request_login_code"])
def test_nobody_learns_who_has_an_account(page: str, alice: User) -> None:
    seen = []
    for email in (alice.email, "nobody@example.org"):
        answer = Client().post(reverse(page), {"email": email}, follow=True)
        seen.append(
            (answer.redirect_chain, re.sub(r'value="\w{64}"|"X-CSRFToken": "\w+"', "", answer.content.decode()))
        )
    assert seen[0][0] == seen[1][0]
    assert seen[0][1].replace(alice.email, "") == seen[1][1].replace("nobody@example.org", "")
    assert [message.to for message in post.outbox] == [[alice.email], ["nobody@example.org"]]


@pytest.mark.usefixtures("mail")
def test_a_code_by_mail_signs_in_once_and_confirms_the_e_mail(alice: User, client: Client) -> None:
    keep_address(alice)
    client.post(reverse("account_request_login_code"), {"email": alice.email})
    code = re.search(r":\s+(\S+)\s+It works once", str(post.outbox[-1].body))
    assert code
    assert client.post(reverse("account_confirm_login_code"), {"code": "WRONG-1"}).status_code == 422
    assert client.post(reverse("account_confirm_login_code"), {"code": code[1]})["Location"] == "/"
    assert client.get("/team").status_code == 200
    assert EmailAddress.objects.get(user=alice).verified


@pytest.mark.usefixtures("mail")
def test_a_new_e_mail_counts_once_its_link_was_opened(alice: User, client_of: ClientOf) -> None:
    site = client_of(alice)
    data = {"name": "Alice", "email": "al@example.org", "password": PASSWORD}
    page = site.post(reverse("account"), data, follow=True).content.decode()
    assert "A link went to al@example.org" in page
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    site.post(link_in_mail())
    alice.refresh_from_db()
    assert alice.email == "al@example.org"
    assert [(one.email, one.verified) for one in EmailAddress.objects.filter(user=alice)] == [("al@example.org", True)]


def test_without_a_mail_server_the_page_says_what_to_do(alice: User, client: Client) -> None:
    page = client.get(reverse("sign-in")).content.decode()
    assert "manage.py resetlink" in page
    assert reverse("account_reset_password") not in page
    assert reverse("account_request_login_code") not in page
    call_command("resetlink", "Alice@example.org", stdout=(out := StringIO()))
    path = out.getvalue().strip().removeprefix("http://127.0.0.1:8000")
    assert set_password_by(path, client) == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    with pytest.raises(CommandError):
        call_command("resetlink", "nobody@example.org")


NEWCOMER = {"name": "Dora", "email": "dora@example.org", "password1": PASSWORD}


def test_nobody_signs_up_without_an_invitation(alice: User, client: Client) -> None:
    answer = client.post(reverse("account_signup"), NEWCOMER)
    assert "by invitation" in answer.content.decode()
    assert not User.objects.filter(email=NEWCOMER["email"]).exists()


@pytest.mark.parametrize("email", ["dora@example.org", "alice@example.org"])
def test_where_anybody_may_sign_up_the_e_mail_is_confirmed_first(
    email: str, alice: User, client: Client, mail: None, settings: Settings
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, sign_up="anyone")
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    answer = client.post(reverse("account_signup"), NEWCOMER | {"email": email})
    assert answer["Location"] == reverse("account_email_verification_sent"), "the same for an account that exists"
    assert client.get("/account").status_code == 302
    assert post.outbox[-1].to == [email]
    assert User.objects.filter(email=email).count() == 1


def test_an_invitation_is_all_it_takes_otherwise(team: Team, alice: User, client: Client) -> None:
    link = reverse("join", args=[Invitation.objects.create(team=team, created_by=alice).token])
    client.post(link, {"name": "Dora", "email": "dora@example.org", "password": PASSWORD})
    assert Membership.objects.filter(user__email="dora@example.org", team=team).exists()
    address = EmailAddress.objects.get(email="dora@example.org")
    assert (address.primary, address.verified) == (True, False), "nobody has confirmed it"
