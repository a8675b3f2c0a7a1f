"""Single sign-on by OpenID Connect, with a real provider that is asked over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.audit.models import AuditEvent
from batchsite.options import ROOT
from batchsite.setup import sign_on_providers
from batchsite.teams.models import Invitation, Membership, Role, Team, User
from batchsite.teams.people import change_role
from tests.entry.identity_provider import CLIENT, PASSWORD, SECRET

ClientOf = Callable[[User], Client]
PEOPLE: dict[str, dict[str, Any]] = {
    "alice@example.org": {"name": "Alice", "groups": ["leads"]},
    "bob@example.org": {"name": "Bob", "verified": False},
    "dora@example.org": {"name": "Dora", "groups": ["staff", "leads"]},
    "emil@example.org": {"name": "Emil", "groups": ["guests"]},
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = {"people": PEOPLE, "callback": "http://testserver/sign-on/sso/callback"}
    command = [sys.executable, "-m", "tests.entry.identity_provider", "0", str(tmp_path_factory.mktemp("provider"))]
    process = subprocess.Popen([*command, json.dumps(given)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    yield f"http://127.0.0.1:{process.stdout.readline().split()[1]}"
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def sign_on(provider: str, settings: Settings, client: Client) -> Callable[..., None]:
    """Sets the site up for the provider, and changes options of it."""

    def set_up(**changed: Any) -> None:
        found = {
            "oidc_url": provider,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_name": "Example ID",
        }
        settings.OPTIONS = replace(settings.OPTIONS, **{**found, **changed})
        settings.SOCIALACCOUNT_PROVIDERS = sign_on_providers(settings.OPTIONS)

    set_up()
    return set_up


def enter(email: str, then: str = "/team", browser: Client | None = None) -> tuple[Client, Any]:
    """Signs in at the provider, and comes back. Returns the browser, and the page where one ends up."""
    here = browser or Client()
    going = here.post(reverse("openid_connect_login", args=["sso"]), {"next": then}).content.decode()
    away = unescape(re.findall(r'http-equiv="refresh" content="0;url=([^"]+)"', going)[0])
    with httpx.Client(follow_redirects=True) as there:
        form = there.get(away)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.text))
        filled = {**fields, "next": form.url.params["next"], "login": email, "password": PASSWORD}
        answer = there.post(urljoin(str(form.url), "/login/"), data=filled, follow_redirects=False)
        while not answer.headers["Location"].startswith("http://testserver/"):
            answer = there.get(urljoin(str(answer.url), answer.headers["Location"]), follow_redirects=False)
    return here, here.get(answer.headers["Location"].removeprefix("http://testserver"), follow=True)


def test_an_account_that_is_there_is_entered_by_its_e_mail(alice: User, team: Team) -> None:
    browser, page = enter("alice@example.org")
    assert page.redirect_chain[-1][0] == "/team"
    assert page.context["request"].user == alice
    assert EmailAddress.objects.get(user=alice).verified, "the provider has confirmed it"
    browser.post(reverse("sign-out"))
    assert enter("alice@example.org", browser=browser)[1].context["request"].user == alice


def test_who_made_an_account_with_an_e_mail_of_somebody_else_does_not_stay_in_it(alice: User, team: Team) -> None:
    """Invited, or changed to that e-mail where no mail server asks whose it is; with a way in that is no password."""
    Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data={})
    SocialAccount.objects.create(user=alice, provider="sso", uid="somebody else")
    _, page = enter("alice@example.org")
    assert page.context["request"].user == alice
    assert not Authenticator.objects.filter(user=alice).exists()
    assert SocialAccount.objects.filter(user=alice).exclude(uid="somebody else").count() == 1
    assert not SocialAccount.objects.filter(uid="somebody else").exists()


def test_a_confirmed_e_mail_keeps_its_other_ways_in(alice: User, team: Team) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    SocialAccount.objects.create(user=alice, provider="sso", uid="an older one")
    enter("alice@example.org")
    assert SocialAccount.objects.filter(uid="an older one").exists()


def test_an_e_mail_that_nobody_confirmed_opens_no_account(bob: User) -> None:
    browser, page = enter("bob@example.org")
    assert "does not say that your e-mail is confirmed" in page.content.decode()
    assert browser.get("/team").status_code == 302


def test_a_stranger_needs_an_invitation(team: Team, alice: User) -> None:
    _, page = enter("emil@example.org")
    assert "you have no account here" in page.content.decode()
    assert not User.objects.filter(email="emil@example.org").exists()
    link = reverse("join", args=[Invitation.objects.create(team=team, created_by=alice).token])
    assert "Sign in with Example ID to join" in Client().get(link).content.decode()
    browser, page = enter("emil@example.org", link)
    browser.post(link)
    emil = User.objects.get(email="emil@example.org")
    assert (emil.name, emil.has_usable_password()) == ("Emil", False)
    assert Membership.objects.get(user=emil).team == team
    assert "None: you sign in with Example ID." in browser.get(reverse("account")).content.decode()


def test_a_group_gives_a_role_and_takes_it_away_again(team: Team, alice: User, sign_on: Callable[..., None]) -> None:
    sign_on(oidc_roles=("staff=viewer", "leads=admin"))
    enter("dora@example.org")
    dora = User.objects.get(email="dora@example.org")
    assert Membership.objects.get(user=dora).role == Role.ADMIN, "the strongest of them"
    assert AuditEvent.objects.filter(action="role_by_group", user_id=dora.pk).count() == 1
    owner = Membership.objects.get(user=alice)
    change_role(Membership.objects.get(user=dora), Role.MEMBER, by=owner)
    enter("dora@example.org")
    assert Membership.objects.get(user=dora).role == Role.ADMIN
    sign_on(oidc_roles=("others=member",))
    _, page = enter("dora@example.org")
    assert page.redirect_chain[-1][0] == reverse("no-team")
    enter("alice@example.org")
    assert Membership.objects.get(user=alice).role == Role.OWNER, "made by hand, and the last owner"


def test_the_last_owner_stays_one_whatever_the_group(team: Team, alice: User, sign_on: Callable[..., None]) -> None:
    sign_on(oidc_roles=("leads=viewer",))
    enter("alice@example.org")
    assert Membership.objects.get(user=alice).role == Role.OWNER


def test_it_can_be_the_only_way_in(team: Team, alice: User, sign_on: Callable[..., None], client: Client) -> None:
    sign_on(oidc_only=True)
    page = client.get(reverse("sign-in")).content.decode()
    assert "Sign in with Example ID" in page
    assert 'type="password"' not in page
    answer = client.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD}, follow=True)
    assert "it is the only way in here" in answer.content.decode()
    assert client.get("/team").status_code == 302
    link = reverse("join", args=[Invitation.objects.create(team=team, created_by=alice).token])
    client.post(link, {"name": "Eve", "email": "eve@example.org", "password": PASSWORD})
    assert not User.objects.filter(email="eve@example.org").exists()
    assert enter("alice@example.org")[1].redirect_chain[-1][0] == "/team"


@pytest.mark.parametrize("query", ["?code=made-up&state=made-up", "?error=access_denied", ""])
def test_an_answer_that_nobody_asked_for_opens_nothing(query: str, alice: User, client: Client) -> None:
    page = client.get(reverse("openid_connect_callback", args=["sso"]) + query, follow=True)
    assert "Back to sign in" in page.content.decode()
    assert client.get("/team").status_code == 302


def test_a_provider_that_does_not_answer_is_said(alice: User, client: Client, sign_on: Callable[..., None]) -> None:
    sign_on(oidc_url="http://127.0.0.1:9")
    page = client.post(reverse("openid_connect_login", args=["sso"]))
    assert "Single sign-on did not work" in page.content.decode()


def test_nobody_is_sent_elsewhere_and_an_unknown_provider_is_not_there(alice: User, client: Client) -> None:
    assert enter("alice@example.org", "https://evil.example/")[1].redirect_chain[-1][0] == "/"
    assert client.post(reverse("openid_connect_login", args=["other"])).status_code == 404


def test_whoever_says_no_at_the_provider_is_told_so(alice: User) -> None:
    browser = Client()
    going = browser.post(reverse("openid_connect_login", args=["sso"])).content.decode()
    state = re.findall(r"[?&]state=([^&\"]+)", unescape(going))[0]
    came_back = reverse("openid_connect_callback", args=["sso"])
    page = browser.get(came_back, {"error": "access_denied", "state": state}, follow=True)
    assert (page.status_code, page.redirect_chain) == (200, [(reverse("socialaccount_login_cancelled"), 302)])
    assert "cancelled" in page.content.decode()
