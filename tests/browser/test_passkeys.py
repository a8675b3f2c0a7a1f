"""Passkeys, with Chromium's virtual authenticator in place of a fingerprint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect

from batchsite.teams.models import User
from tests.browser.look import faults_everywhere

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def plug_in(page: Page) -> None:
    """A security device that knows who holds it and always says yes."""
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**device, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )


def test_from_adding_a_passkey_to_signing_in_with_it(alice: User, open_as: Open, live_server: Any) -> None:
    page = open_as(alice, "/account/second-step")
    plug_in(page)
    assert faults_everywhere(page) == []
    page.get_by_role("link", name="Add a passkey").click()
    assert faults_everywhere(page) == []
    page.get_by_label("Name").fill("Laptop at home")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert Authenticator.objects.filter(user=alice, type=Authenticator.Type.WEBAUTHN).exists()
    page.context.clear_cookies()
    page.goto(live_server.url + "/sign-in?next=/team")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Support research")).to_be_visible()
    page.goto(live_server.url + "/account/second-step")
    expect(page.get_by_text("Laptop at home")).to_be_visible()
    assert faults_everywhere(page) == []
    page.get_by_role("link", name="Remove…").click()
    expect(page.get_by_text("Laptop at home can no longer be used to sign in.")).to_be_visible()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_passkey_confirms_that_it_is_still_the_same_person(
    alice: User, bob: User, open_as: Open, live_server: Any
) -> None:
    page = open_as(alice, "/account/second-step/passkeys/new")
    plug_in(page)
    page.get_by_label("Sign in with it alone").uncheck()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    forget_when(alice)
    page.goto(live_server.url + "/team")
    page.goto(f"{live_server.url}/team/people/{bob.memberships.get().pk}/remove")
    expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
    assert faults_everywhere(page) == []
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use the passkey").click()
    expect(page.get_by_role("heading", name="Remove Bob from Support research?")).to_be_visible()


def forget_when(user: User) -> None:
    """The last sign-in of the person is long ago."""
    for session in UserSession.objects.filter(user=user):
        store = SessionStore(session.session_key)
        store[AUTHENTICATION_METHODS_SESSION_KEY] = []
        store.save()
