"""Every URL there is: what signed-out people and members of another team get from it.

A new URL is tested by being there. What takes the id of something must be known to `things_of` in `doors.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import resolve

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.permissions import RULES, Need
from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.pages.doors import DOORS
from tests.submission.stories import a_draft, an_ended_batch

BY_SECRET = {"join"}
"""What takes a secret and not an id."""


LOCKED = [door for door in DOORS if RULES[door.name].read != Need.NOTHING]
WITH_IDS = [door for door in DOORS if door.numbers and door.name not in BY_SECRET]


PARTS_OF_A_THING = {"row", "page", "number", "first", "problem"}
"""Numbers in a URL that only mean something within the thing that the URL names first."""


def test_every_id_in_a_url_is_known(ours: dict[str, int]) -> None:
    numbers = {number for door in WITH_IDS for number in door.numbers}
    assert numbers - PARTS_OF_A_THING <= set(ours), "teach `things_of` what this id means"


def test_no_address_hides_behind_another() -> None:
    """As a word in one would take a page's name for a value."""
    leads_to = {door.route: resolve(door.url()).route for door in DOORS}
    assert {route: taken_by for route, taken_by in leads_to.items() if route != taken_by} == {}


def test_another_teams_thing_is_not_there(
    ours: dict[str, int], charlie: User, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(charlie)
    urls = {door.name: door.url(**ours) for door in WITH_IDS}
    answers = {name: {browser.get(url).status_code, browser.post(url).status_code} for name, url in urls.items()}
    assert len(answers) > 20, "where are the doors?"
    assert {name: codes for name, codes in answers.items() if codes not in ({404}, {404, 405})} == {}


def test_an_id_of_another_team_in_a_form_does_nothing(
    team: Team, alice: User, charlie: User, client_of: Callable[[User], Client]
) -> None:
    """Not the address, but a field names a thing of Alice's."""
    batch, draft, version = an_ended_batch(team, alice, rows=2), a_draft(team, alice), a_version(team)
    rivals = charlie.teams.get()
    own = an_ended_batch(rivals, charlie, dataset=make_dataset(rivals), rows=2)
    own_draft = a_draft(rivals, charlie, own.dataset)
    browser, before = client_of(charlie), _state_of(team)
    for action in ("delete", "restore", "archive", "unarchive", "tag", "untag"):
        browser.post("/batches/selected", {"action": action, "pk": [batch.pk, draft.pk], "tag": "x"})
        browser.post("/datasets/selected", {"action": action, "pk": [batch.dataset_id]})
    codes = {
        browser.post("/batches/new", {"dataset": batch.dataset_id}).status_code,
        browser.post("/batches/new", {"dataset": own.dataset_id, "prompt": version.pk}).status_code,
        browser.post(f"/batches/{own_draft.pk}/fill", {"version": version.pk}).status_code,
        browser.post(f"/batches/{own.pk}/new-rows/{batch.dataset_id}").status_code,
        browser.get(f"/batches/{own.pk}/compare/{batch.pk}").status_code,
    }
    browser.post(f"/batches/{own.pk}/again", {"dataset": batch.dataset_id})
    assert codes == {404}
    assert _state_of(team) == before
    assert not Batch.objects.filter(team=rivals, dataset__team=team).exists()
    assert not Batch.objects.filter(team=rivals, prompt=version.text).exists()
    assert f'"/batches/{batch.pk}"' not in browser.get(f"/batches/?shown={batch.pk}").content.decode()


def a_version(team: Team) -> PromptVersion:
    return Prompt.objects.create(team=team, name="Ours").versions.create(number=1, text="The words of Alice")


def _state_of(team: Team) -> list[object]:
    return [*Batch.objects.filter(team=team).values(), *Dataset.objects.filter(team=team).values()]


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_signed_out_is_led_to_sign_in(method: str, ours: dict[str, int], client: Client) -> None:
    urls = {door.name: door.url(**ours) for door in LOCKED}
    answers = {name: getattr(client, method)(url) for name, url in urls.items()}
    found = {name: (answer.status_code, answer.headers.get("Location")) for name, answer in answers.items()}
    assert found == {name: (302, f"/sign-in?next={url if method == 'get' else '/'}") for name, url in urls.items()}


def test_a_signed_out_fragment_sends_the_browser_and_swaps_nothing(ours: dict[str, int], client: Client) -> None:
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/batches/?state=failed"}
    answers = {door.name: client.get(door.url(**ours), headers=page) for door in LOCKED}
    found = {
        name: (answer.status_code, answer.content, answer.headers.get("HX-Redirect"))
        for name, answer in answers.items()
    }
    assert found == dict.fromkeys(answers, (200, b"", "/sign-in?next=/batches/%3Fstate%3Dfailed"))


@pytest.mark.django_db
def test_before_the_first_account_every_door_leads_to_the_first_visit(client: Client) -> None:
    fragment = {"HX-Request": "true"}
    found = {
        door.name: (
            client.get(door.url()).headers.get("Location"),
            client.get(door.url(), headers=fragment).headers.get("HX-Redirect"),
        )
        for door in LOCKED
    }
    assert found == dict.fromkeys(found, ("/setup", "/setup"))


def test_a_made_up_current_page_leads_nowhere_else(alice: User, client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/steal"}
    assert client.get("/team", headers=headers).headers["HX-Redirect"] == "/sign-in?next=/steal"
