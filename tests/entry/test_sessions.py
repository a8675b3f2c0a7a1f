"""Sessions end when they are unused, and all at once when a person asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from batchsite.teams.middleware import SESSION_USED_AT
from batchsite.teams.models import User
from tests import nursery
from tests.factories import PASSWORD

ClientOf = Callable[[User], Client]


def unused_for(browser: Client, hours: float) -> None:
    session = browser.session
    session[SESSION_USED_AT] = time.time() - 3600 * hours
    session.save()


def test_a_session_that_is_unused_for_a_week_is_ended(alice: User, client_of: ClientOf) -> None:
    browser = client_of(alice)
    unused_for(browser, 167)
    assert browser.get(reverse("home")).status_code == 200
    assert time.time() - browser.session[SESSION_USED_AT] < 60
    unused_for(browser, 169)
    assert browser.get(reverse("home")).headers["Location"].startswith(reverse("sign-in"))
    assert browser.get(reverse("home")).status_code == 302


def test_signing_out_everywhere_ends_every_session(alice: User, client_of: ClientOf) -> None:
    here, elsewhere = client_of(alice), client_of(alice)
    assert elsewhere.get(reverse("home")).status_code == 200
    assert here.post(reverse("sign-out-everywhere")).headers["Location"] == reverse("sign-in")
    assert elsewhere.get(reverse("home")).status_code == 302
    alice.refresh_from_db()
    assert client_of(alice).get(reverse("home")).status_code == 200


@pytest.mark.parametrize(("https", "names"), [("1", "__Host-sessionid __Host-csrftoken"), ("0", "sessionid csrftoken")])
def test_under_https_cookies_are_bound_to_the_host(
    https: str, names: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = "from django.conf import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME)"
    environ = {
        "BATCHSITE_DATA": str(tmp_path_factory.mktemp("data")),
        "BATCHSITE_HTTPS": https,
        "DJANGO_SETTINGS_MODULE": "batchsite.settings",
    }
    done = nursery.run(["-c", code], environ)
    assert done.stdout.strip() == names


def test_sessions_are_seen_and_ended_one_by_one(alice: User, bob: User, client_of: ClientOf) -> None:
    here, elsewhere = client_of(alice), Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    elsewhere.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    page = here.get(reverse("usersessions_list")).content.decode()
    assert "Firefox on Linux" in page
    assert "192.0.2.7" in page
    assert page.count("this one") == 1
    other = UserSession.objects.get(ip="192.0.2.7")
    assert client_of(bob).post(reverse("session-end", args=[other.pk])).status_code == 404
    here.post(reverse("session-end", args=[other.pk]))
    assert elsewhere.get(reverse("home")).status_code == 302
    assert here.get(reverse("home")).status_code == 200


def test_all_other_sessions_are_ended_at_once(alice: User, client_of: ClientOf) -> None:
    here, elsewhere = client_of(alice), client_of(alice)
    here.post(reverse("usersessions_list"))
    assert (here.get(reverse("home")).status_code, elsewhere.get(reverse("home")).status_code) == (200, 302)


@pytest.mark.parametrize("way", ["sign-out", "sign-out-everywhere"])
def test_signing_out_has_the_browser_forget_what_was_typed(way: str, alice: User, client_of: ClientOf) -> None:
    assert client_of(alice).post(reverse(way))["Clear-Site-Data"] == '"storage"'
