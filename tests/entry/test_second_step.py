"""Codes from an app, and recovery codes: after the password, before anything else."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.entry.sign_in import MOST_FAILURES
from batchsite.teams.models import User
from tests.factories import PASSWORD

ClientOf = Callable[[User], Client]
NOW = 1_800_000_000


def code_of(secret: str) -> str:
    """What an app with that secret shows now."""
    return str(format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1])))


def turn_on(browser: Client) -> str:
    """Returns the secret."""
    secret: str = browser.get(reverse("mfa_activate_totp")).context["form"].secret
    done = browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert done["Location"] == reverse("mfa_view_recovery_codes")
    return secret


def after_the_password(user: User) -> Client:
    browser = Client()
    answer = browser.post(reverse("sign-in"), {"email": user.email, "password": PASSWORD, "next": "/team"})
    assert answer["Location"] == reverse("mfa_authenticate")
    assert browser.get("/team").status_code == 302, "a password alone is not enough"
    return browser


def test_the_password_alone_does_not_do_any_more(alice: User, client_of: ClientOf) -> None:
    with time_machine.travel(NOW) as clock:
        secret = turn_on(client_of(alice))
        clock.shift(120)
        browser = after_the_password(alice)
        assert browser.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 422
        assert browser.get("/team").status_code == 302
        done = browser.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
        assert done["Location"] == "/team"
        assert browser.get("/team").status_code == 200


def test_codes_cannot_be_guessed(alice: User, client_of: ClientOf) -> None:
    with time_machine.travel(NOW) as clock:
        secret = turn_on(client_of(alice))
        clock.shift(120)
        for _ in range(MOST_FAILURES):
            cache.clear()  # what a process counts does not last: a try may meet another one
            after_the_password(alice).post(reverse("mfa_authenticate"), {"code": "000000"})
        refused = after_the_password(alice).post(reverse("mfa_authenticate"), {"code": code_of(secret)})
        assert "Too many wrong codes. Try again in 15 minutes." in refused.content.decode()
        clock.shift(15 * 60)
        done = after_the_password(alice).post(reverse("mfa_authenticate"), {"code": code_of(secret)})
        assert done["Location"] == "/team"


def test_a_code_of_an_app_works_once_in_all_processes(alice: User, client_of: ClientOf) -> None:
    with time_machine.travel(NOW) as clock:
        secret = turn_on(client_of(alice))
        clock.shift(120)
        code = code_of(secret)
        for status in (302, 422):
            cache.clear()  # another process knows nothing of what this one remembers
            assert after_the_password(alice).post(reverse("mfa_authenticate"), {"code": code}).status_code == status


def test_a_recovery_code_works_once(alice: User, client_of: ClientOf) -> None:
    site = client_of(alice)
    turn_on(site)
    codes = site.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert codes[0] in site.get(reverse("mfa_download_recovery_codes")).content.decode()
    for _, status in ((1, 302), (2, 422)):
        answer = after_the_password(alice).post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert answer.status_code == status


def test_secrets_are_encrypted_and_follow_the_key(alice: User, client_of: ClientOf, settings: Settings) -> None:
    site = client_of(alice)
    secret = turn_on(site)
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key of thirty-two letters"
    call_command("rotatekeys", stdout=(out := StringIO()))
    assert "Other secrets encrypted with the current SECRET_KEY: 2." in out.getvalue()
    settings.SECRET_KEY_FALLBACKS = []
    stored.refresh_from_db()
    assert stored.wrap().validate_code(code_of(secret))


@pytest.mark.parametrize("sent", [{"password": PASSWORD}, {"password": "wrong"}])
def test_after_a_while_dangerous_things_ask_again(
    sent: dict[str, str], alice: User, bob: User, client_of: ClientOf
) -> None:
    dangerous = reverse("member-remove", args=[bob.memberships.get().pk])
    with time_machine.travel(NOW) as clock:
        site = client_of(alice)
        assert site.get(dangerous).status_code == 200
        clock.shift(31 * 60)
        asked = site.get(dangerous)
        assert asked["Location"] == f"{reverse('account_reauthenticate')}?next={dangerous}"
        lost = site.post(
            reverse("key-set"), {"key": "xai-not-to-be-kept"}, headers={"Referer": "http://testserver/team"}
        )
        assert lost["Location"] == f"{reverse('account_reauthenticate')}?next=/team"
        assert "xai-not-to-be-kept" not in str(dict(site.session))
        assert site.get("/team").status_code == 200, "the rest goes on"
        answer = site.post(asked["Location"], sent)
        right = sent["password"] == PASSWORD
        assert answer.status_code == (302 if right else 422)
        assert site.get(dangerous).status_code == (200 if right else 302)
