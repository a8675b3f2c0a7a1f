"""What people said of answers stands in the files that are taken home, where anybody said anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_running_batch, an_ended_batch, end, receive

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def table(site: Client, batch: int, **asked: str) -> list[dict[str, str]]:
    answer = site.get(reverse("batch-download", args=[batch]), {"form": "csv", **asked})
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


def test_without_a_judgement_there_are_no_columns_for_it(team: Team, alice: User, site: Client) -> None:
    assert "judgement" not in table(site, an_ended_batch(team, alice).pk)[0]


def test_judgement_correction_and_comment_stand_beside_the_answer(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=2)
    said = {"verdict": "bad", "comment": "No, twice", "corrected.answer": "Other"}
    site.post(reverse("row-correct", args=[batch.pk, 2]), said)
    site.post(reverse("row-judge", args=[batch.pk, 3]), {"verdict": "good"})
    rows = table(site, batch.pk)
    assert [(row["judgement"], row["corrected"], row["comment"]) for row in rows[:3]] == [
        ("", "", ""),
        ("bad", "Other", "No, twice"),
        ("good", "", ""),
    ]
    assert rows[1]["answer"] == "Answer 2"
    assert len(rows) == 20
    assert table(site, batch.pk, rows="failed")[0]["judgement"] == ""


def test_fields_are_json_and_names_of_the_dataset_stay(team: Team, alice: User, site: Client) -> None:
    dataset = make_dataset(team, ["text", "comment"], [["Where?", "mine"]])
    shape = {"fields": [{"name": "intent", "type": "text"}]}
    batch = a_running_batch(team, alice, dataset=dataset, shape=shape)
    receive(batch, {1: '{"intent": "late"}'})
    end(batch)
    site.post(reverse("row-correct", args=[batch.pk, 1]), {"corrected.intent": "lost", "comment": "ours"})
    [row] = table(site, batch.pk)
    assert row["corrected"] == '{"intent":"lost"}'
    assert (row["comment"], row["comment_2"]) == ("mine", "ours")
