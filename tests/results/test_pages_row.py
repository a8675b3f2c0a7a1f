"""One row: what was asked, what came back, and how."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch, RequestId, Result
from batchsite.results import row_walk
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_running_batch, an_ended_batch, arrive, failure, receive, success

Browser = Callable[[User], Client]


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def row_page(site: Client, batch: Batch, row: int, **asked: Any) -> str:
    answer = site.get(reverse("batch-row", args=[batch.pk, row]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_a_row_shows_prompt_answer_reasoning_and_cost_to_the_tick(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice, system_prompt="You help {{id}}.")
    receive(batch, {2: success("Lima", reasoning="Peru is a country.")})
    shown = words(row_page(site, batch, 2))
    assert "System You help c2. User Sort this: Question 2" in shown
    assert "Answer Sort this: Question 2 Lima" in shown
    assert "Reasoning Peru is a country." in shown
    assert "204 / 1 / 82" in shown
    assert "Cost $0.00020872 " in shown
    assert "questions-row-2" in shown
    assert "batch_1111-2222" in shown


def test_the_raw_json_is_there_and_readable(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: "one", 2: success("two & <three>")})
    shown = row_page(site, batch, 2)
    assert "&quot;batch_request_id&quot;: &quot;questions-row-2&quot;,\n" in shown
    assert "&quot;content&quot;: &quot;two &amp; &lt;three&gt;&quot;" in shown
    assert "&quot;one&quot;" not in shown


def test_a_failed_row_shows_the_provider_s_words(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: failure("The model is <overloaded>")})
    shown = row_page(site, batch, 1)
    assert "The model is &lt;overloaded&gt;" in shown
    assert "Retry…" in shown
    assert "Failed overloaded, 1 of 20" in words(shown)


def test_a_failed_row_of_a_batch_with_fields_shows_the_words_in_their_place(
    team: Team, alice: User, site: Client
) -> None:
    batch = a_running_batch(team, alice, shape={"fields": [{"name": "mood", "type": "text"}]})
    receive(batch, {1: failure("The model is overloaded")})
    assert "Answer None. xAI says: The model is overloaded" in words(row_page(site, batch, 1))
    assert "Answer Not yet." in words(row_page(site, batch, 2))


def test_a_row_without_an_answer_yet_shows_what_is_asked(team: Team, alice: User, site: Client) -> None:
    shown = words(row_page(site, a_running_batch(team, alice), 3))
    assert "Sort this: Question 3" in shown
    assert "Not yet." in shown
    assert "Retry" not in shown


def test_a_cut_off_answer_is_a_warning(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice, params={"max_completion_tokens": 1600})
    receive(batch, {1: success('{"half": ', finish_reason="length")})
    shown = words(row_page(site, batch, 1))
    assert "The answer is cut off It reached the token limit (1,600 for the visible answer)" in shown
    assert "Finished length cut off" in shown


def test_another_model_than_asked_is_named(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: success("yes", model="grok-4.4"), 2: "yes"})
    assert "grok-4.4 answered; grok-4.3 was requested" in words(row_page(site, batch, 1))
    assert "was asked" not in row_page(site, batch, 2)


def test_an_empty_answer_is_said_to_be_one(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: ""})
    assert "the answer is empty" in row_page(site, batch, 1)


def test_earlier_attempts_are_kept_in_view(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: failure("overloaded, <try> again")})
    first = Result.objects.get(batch=batch, row=1)
    before = {
        "attempt": 1,
        "submission": first.submission_id,
        "state": "failed",
        "error": first.error,
        "cause": first.cause,
        "raw_page": first.raw_page_id,
        "answer": "",
    }
    Result.objects.filter(batch=batch, row=1).update(attempt=2, state="succeeded", answer="At last", earlier=[before])
    shown = row_page(site, batch, 1)
    assert "Attempt 1 Failed overloaded, &lt;try&gt; again Raw JSON" in words(shown).replace(
        "Attempt 1  ", "Attempt 1 "
    )
    assert "Cost, all attempts" in shown
    assert "At last" in shown


def test_a_row_shows_its_place_and_every_cell_of_the_dataset(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice)
    shown = words(row_page(site, batch, 5))
    assert "Succeeded 5 of 20" in shown
    assert "Dataset row Open in the dataset id c5 text Question 5" in shown


def test_what_was_asked_stands_above_the_answer_that_one_judges(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=1)
    assert "Answer Sort this: Question 5 Answer 5 Judgement" in words(row_page(site, batch, 5))
    assert 'class="asked' not in row_page(site, batch, 20), "nothing to judge: the prompt follows"


def test_neighbours_are_one_key_away(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice)
    middle = row_page(site, batch, 5)
    assert re.search(r'rel="prev" id="previous-row" data-key="k" href="/batches/\d+/rows/4"', middle)
    assert re.search(r'rel="next" id="next-row" data-key="j" href="/batches/\d+/rows/6"', middle)
    assert 'rel="prev"' not in row_page(site, batch, 1)
    assert 'rel="next"' not in row_page(site, batch, 20)


def test_neighbours_are_those_of_the_filter(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {row: failure("overloaded") for row in (3, 9, 15)} | {4: "yes"})
    shown = row_page(site, batch, 9, state="failed")
    assert f'href="/batches/{batch.pk}/rows/3?state=failed"' in shown
    assert f'href="/batches/{batch.pk}/rows/15?state=failed"' in shown
    assert f'href="/batches/{batch.pk}?state=failed#results"' in shown


def test_the_place_of_a_row_is_that_among_the_rows_one_walks_through(
    team: Team, alice: User, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {row: failure("overloaded") for row in (3, 9, 15)} | {4: "yes"})
    assert "2 of 3 filtered by Failed" in words(row_page(site, batch, 9, state="failed"))
    assert "Failed overloaded, 12 of 20" in words(row_page(site, batch, 9, sort="-row"))
    assert "Not among the 3 rows filtered by Failed" in words(row_page(site, batch, 4, state="failed"))
    monkeypatch.setattr(row_walk, "MOST_COUNTED", 1)
    assert "One of 3 filtered by Failed" in words(row_page(site, batch, 9, state="failed"))


@pytest.mark.parametrize("row", [0, 21, 10**17])
def test_a_row_that_is_not_there_is_not_found_and_says_which_are(
    row: int, team: Team, alice: User, site: Client
) -> None:
    answer = site.get(reverse("batch-row", args=[an_ended_batch(team, alice).pk, row]))
    assert answer.status_code == 404
    assert "This batch has rows 1 to 20." in answer.content.decode()


def test_ids_of_a_column_find_their_raw_rows(team: Team, alice: User, site: Client) -> None:
    dataset = make_dataset(team, ["key", "text"], [["alpha", "x"], ["beta", "y"]])
    batch = a_running_batch(team, alice, dataset=dataset, id_column="key")
    RequestId.objects.create(batch=batch, request_id="beta", row=2)
    arrive(batch.submissions.get(), [{"batch_request_id": "beta", "batch_result": success("found")}])
    shown = row_page(site, batch, 2)
    assert "<code>beta</code>" in shown
    assert "&quot;batch_request_id&quot;: &quot;beta&quot;" in shown


def test_outsiders_find_nothing(team: Team, alice: User, charlie: User, client_of: Browser) -> None:
    batch = an_ended_batch(team, alice)
    assert client_of(charlie).get(reverse("batch-row", args=[batch.pk, 1])).status_code == 404
