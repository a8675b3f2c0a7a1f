"""The first visit makes the first account and its team, once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.teams.models import Membership, Role, Team, User
from batchsite.teams.people import AlreadySetUp, set_up
from tests.factories import PASSWORD, make_dataset, make_team

pytestmark = pytest.mark.databases

ANSWERS = {"team_name": "Support research", "name": "Alice", "email": "Alice@Example.org", "password": PASSWORD}


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["home", "team", "sign-in"])
def test_every_page_leads_to_the_first_visit_while_there_is_no_account(page: str, client: Client) -> None:
    assert client.get(reverse(page)).headers["Location"] == reverse("setup")


@pytest.mark.django_db
def test_the_first_account_owns_the_first_team_and_is_signed_in(client: Client) -> None:
    response = client.post(reverse("setup"), ANSWERS, follow=True)
    assert response.redirect_chain == [(reverse("home"), 302)]
    membership = Membership.objects.get()
    assert (membership.team.name, membership.user.email, membership.role) == (
        "Support research",
        "alice@example.org",
        Role.OWNER,
    )
    assert response.context["team"] == membership.team


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "no address", "valid email"),
        ("email", "", "required"),
        ("password", "short", "at least 10"),
        ("password", "password123", "too common"),
        ("password", "alice@example.org", "too similar"),
        ("team_name", " ", "required"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(field: str, value: str, words: str, client: Client) -> None:
    response = client.post(reverse("setup"), {**ANSWERS, field: value})
    assert response.status_code == 422
    assert words in " ".join(response.context["form"].errors[field])
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not User.objects.exists()
    assert not Team.objects.exists()


def test_there_is_no_second_first_visit(alice: User, client: Client) -> None:
    for response in (client.get(reverse("setup")), client.post(reverse("setup"), ANSWERS | {"email": "eve@x.org"})):
        assert response.headers["Location"] == reverse("sign-in")
    assert User.objects.get() == alice


@pytest.mark.django_db
def test_a_team_that_the_command_line_made_is_taken_over_with_what_it_has() -> None:
    early = make_team("batchsite")
    dataset = make_dataset(early)
    user = set_up(name="Alice", email="alice@example.org", password=PASSWORD, team_name="Support research")
    dataset.refresh_from_db()
    assert Team.objects.get().name == "Support research"
    assert dataset.team.memberships.get().user == user


@pytest.mark.django_db(transaction=True)
def test_of_two_first_visits_at_once_one_wins() -> None:
    both_ready = threading.Barrier(2)
    ended: list[str] = []

    def visit(name: str) -> None:
        both_ready.wait()
        try:
            set_up(name=name, email=f"{name}@example.org", password=PASSWORD, team_name=name)
            ended.append("founded")
        except AlreadySetUp:
            ended.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, args=[name]) for name in ("alice", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["founded", "too late"]
    assert User.objects.count() == Team.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("code", [None, "", "AAAA-BBBB-CCCC"])
def test_a_server_that_others_can_reach_asks_for_the_code_of_the_terminal(
    code: str | None, client: Client, settings: Settings
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, hosts=("batches.example.org",))
    answers = ANSWERS if code is None else {**ANSWERS, "code": code}
    assert client.post(reverse("setup"), answers).status_code == 422
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("change", [str, str.lower, lambda code: code.replace("-", " ")])
def test_with_the_code_it_lets_one_in(change: Callable[[str], str], client: Client, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, bind="0.0.0.0")
    out = StringIO()
    call_command("setupcode", stdout=out)
    response = client.post(reverse("setup"), {**ANSWERS, "code": change(out.getvalue().strip())})
    assert response.headers["Location"] == reverse("home")
    with pytest.raises(CommandError, match="no code is needed"):
        call_command("setupcode")
