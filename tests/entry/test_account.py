"""One's own name, e-mail and password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.teams.models import User
from tests.factories import PASSWORD

NEW = "quite another sentence"


def test_a_name_is_changed_without_the_password(bob: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(bob).post(reverse("account"), {"name": "Robert", "email": bob.email}, follow=True)
    bob.refresh_from_db()
    assert bob.name == "Robert"
    assert "Saved." in page.content.decode()


@pytest.mark.parametrize(("password", "status"), [("", 422), ("wrong", 422), (PASSWORD, 302)])
def test_an_e_mail_is_changed_with_the_password_only(
    password: str, status: int, bob: User, client_of: Callable[[User], Client]
) -> None:
    data = {"name": "Bob", "email": "Robert@Example.org", "password": password}
    assert client_of(bob).post(reverse("account"), data).status_code == status
    bob.refresh_from_db()
    assert bob.email == ("robert@example.org" if status == 302 else "bob@example.org")


def test_the_e_mail_of_somebody_else_is_refused(alice: User, bob: User, client_of: Callable[[User], Client]) -> None:
    data = {"name": "Bob", "email": "ALICE@example.org", "password": PASSWORD}
    page = client_of(bob).post(reverse("account"), data)
    assert "There is already an account with this e-mail." in page.content.decode()


def test_a_new_password_keeps_this_browser_and_signs_the_others_out(
    bob: User, client_of: Callable[[User], Client]
) -> None:
    this, other = client_of(bob), client_of(bob)
    this.post(reverse("account-password"), {"current": PASSWORD, "new": NEW})
    bob.refresh_from_db()
    assert bob.check_password(NEW)
    assert this.get(reverse("home")).status_code == 200
    assert other.get(reverse("home")).headers["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"current": "wrong", "new": NEW}, "current", "not your current password"),
        ({"current": PASSWORD, "new": "short"}, "new", "at least 10"),
        ({"current": PASSWORD, "new": "bob@example.org"}, "new", "too similar"),
    ],
)
def test_what_is_wrong_with_a_password_stands_at_its_field(
    answers: dict[str, str], field: str, words: str, bob: User, client_of: Callable[[User], Client]
) -> None:
    response = client_of(bob).post(reverse("account-password"), answers)
    assert response.status_code == 422
    assert words in " ".join(response.context["password_form"].errors[field])
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
