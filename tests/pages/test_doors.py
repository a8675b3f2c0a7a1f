"""Every URL there is: what signed-out people and members of another team get from it.

A new URL is tested by being there. What takes the id of something must be known to `ours`, below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter

from batchsite.batches.models import Batch
from batchsite.exports.models import Export
from batchsite.prompts.models import Prompt
from batchsite.teams.models import Invitation, Membership, Team, User
from batchsite.trials.models import Trial, TrialAnswer
from tests.factories import make_dataset, make_member

OPEN = {"live", "ready", "setup", "sign-in", "sign-out", "join", "shared-results"}
"""What the signed-out may reach."""
BY_SECRET = {"join"}
"""What takes a secret and not an id."""


@dataclass(frozen=True)
class Door:
    name: str
    route: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]

    def url(self, **known: int) -> str:
        """The address with ids where they are known, and something plausible for the rest."""
        values = {name: str(known.get(name, 1)) for name in self.numbers} | dict.fromkeys(self.words, "csv")
        path = self.route
        for name, value in values.items():
            start, rest = path.split("<", 1)
            inside, end = rest.split(">", 1)
            assert inside.split(":")[-1] == name
            path = start + value + end
        return "/" + path


def _doors(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[Door]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _doors(one.url_patterns, route)
            continue
        kinds = one.pattern.converters
        numbers = tuple(name for name, kind in kinds.items() if isinstance(kind, IntConverter))
        yield Door(str(one.name), route, numbers, tuple(name for name in kinds if name not in numbers))


DOORS = list(_doors(get_resolver().url_patterns))
LOCKED = [door for door in DOORS if door.name not in OPEN]
WITH_IDS = [door for door in DOORS if door.numbers and door.name not in BY_SECRET]


@pytest.fixture
def ours(team: Team, alice: User) -> dict[str, int]:
    """The ids of Alice's things, by the names that URLs give them."""
    dataset = make_dataset(team)
    bob = make_member(team)
    batch = Batch.objects.create(team=team, dataset=dataset, name="Languages", total=2)
    trial = Trial.objects.create(batch=batch, rows=[1], variants=[{}])
    return {
        "dataset_id": dataset.pk,
        "batch_id": batch.pk,
        "other_id": Batch.objects.create(team=team, dataset=dataset, name="Languages again", total=2).pk,
        "trial_id": trial.pk,
        "answer_id": TrialAnswer.objects.create(trial=trial, batch=batch, row=1, variant=0, request=b"").pk,
        "prompt_id": Prompt.objects.create(team=team, name="Language").pk,
        "export_id": Export.objects.create(batch=batch).pk,
        "team_id": team.pk,
        "membership_id": Membership.objects.get(user=bob).pk,
        "invitation_id": Invitation.objects.create(team=team, created_by=alice).pk,
    }


PARTS_OF_A_THING = {"row", "page", "number", "first", "problem"}
"""Numbers in a URL that only mean something within the thing that the URL names first."""


@pytest.mark.parametrize("door", WITH_IDS, ids=lambda door: door.name)
def test_another_teams_thing_is_not_there(
    door: Door, ours: dict[str, int], charlie: User, client_of: Callable[[User], Client]
) -> None:
    assert set(door.numbers) - PARTS_OF_A_THING <= set(ours), "teach `ours` what this id means"
    browser, url = client_of(charlie), door.url(**ours)
    answers = {browser.get(url).status_code, browser.post(url).status_code}
    assert answers in ({404}, {404, 405})


@pytest.mark.parametrize("door", LOCKED, ids=lambda door: door.name)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_signed_out_is_led_to_sign_in(method: str, door: Door, ours: dict[str, int], client: Client) -> None:
    url = door.url(**ours)
    response = getattr(client, method)(url)
    assert response.status_code == 302
    back = url if method == "get" else "/"
    assert response.headers["Location"] == f"/sign-in?next={back}"


@pytest.mark.parametrize("door", LOCKED, ids=lambda door: door.name)
def test_a_signed_out_fragment_sends_the_browser_and_swaps_nothing(
    door: Door, ours: dict[str, int], client: Client
) -> None:
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/batches/?state=failed"}
    response = client.get(door.url(**ours), headers=page)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["HX-Redirect"] == "/sign-in?next=/batches/%3Fstate%3Dfailed"


@pytest.mark.parametrize("door", LOCKED, ids=lambda door: door.name)
@pytest.mark.django_db
def test_before_the_first_account_every_door_leads_to_the_first_visit(door: Door, client: Client) -> None:
    assert client.get(door.url()).headers["Location"] == "/setup"
    assert client.get(door.url(), headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/setup"


def test_a_made_up_current_page_leads_nowhere_else(alice: User, client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/steal"}
    assert client.get("/team", headers=headers).headers["HX-Redirect"] == "/sign-in?next=/steal"


def test_the_list_of_open_doors_names_real_ones() -> None:
    assert {door.name for door in DOORS} >= OPEN
