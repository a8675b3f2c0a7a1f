"""A file is uploaded in the place of another: a dataset of its own, so that nothing changes under those who use one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.batches.models import Batch
from batchsite.datasets import answers, dataset_removal
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import Team, User
from tests.datasets.conftest import Importer
from tests.datasets.steps import LATIN, deleted, guesses, imported
from tests.datasets.stores import files_in
from tests.factories import make_dataset

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
JSON = {"Accept": "application/json"}


def sent(data: bytes = b"id,text\n1,mended\n", name: str = "tickets mended.csv") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, data)}


def url_of(dataset: Dataset, name: str = "dataset") -> str:
    return reverse(name, args=[dataset.pk])


@pytest.mark.parametrize("state", [DatasetState.READY, DatasetState.REFUSED, DatasetState.ASKING])
def test_the_new_file_is_a_version_of_the_same_table(
    team: Team, alice: User, client_of: Browser, state: DatasetState
) -> None:
    old, client = make_dataset(team, name="March", state=state), client_of(alice)
    before = client.get(url_of(old)).content.decode()
    answer = client.post(url_of(old, "dataset-replace"), sent())
    new = Dataset.objects.get(replaces=old)

    assert f'action="{url_of(old, "dataset-replace")}"' in before
    assert answer["Location"] == url_of(new)
    assert (new.name, new.filename, new.team) == ("March", "tickets mended.csv", team)
    assert imported(new).row(1) == ["1", "mended"]
    assert url_of(old) in client.get(url_of(new)).content.decode()
    after = client.get(url_of(old)).content.decode()
    assert "Replaced by a newer version" in after
    assert url_of(new) in after


def test_a_dataset_that_batches_use_does_not_change_under_them(team: Team, alice: User, client_of: Browser) -> None:
    old, client = make_dataset(team), client_of(alice)
    batch = Batch.objects.create(team=team, dataset=old, name="March by intent")
    client.post(url_of(old, "dataset-replace"), sent())
    batch.refresh_from_db()
    old.refresh_from_db()

    assert batch.dataset == old
    assert (old.state, old.row_count, old.row(1)) == (DatasetState.READY, 2, ["1", "Hello"])


def test_the_list_says_which_one_is_replaced(team: Team, alice: User, client_of: Browser) -> None:
    old, client = make_dataset(team), client_of(alice)
    assert "replaced" not in client.get("/datasets/").content.decode()
    new = make_dataset(team, replaces=old)
    shown = {one.pk: one.is_replaced for one in client.get("/datasets/").context["listing"].datasets}

    assert shown == {new.pk: False, old.pk: True}
    dataset_removal.delete(new)
    assert "replaced" not in client.get("/datasets/").content.decode()
    assert "Replaced by" not in client.get(url_of(old)).content.decode()


def test_the_new_one_stays_when_the_old_is_deleted(received: Importer, alice: User, client_of: Browser) -> None:
    old, client = imported(received("id,text\n1\n")), client_of(alice)
    client.post(url_of(old, "dataset-replace"), sent())
    new = Dataset.objects.get(replaces=old)
    deleted(old)
    dataset_removal.clear_step(old.pk)

    assert imported(new).row(1) == ["1", "mended"]
    assert new.replaces is None
    assert "In the place of" not in client.get(url_of(new)).content.decode()


def test_what_was_answered_before_is_preselected(received: Importer, alice: User, client_of: Browser) -> None:
    old, client = imported(received(LATIN)), client_of(alice)
    [question] = old.questions
    other = next(choice["value"] for choice in question["choices"] if choice["value"] != question["guess"])
    answers.answer(old, alice, {question["key"]: other})
    client.post(url_of(old, "dataset-replace"), sent(LATIN))
    new = imported(Dataset.objects.get(replaces=old))
    page = client.get(url_of(new)).content.decode()

    assert new.state == DatasetState.ASKING, "it is asked again: the file is another one"
    assert guesses(new)[question["key"]] == question["guess"]
    assert f'value="{other}" required checked' in page


@pytest.mark.parametrize(("data", "words"), [(b"", "The file is empty."), (b"a" * 2001, "the limit is 2,000")])
def test_what_cannot_be_taken_is_said_on_the_page_of_the_old_one(
    team: Team, alice: User, client_of: Browser, settings: Settings, media: Path, data: bytes, words: str
) -> None:
    settings.OPTIONS = dataclasses.replace(project.OPTIONS, upload_bytes=2000)
    old, client = make_dataset(team, name="March"), client_of(alice)
    page = client.post(url_of(old, "dataset-replace"), sent(data))
    script = client.post(url_of(old, "dataset-replace"), sent(data), headers=JSON)

    assert (page.status_code, script.status_code) == (422, 422)
    assert "<h1><bdi>March</bdi></h1>" in page.content.decode()
    assert words in page.content.decode()
    assert words in script.json()["error"]
    assert not Dataset.objects.filter(replaces=old).exists()
    assert files_in(media) == []


def test_an_upload_that_breaks_off_replaces_nothing(team: Team, alice: User, client_of: Browser, media: Path) -> None:
    body = '--x\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\nid,text\n1,a\n2,b'
    old, kind = make_dataset(team), "multipart/form-data; boundary=x"
    answer = client_of(alice).generic("POST", url_of(old, "dataset-replace"), body, kind, headers=JSON)

    assert answer.status_code == 422
    assert Dataset.objects.count() == 1
    assert files_in(media) == []


def test_an_outsider_replaces_nothing(team: Team, charlie: User, client_of: Browser, media: Path) -> None:
    old = make_dataset(team)

    assert client_of(charlie).post(url_of(old, "dataset-replace"), sent()).status_code == 404
    assert files_in(media) == []


def test_a_forged_replacement_is_refused(team: Team, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(url_of(make_dataset(team), "dataset-replace"), sent()).status_code == 403
    assert Dataset.objects.count() == 1
