"""Notes and tags beside a batch: edited in place or without JavaScript, told in the timeline, found in the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batchsite.batches.models import Batch
from batchsite.batches.tags import tags_in, tags_of
from batchsite.teams.models import Team, User
from tests.factories import make_dataset

pytestmark = pytest.mark.databases

ClientOf = Callable[[User], Client]
HTMX: Any = {"HX-Request": "true"}


@pytest.fixture
def batch(team: Team) -> Batch:
    dataset = make_dataset(team)
    return Batch.objects.create(team=team, dataset=dataset, name="tickets", state="completed", total=2, succeeded=2)


def test_tags_are_words_between_commas_each_once() -> None:
    assert tags_in(" Q4,  for   the board ,q4,, #weekly") == ["q4", "for the board", "weekly"]
    assert len(tags_in(",".join(map(str, range(100))))) == 20
    assert max(map(len, tags_in("x" * 100))) == 40


def test_they_are_edited_in_place(batch: Batch, alice: User, client_of: ClientOf) -> None:
    client = client_of(alice)
    form = client.get(f"/batches/{batch.pk}/notes", headers=HTMX).content.decode()
    assert form.startswith("<form")
    card = client.post(
        f"/batches/{batch.pk}/notes", {"notes": "Ask <Bob>.", "tags": "Q4, board"}, headers=HTMX
    ).content.decode()
    assert "Ask &lt;Bob&gt;." in card
    assert 'href="/batches/?tag=q4"' in card
    page = client.get(f"/batches/{batch.pk}").content.decode()
    assert "Notes and tags changed" in page
    assert "by you" in page


def test_without_javascript_they_have_a_page(batch: Batch, alice: User, client_of: ClientOf) -> None:
    client = client_of(alice)
    assert "<h1>Notes on" in client.get(f"/batches/{batch.pk}/notes").content.decode()
    response = client.post(f"/batches/{batch.pk}/notes", {"notes": "n", "tags": ""})
    assert response["Location"] == f"/batches/{batch.pk}"
    batch.refresh_from_db()
    assert batch.notes == "n"


def test_saving_what_stands_there_already_tells_nothing(batch: Batch, alice: User, client_of: ClientOf) -> None:
    client = client_of(alice)
    for _ in range(2):
        client.post(f"/batches/{batch.pk}/notes", {"notes": "n", "tags": "a"})
    assert batch.events.get().times == 1


def test_the_list_is_narrowed_to_a_tag(batch: Batch, team: Team, alice: User, client_of: ClientOf) -> None:
    Batch.objects.create(team=team, dataset=batch.dataset, name="another", state="completed")
    client = client_of(alice)
    client.post(f"/batches/{batch.pk}/notes", {"tags": "Q4, board"})
    listed = client.get("/batches/?tag=Q4").content.decode()
    assert f'href="/batches/{batch.pk}"' in listed
    assert "another" not in listed
    assert "No matching batches" in client.get("/batches/?tag=nothing").content.decode()
    client.post(f"/batches/{batch.pk}/notes", {"tags": "board"})
    assert tags_of(team) == ["board"]


def test_they_are_for_the_team_alone(batch: Batch, charlie: User, client_of: ClientOf) -> None:
    client = client_of(charlie)
    assert client.get(f"/batches/{batch.pk}/notes").status_code == 404
    assert client.post(f"/batches/{batch.pk}/notes", {"notes": "x"}).status_code == 404
    assert client.get(f"/batches/{batch.pk}/course").status_code == 404
    assert tags_of(charlie.teams.get()) == []


def test_a_new_name_is_told_with_who_gave_it(batch: Batch, alice: User, client_of: ClientOf) -> None:
    client_of(alice).post(f"/batches/{batch.pk}/rename", {"name": "letters"})
    event = batch.events.get()
    assert (event.text, event.by) == ("Renamed, from “tickets”", alice)
