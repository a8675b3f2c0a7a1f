"""On a key that several teams share, what other programs made is for those who run the installation alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batchsite.teams.models import Membership, Role, Team, User
from batchsite.teams.people import create_team
from batchsite.teams.team_keys import store_key
from tests.pipeline import drive, make_batch
from tests.provider.conftest import Stranger
from tests.sandboxes import Sandbox

ClientOf = Callable[[User], Client]
HTMX: Any = {"HX-Request": "true"}
CLOSED = "Only owners of the team that set it up may open or cancel"


@pytest.fixture
def theirs(sandbox: Sandbox, stranger: Stranger, settings: Any) -> str:
    """A batch of another program on the account of the installation's key, running."""
    options: Any = settings.OPTIONS
    settings.OPTIONS = dataclasses.replace(options, xai_api_key="sandbox-key", xai_api_base=f"{sandbox.url}/v1")
    sandbox.set(rate=0.001)
    return stranger.batch("nightly report of the board")


def doors(client: Client, made: str) -> list[str | int]:
    """What every door to it answers: its name on the list, the page, then the statuses of the others."""
    listed = client.get("/provider/", headers=HTMX).content.decode()
    shown = client.get(f"/provider/{made}", headers=HTMX).content.decode()
    found: list[str | int] = ["named" if "nightly report" in listed else "hidden"]
    found.append("closed" if CLOSED in shown else "open" if "nightly report" in shown else "?")
    for page in ("", "?show=requests"):
        without_script = client.get(f"/provider/{made}{page}{'&' if page else '?'}now=1").content.decode()
        assert ("nightly report" in without_script) == (found[1] == "open")
    found += [client.get(f"/provider/{made}/{door}").status_code for door in ("download", "cancel")]
    return found


OPEN: list[str | int] = ["named", "open", 200, 200]
SHUT: list[str | int] = ["hidden", "closed", 404, 404]


def test_members_and_owners_of_other_teams_find_it_closed(
    theirs: str, team: Team, alice: User, bob: User, charlie: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    assert doors(client_of(alice), theirs) == OPEN
    assert doors(client_of(bob), theirs) == SHUT
    assert doors(client_of(charlie), theirs) == SHUT
    for person in (bob, charlie):
        assert client_of(person).post(f"/provider/{theirs}/cancel").status_code == 404
    assert 'id="remote-cancel"' in client_of(alice).get(f"/provider/{theirs}", headers=HTMX).content.decode()
    assert client_of(alice).post(f"/provider/{theirs}/cancel").status_code == 302


@pytest.mark.databases
def test_who_founds_a_team_of_their_own_comes_no_further(
    theirs: str, alice: User, bob: User, client_of: ClientOf
) -> None:
    create_team(bob, "A back door")
    client = client_of(bob)
    for own in Team.objects.filter(members=bob):
        session = client.session
        session["team"] = own.pk
        session.save()
        assert doors(client, theirs) == SHUT


def test_it_is_said_on_the_list(theirs: str, alice: User, bob: User, charlie: User, client_of: ClientOf) -> None:
    words = "only owners of the team that set it up may open or cancel"
    listed = client_of(bob).get("/provider/", headers=HTMX).content.decode()
    assert words in listed
    assert "Another program’s" in listed
    assert f'href="/provider/{theirs}' not in listed
    assert (
        "nightly" not in client_of(bob).get("/provider/?search=nightly", headers=HTMX).content.decode().split("<h2>")[0]
    )
    assert words not in client_of(alice).get("/provider/", headers=HTMX).content.decode()


def test_what_their_own_team_made_stays_theirs_to_read(
    theirs: str, team: Team, bob: User, charlie: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    batch = make_batch(team, 3, name="Tickets")
    drive(batch, until="processing")
    assert batch.account == "environment"
    shown = client_of(bob).get(f"/provider/{batch.submissions.get().remote_id}", headers=HTMX).content.decode()
    assert "made here for" in shown


def test_where_there_is_one_team_its_members_may(theirs: str, bob: User, client_of: ClientOf) -> None:
    assert doors(client_of(bob), theirs) == OPEN


@pytest.mark.databases
def test_with_a_key_of_their_own_members_may(
    theirs: str, team: Team, bob: User, charlie: User, client_of: ClientOf
) -> None:
    store_key(team, "sandbox-key", "", None)
    assert doors(client_of(bob), theirs) == OPEN


def test_an_owner_of_the_first_team_may_wherever_they_work(
    theirs: str, team: Team, alice: User, charlie: User, client_of: ClientOf
) -> None:
    Membership.objects.create(team=charlie.teams.get(), user=alice, role=Role.MEMBER)
    client = client_of(alice)
    session = client.session
    session["team"] = charlie.teams.get().pk
    session.save()
    assert doors(client, theirs) == OPEN
