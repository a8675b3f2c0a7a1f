"""Results taken home: chosen on a page, streamed as a file, marked while they are partial."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.exports import row_streams
from batchsite.teams.models import Team, User
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch, receive

Browser = Callable[[User], Client]


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    """20 rows, the last two of them failed."""
    return an_ended_batch(team, alice, failed=2, name="Größe / Sorting")


def fetch(site: Client, batch: Batch, **asked: str) -> tuple[Any, bytes]:
    answer: Any = site.get(reverse("batch-download", args=[batch.pk]), asked)
    assert answer.streaming
    return answer, b"".join(answer)


def table(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_the_page_offers_forms_and_rows(batch: Batch, site: Client) -> None:
    page = site.get(reverse("batch-download", args=[batch.pk])).content.decode()
    for words in ("CSV, exact", "CSV for Excel", "JSON Lines", "Rows with an answer", "All rows, in the order"):
        assert words in page
    assert "Partial" not in page


@pytest.mark.parametrize(
    ("form", "kind", "name"),
    [
        ("csv", "text/csv; charset=utf-8", "groe-sorting-{}.csv"),
        ("excel", "text/csv; charset=utf-8", "groe-sorting-{}-excel.csv"),
        ("json", "application/json", "groe-sorting-{}.json"),
        ("jsonl", "application/x-ndjson", "groe-sorting-{}.jsonl"),
    ],
)
def test_every_form_is_a_file_with_a_name_of_its_own(
    form: str, kind: str, name: str, batch: Batch, site: Client
) -> None:
    answer, body = fetch(site, batch, form=form)
    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"] == f'attachment; filename="{name.format(batch.pk)}"'
    assert "X-Incomplete" not in answer
    assert b"Answer 18" in body


def test_the_csv_holds_all_rows_in_order_with_what_came_back(batch: Batch, site: Client) -> None:
    _, body = fetch(site, batch, form="csv")
    rows = table(body)
    assert [row["text"] for row in rows] == [f"Question {number}" for number in range(1, 21)]
    assert rows[0] == {
        "id": "c1",
        "text": "Question 1",
        "batch_request_id": "questions-row-1",
        "state": "succeeded",
        "answer": "Answer 1",
        "error": "",
        "warning": "",
        "finish_reason": "stop",
        "answered_by": "grok-4.3",
        "prompt_tokens": "204",
        "completion_tokens": "1",
        "reasoning_tokens": "82",
        "cost_usd": "0.00020872",
    }
    assert (rows[19]["state"], rows[19]["error"]) == ("failed", "Content violates usage guidelines.")


@pytest.mark.parametrize(
    ("rows", "numbers", "part"),
    [
        ("all", list(range(1, 21)), ""),
        ("", list(range(1, 21)), ""),
        ("succeeded", list(range(1, 19)), "-succeeded"),
        ("failed", [19, 20], "-failed"),
    ],
)
def test_the_chosen_rows_are_taken(rows: str, numbers: list[int], part: str, batch: Batch, site: Client) -> None:
    answer, body = fetch(site, batch, form="jsonl", rows=rows)
    assert [json.loads(line)["text"] for line in body.splitlines()] == [f"Question {number}" for number in numbers]
    assert f'{batch.pk}{part}.jsonl"' in answer["Content-Disposition"]


def test_what_is_still_running_is_marked_as_partial(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {2: "yes"})
    answer, body = fetch(site, batch, form="csv")
    assert answer["X-Incomplete"] == "true"
    assert "-partial.csv" in answer["Content-Disposition"]
    assert [row["state"] for row in table(body)][:3] == ["pending", "succeeded", "pending"]
    page = site.get(reverse("batch-download", args=[batch.pk])).content.decode()
    assert "1 of 20 rows so far" in page


@pytest.mark.parametrize("asked", [{"form": "xml"}, {"form": ""}, {"form": "csv", "rows": "some"}])
def test_a_form_that_does_not_exist_is_refused_before_the_first_byte(
    asked: dict[str, str], batch: Batch, site: Client
) -> None:
    answer = site.get(reverse("batch-download", args=[batch.pk]), asked)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.content.decode()


def test_rows_flow_through_while_they_are_read(batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read before the browser takes it, and the rows are asked for a block at a time."""
    asked: list[list[int]] = []
    results = row_streams._results

    def watched(*given: Any, misfits: bool) -> Any:
        asked.append(given[1])
        return results(*given, misfits=misfits)

    monkeypatch.setattr(row_streams, "_results", watched)
    answer: Any = site.get(reverse("batch-download", args=[batch.pk]), {"form": "csv"})
    assert asked == []
    pieces = iter(answer)
    next(pieces)
    list(pieces)
    assert asked == [[*range(1, 21)]]


def test_a_draft_has_nothing_to_take_home(team: Team, alice: User, site: Client) -> None:
    draft = a_draft(team, alice)
    answer = site.get(reverse("batch-download", args=[draft.pk]), {"form": "csv"})
    assert answer["Location"] == reverse("batch-edit", args=[draft.pk])


@pytest.mark.parametrize("asked", [{}, {"form": "csv"}])
def test_outsiders_find_nothing(asked: dict[str, str], batch: Batch, charlie: User, client_of: Browser) -> None:
    assert client_of(charlie).get(reverse("batch-download", args=[batch.pk]), asked).status_code == 404
