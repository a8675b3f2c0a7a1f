"""A file that can be read in more than one way asks, with the evidence in view, and is imported as people answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from batchsite.batches.models import Batch
from batchsite.datasets import answers, dataset_removal, importer, tasks
from batchsite.datasets.models import Block, Dataset, DatasetState
from batchsite.processes.queue import RESEND
from batchsite.teams.models import Team, User
from tests.datasets.conftest import Importer
from tests.datasets.steps import LATIN, WIDE, deleted, filled, guesses, imported, others, workbook
from tests.datasets.stores import FailingStorage, Killed, files_in
from tests.factories import make_dataset

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
LATE = b"id;name\n" + b"1;Alice\n" * 60_000 + "2;Müller\n".encode("cp1252") + b"3;Bob\n" * 20_000
"""Plain at first: what it asks shows when most of it is read and stored."""


@pytest.fixture
def failing(settings: Settings) -> Any:
    """Storage that a test can make fail."""
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "tests.datasets.stores.FailingStorage"}}
    yield FailingStorage
    FailingStorage.error, FailingStorage.then, FailingStorage.after = None, None, 0


def post(client: Client, name: str, dataset: Dataset, values: dict[str, str]) -> Any:
    return client.post(reverse(name, args=[dataset.pk]), filled(values))


def page_of(client: Client, dataset: Dataset, name: str = "dataset", **headers: str) -> str:
    return client.get(reverse(name, args=[dataset.pk]), headers=headers).content.decode()


# --- asking


@pytest.mark.parametrize("data", [LATIN, WIDE, LATE], ids=["an old code page", "a cell too many", "late in the file"])
def test_nothing_is_imported_before_it_is_answered(received: Importer, data: bytes | str) -> None:
    dataset = imported(received(data))

    assert (dataset.state, dataset.row_count, dataset.columns) == (DatasetState.ASKING, 0, [])
    assert dataset.questions
    assert not Block.objects.exists()
    assert (dataset.next_look_at, dataset.tries) == (None, 0)


def test_the_page_shows_each_way_with_the_rows_it_would_give(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset = imported(received(LATIN))
    page = page_of(client_of(alice), dataset)

    assert "Needs an answer" in page
    assert "Müller" in page
    for question in dataset.questions:
        for choice in question["choices"]:
            assert f'name="answer-{question["key"]}" value="{choice["value"]}"' in page
            assert all(cell in page for row in choice["rows"] for cell in row if cell.isalpha())
        assert question["guess"] in {choice["value"] for choice in question["choices"]}
    assert page.count(" checked") == len(dataset.questions)
    assert "New batch</button>" not in page


def test_a_page_that_watched_the_import_is_brought_the_question(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset = imported(received(LATIN))
    part = page_of(client_of(alice), dataset, "dataset-progress", **HTMX)

    assert f'action="{reverse("dataset-answer", args=[dataset.pk])}"' in part
    assert "hx-trigger" not in part
    assert "Needs an answer" in part


def test_the_list_says_that_it_needs_an_answer_and_waits_for_nothing(
    received: Importer, alice: User, client_of: Browser
) -> None:
    imported(received(LATIN))
    page = client_of(alice).get("/datasets/").content.decode()

    assert "Needs an answer" in page
    assert 'hx-trigger="every' not in page


# --- answering


def test_an_answer_has_it_imported_by_the_worker(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = imported(received(LATIN))
    answer = post(client_of(alice), "dataset-answer", dataset, guesses(dataset))
    dataset.refresh_from_db()

    assert answer["Location"] == reverse("dataset", args=[dataset.pk])
    assert (dataset.state, dataset.questions) == (DatasetState.IMPORTING, [])
    assert [job.args for job in tasks.due(timezone.now() + RESEND)] == [(dataset.pk,)]
    assert imported(dataset).state == DatasetState.READY
    assert dataset.row(1) == ["1", "Müller", "Zürich"]


@pytest.mark.parametrize("value", ["", "klingon"])
def test_what_is_no_answer_is_said_in_place(received: Importer, alice: User, client_of: Browser, value: str) -> None:
    dataset = imported(received(LATIN))
    answer = post(client_of(alice), "dataset-answer", dataset, dict.fromkeys(guesses(dataset), value))
    dataset.refresh_from_db()

    assert answer.status_code == 422
    assert "Choose one." in answer.content.decode()
    assert dataset.state == DatasetState.ASKING


def test_who_answered_what_is_told(received: Importer, alice: User, bob: User, client_of: Browser) -> None:
    dataset = imported(received(LATIN))
    question = dataset.questions[0]
    chosen = next(one["label"] for one in question["choices"] if one["value"] == question["guess"])
    answers.answer(dataset, alice, guesses(dataset))
    imported(dataset)
    page = page_of(client_of(bob), dataset)

    assert question["text"] in page
    assert chosen in page
    assert "Alice" in page
    assert reverse("dataset-again", args=[dataset.pk]) in page


def test_the_second_answer_finds_it_answered(received: Importer, alice: User, bob: User, client_of: Browser) -> None:
    dataset = imported(received(LATIN))
    values, stale = guesses(dataset), Dataset.objects.get()
    answers.answer(dataset, alice, values)

    with pytest.raises(answers.CannotChange, match="already been answered"):
        answers.answer(stale, bob, values)
    again = client_of(bob).post(reverse("dataset-answer", args=[dataset.pk]), filled(values), follow=True)
    assert "It has already been answered." in again.content.decode()
    dataset.refresh_from_db()
    assert {one["by"] for one in dataset.answers} == {alice.pk}


def test_a_dataset_that_was_deleted_takes_no_answer(received: Importer, alice: User) -> None:
    dataset = imported(received(LATIN))
    dataset_removal.delete(dataset)

    with pytest.raises(answers.CannotChange):
        answers.answer(dataset, alice, guesses(dataset))


def test_an_outsider_answers_nothing(received: Importer, charlie: User, client_of: Browser) -> None:
    dataset = imported(received(LATIN))

    for name in ("dataset-answer", "dataset-again", "dataset-leave"):
        assert post(client_of(charlie), name, dataset, guesses(dataset)).status_code == 404
    dataset.refresh_from_db()
    assert dataset.state == DatasetState.ASKING


# --- through kills


def test_a_kill_before_the_question_shows_leaves_nothing(received: Importer, failing: type[FailingStorage]) -> None:
    dataset = received(LATE)
    failing.error, failing.after = Killed(), 400_000
    with pytest.raises(Killed):
        importer.import_step(dataset.pk)
    failing.error = None

    assert imported(dataset).state == DatasetState.ASKING
    assert not Block.objects.exists()


def test_an_answer_outlives_a_killed_import(received: Importer, alice: User, failing: type[FailingStorage]) -> None:
    dataset = imported(received(LATE))
    answers.answer(dataset, alice, guesses(dataset))
    failing.error, failing.after = Killed(), 500_000
    with pytest.raises(Killed):
        importer.import_step(dataset.pk)
    failing.error = None

    assert imported(dataset).state == DatasetState.READY
    assert (dataset.row_count, dataset.row(60_001)) == (80_001, ["2", "Müller"])
    assert sum(dataset.blocks.values_list("count", flat=True)) == 80_001


# --- changing an answer


def test_an_answer_can_be_changed(received: Importer, alice: User, bob: User, client_of: Browser) -> None:
    dataset = imported(received(LATIN))
    [key] = guesses(dataset)
    answers.answer(dataset, alice, guesses(dataset))
    imported(dataset)
    page = page_of(client_of(bob), dataset, "dataset-again")
    other = others(dataset, key)[-1]
    post(client_of(bob), "dataset-again", dataset, {key: other})

    assert f'value="{dataset.given[key]}" required checked' in page
    assert imported(dataset).state == DatasetState.READY
    assert dataset.given == {key: other}
    assert dataset.answers[0]["by"] == bob.pk
    assert dataset.row(1) != ["1", "Müller", "Zürich"]


def test_a_dataset_in_use_stays_and_a_new_one_is_made_of_its_file(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset, client = imported(received(LATIN)), client_of(alice)
    [key] = guesses(dataset)
    answers.answer(dataset, alice, guesses(dataset))
    batch = Batch.objects.create(team=dataset.team, dataset=imported(dataset), name="March by intent")
    page = page_of(client, dataset, "dataset-again")
    answer = post(client, "dataset-again", dataset, {key: others(dataset, key)[-1]})
    other = Dataset.objects.get(replaces=dataset)

    assert batch.name in page
    assert "Import again" not in page
    assert answer["Location"] == reverse("dataset", args=[other.pk])
    assert (other.name, other.filename, other.size) == (dataset.name, dataset.filename, dataset.size)
    with other.file.open("rb") as file:
        assert file.read() == LATIN
    dataset.refresh_from_db()
    assert (dataset.state, dataset.row(1)) == (DatasetState.READY, ["1", "Müller", "Zürich"])
    assert imported(other).row(1) != dataset.row(1)


def test_the_file_of_one_outlives_the_other(received: Importer, alice: User, media: Path) -> None:
    dataset = imported(received(LATIN))
    other = answers.read_beside(dataset, alice, guesses(dataset))
    deleted(dataset)
    dataset_removal.clear_step(dataset.pk)

    assert imported(other).state == DatasetState.READY
    deleted(other)
    dataset_removal.clear_step(other.pk)
    assert files_in(media) == []


def test_reading_beside_needs_a_file_and_counts_among_the_uploads_that_wait(
    received: Importer, team: Team, alice: User, client_of: Browser, settings: Settings
) -> None:
    dataset, client = imported(received(LATIN)), client_of(alice)
    settings.OPTIONS = replace(settings.OPTIONS, waiting_uploads=2)
    address = reverse("dataset-again", args=[dataset.pk])
    for _ in range(4):
        client.post(address, {**filled(guesses(dataset)), "beside": "on"})
    assert Dataset.objects.filter(state=DatasetState.IMPORTING).count() == 2
    assert "already has 2 uploads waiting" in client.get(reverse("dataset", args=[dataset.pk])).content.decode()

    never = make_dataset(team, state=DatasetState.REFUSED, address="https://example.org/a.csv")
    with pytest.raises(answers.CannotChange, match="never fetched"):
        answers.read_beside(never, alice, {})


def test_a_batch_made_meanwhile_keeps_its_rows(team: Team, alice: User, client_of: Browser) -> None:
    dataset = make_dataset(team)
    Batch.objects.create(team=team, dataset=dataset, name="March by intent")

    with pytest.raises(answers.CannotChange, match="Batches use tickets"):
        answers.read_again(dataset, alice, {})
    assert dataset.row(1) == ["1", "Hello"]


# --- what was not asked


def test_any_line_can_be_said_to_have_the_names(received: Importer, alice: User, client_of: Browser) -> None:
    dataset, client = imported(received("a,b\nid,text\nfoo,bar\n")), client_of(alice)
    assert 'name="answer-header_line"' in page_of(client, dataset, "dataset-again")
    post(client, "dataset-again", dataset, {"header_line": "2"})

    assert imported(dataset).columns == ["id", "text"]
    assert (dataset.row_count, dataset.given) == (1, {"header_line": "2"})
    post(client, "dataset-again", dataset, {"header_line": ""})
    assert (imported(dataset).columns, dataset.given) == (["a", "b"], {})


def test_what_was_refused_as_lined_up_columns_can_be_one_column(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset, client = imported(received("name   n\nAnn    1\nBob   20\nCy     3\n")), client_of(alice)
    page = page_of(client, dataset)
    assert "columns of fixed width" in page
    assert reverse("dataset-again", args=[dataset.pk]) in page
    post(client, "dataset-again", dataset, {"delimiter": "none"})

    assert imported(dataset).row(1) == ["Ann    1"]


@pytest.mark.parametrize("value", ["0", "x", "99999999"])
def test_a_line_that_cannot_be_is_said_in_place(
    received: Importer, alice: User, client_of: Browser, value: str
) -> None:
    dataset = imported(received("a,b\nid,text\nfoo,bar\n"))
    assert post(client_of(alice), "dataset-again", dataset, {"header_line": value}).status_code == 422


def test_an_excel_file_is_read_differently_too(received: Importer, alice: User, client_of: Browser) -> None:
    data = workbook(May=[["a", "b"], ["id", "text"], ["foo", "bar"]], June=[["x", "y"], ["p", "q"]])
    dataset, client = imported(received(data)), client_of(alice)
    answers.answer(dataset, alice, {"sheet": "May"})
    page = page_of(client, imported(dataset), "dataset-again")

    assert 'value="June"' in page
    assert 'name="answer-delimiter"' not in page
    post(client, "dataset-again", dataset, {"header_line": "2", "sheet": "May"})
    assert imported(dataset).columns == ["id", "text"]


def test_lines_of_json_ask_about_what_is_no_row_and_can_be_read_differently(
    received: Importer, alice: User, client_of: Browser
) -> None:
    lines = ['{"id": "Number", "text": "What they said"}', *(f'{{"id": {n}, "text": "foo"}}' for n in range(1, 4))]
    dataset, client = imported(received("\n".join([*lines, '{"id": "Total", "text": ""}']))), client_of(alice)
    for key, place in (("below_header", "Row 1"), ("footer", "Row 4")):
        assert [question["key"] for question in dataset.questions] == [key]
        assert place in page_of(client, dataset)
        answers.answer(dataset, alice, guesses(dataset))
        dataset = imported(dataset)

    assert (dataset.state, dataset.row_count) == (DatasetState.READY, 3)
    assert page_of(client, dataset).count("Row 4") == 1
    page = page_of(client, dataset, "dataset-again")
    assert all(f'name="answer-{key}"' in page for key in ("below_header", "footer", "repeated"))
    post(client, "dataset-again", dataset, {"below_header": "leave", "footer": "part"})
    assert imported(dataset).row_count == 4


def test_less_likely_ways_are_shown_on_demand(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = imported(received(LATIN))
    page = page_of(client_of(alice), dataset)
    likely, _, more = page.partition('<details class="more">')

    assert "Windows-1252" in likely
    assert "Japanese" not in likely
    assert "DOS" in more
