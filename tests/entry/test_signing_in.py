"""Signing in and out, and how often one may guess."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from batchsite.entry.account_adapter import AccountAdapter
from batchsite.entry.sign_in import (
    MOST_FAILURES,
    MOST_OF_AN_ACCOUNT,
    MOST_OF_AN_ADDRESS,
    WINDOW,
    TooManyTries,
)
from batchsite.http import client_address
from batchsite.teams.models import SignInFailure, User
from tests.factories import PASSWORD

HERE = "203.0.113.1"


def sign_in_as(email: str, password: str, address: str) -> User | None:
    """What the page does with them. Raises TooManyTries."""
    request = RequestFactory().post(reverse("sign-in"), REMOTE_ADDR=address)
    try:
        return AccountAdapter(request).authenticate(request, email=email, password=password)
    except ValidationError as error:
        raise error.__cause__ or error from None


def fail(times: int, email: str = "alice@example.org", address: str = HERE) -> None:
    for _ in range(times):
        with suppress(TooManyTries):
            assert sign_in_as(email, "wrong", address) is None


@pytest.mark.parametrize("email", ["alice@example.org", "ALICE@example.org "])
def test_an_e_mail_is_known_in_any_case(email: str, alice: User, client: Client) -> None:
    response = client.post(reverse("sign-in"), {"email": email, "password": PASSWORD})
    assert response.headers["Location"] == reverse("home")
    assert client.get(reverse("home")).context["request"].user == alice


def test_one_comes_back_to_the_page_that_was_asked_for(alice: User, client: Client) -> None:
    asked = client.get(reverse("team") + "?x=1")
    page = client.get(asked.headers["Location"])
    assert page.context["next"] == "/team?x=1"
    signed_in = client.post(
        reverse("sign-in"), {"email": alice.email, "password": PASSWORD, "next": page.context["next"]}
    )
    assert signed_in.headers["Location"] == "/team?x=1"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_nobody_is_sent_to_another_site(elsewhere: str, alice: User, client: Client) -> None:
    response = client.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD, "next": elsewhere})
    assert response.headers["Location"] == reverse("home")


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_e_mail_look_the_same(email: str, alice: User, client: Client) -> None:
    response = client.post(reverse("sign-in"), {"email": email, "password": "wrong", "next": "/team"})
    assert response.status_code == 422
    assert "E-mail and password do not match" in response.content.decode()
    assert response.context["next"] == "/team"
    assert f'value="{email}"' in response.content.decode()
    assert "wrong" not in response.content.decode()


def test_after_ten_wrong_ones_even_the_right_one_waits(alice: User, client: Client) -> None:
    for _ in range(MOST_FAILURES):
        client.post(reverse("sign-in"), {"email": alice.email, "password": "wrong"})
    response = client.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD})
    assert response.status_code == 429
    assert "Try again in 15 minutes" in response.content.decode()
    assert 800 < int(response.headers["Retry-After"]) <= 900
    assert "_auth_user_id" not in client.session


def test_it_is_said_when_to_come_back(alice: User) -> None:
    fail(MOST_FAILURES)
    SignInFailure.objects.update(at=timezone.now() - WINDOW + timedelta(seconds=90))
    with pytest.raises(TooManyTries, match="in 2 minutes"):
        sign_in_as(alice.email, PASSWORD, HERE)
    SignInFailure.objects.update(at=timezone.now() - WINDOW + timedelta(seconds=20))
    with pytest.raises(TooManyTries, match="in a minute"):
        sign_in_as(alice.email, PASSWORD, HERE)


def test_waiting_is_not_made_longer_by_trying(alice: User) -> None:
    fail(MOST_FAILURES + 5)
    assert SignInFailure.objects.count() == MOST_FAILURES


def test_after_a_quarter_of_an_hour_all_is_forgotten(alice: User) -> None:
    fail(MOST_FAILURES)
    SignInFailure.objects.update(at=timezone.now() - WINDOW)
    assert sign_in_as(alice.email, PASSWORD, HERE) == alice
    assert not SignInFailure.objects.exists()


def test_a_right_password_clears_the_count(alice: User) -> None:
    fail(MOST_FAILURES - 1)
    sign_in_as(alice.email, PASSWORD, HERE)
    fail(MOST_FAILURES - 1)
    assert sign_in_as(alice.email, PASSWORD, HERE) == alice


def test_a_stranger_elsewhere_does_not_lock_the_owner_out(alice: User, bob: User) -> None:
    fail(MOST_FAILURES, address="198.51.100.9")
    assert sign_in_as(alice.email, PASSWORD, HERE) == alice
    assert sign_in_as(bob.email, PASSWORD, "198.51.100.9") == bob


def test_who_failed_is_not_stored_in_plain_words(alice: User) -> None:
    fail(1)
    assert "alice" not in SignInFailure.objects.get().who
    assert HERE not in SignInFailure.objects.get().who


def test_a_trusted_proxy_tells_the_address(rf: RequestFactory, settings: Settings) -> None:
    request = rf.get("/", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == "10.0.0.1"
    settings.OPTIONS = replace(settings.OPTIONS, behind_proxy=True)
    assert client_address(request) == "203.0.113.7"
    settings.OPTIONS = replace(settings.OPTIONS, behind_proxy=True, proxies=2)
    assert client_address(request) == "6.6.6.6"


@pytest.mark.parametrize(("header", "proxies"), [("6.6.6.6", 2), ("", 1), ("203.0.113.7, made up", 1)])
def test_a_header_that_the_proxies_did_not_write_is_not_believed(
    header: str, proxies: int, rf: RequestFactory, settings: Settings
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, behind_proxy=True, proxies=proxies)
    request = rf.get("/", headers={"X-Forwarded-For": header}, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == "10.0.0.1"


def test_one_address_cannot_try_a_list_of_e_mails(alice: User) -> None:
    for number in range(MOST_OF_AN_ADDRESS):
        assert sign_in_as(f"guess{number}@example.org", "wrong", HERE) is None
    with pytest.raises(TooManyTries):
        sign_in_as(alice.email, PASSWORD, HERE)
    assert sign_in_as(alice.email, PASSWORD, "198.51.100.9") == alice


def test_an_ipv6_customer_is_one_address(alice: User) -> None:
    for number in range(MOST_FAILURES):
        fail(1, address=f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooManyTries):
        sign_in_as(alice.email, PASSWORD, "2001:db8:1:2:ffff::1")


def test_one_account_cannot_be_tried_from_many_addresses(alice: User) -> None:
    for number in range(MOST_OF_AN_ACCOUNT):
        fail(1, address=f"198.51.{number // 5}.{number % 5}")
    with pytest.raises(TooManyTries):
        sign_in_as(alice.email, PASSWORD, HERE)


def test_guessing_at_the_password_change_is_limited_too(alice: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(alice)
    for _ in range(MOST_FAILURES):
        browser.post(reverse("account-password"), {"current": "wrong", "new": "a new long password"})
    form = {"current": PASSWORD, "new": "a new long password"}
    response = browser.post(reverse("account-password"), form)
    assert (response.status_code, "Too many wrong passwords" in response.content.decode()) == (422, True)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_signing_out_takes_a_post(alice: User, client_of: Callable[[User], Client]) -> None:
    browser = client_of(alice)
    assert browser.get(reverse("sign-out")).status_code == 405
    assert browser.post(reverse("sign-out")).headers["Location"] == reverse("sign-in")
    assert browser.get(reverse("home")).headers["Location"].startswith(reverse("sign-in"))


def test_an_account_that_is_switched_off_does_not_get_in(alice: User) -> None:
    User.objects.update(is_active=False)
    assert sign_in_as(alice.email, PASSWORD, HERE) is None


def test_who_is_signed_in_goes_on_at_once(alice: User, client_of: Callable[[User], Client]) -> None:
    assert client_of(alice).get(reverse("sign-in") + "?next=/team").headers["Location"] == "/team"


def test_signing_in_costs_few_queries(alice: User, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(6):
        sign_in_as(alice.email, PASSWORD, HERE)


@pytest.mark.parametrize("target", ["0", "home", "//evil.example", "https://evil.example", "javascript:alert(1)", "{{"])
def test_a_target_that_is_no_path_of_this_site_leads_to_the_dashboard(target: str, alice: User, client: Client) -> None:
    answer = client.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD, "next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get(reverse("sign-in"), {"next": target})["Location"] == "/"


def test_an_older_password_works_and_is_hashed_anew(alice: User, client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["batchsite.entry.hasher.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    client.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD})
    alice.refresh_from_db()
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert client.get(reverse("home")).status_code == 200
