"""The books see a double: an answer that was billed and became nobody's result is counted, once, and said."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.db.models import Sum

from batchsite.batches.models import Batch, DailySpend, ExtraAnswer, RawPage, Result, Submission
from batchsite.processes.leases import claimed
from batchsite.submission import actions
from batchsite.submission.chunk_plan import plan
from batchsite.submission.step_context import begin_step
from batchsite.teams.models import Team
from tests.submission.stories import a_running_batch, arrive, end, failure, receive, success

pytestmark = pytest.mark.django_db
TICKS = 2_087_200


def _spent() -> int:
    return int(DailySpend.objects.aggregate(sum=Sum("ticks"))["sum"] or 0)


def _answer(batch: Batch, number: int, row: int, **changes: Any) -> None:
    """A result of the batch's submission of that number, as it comes over the wire."""
    submission = batch.submissions.get(number=number)
    raw = {"batch_request_id": f"{batch.id_prefix}-row-{row}", "batch_result": success(**changes)}
    arrive(submission, [raw])
    batch.refresh_from_db()


def test_reading_the_same_answers_again_costs_nothing(team: Team) -> None:
    batch = a_running_batch(team, rows=3)
    for _ in range(3):
        receive(batch, {1: "yes", 2: "no"})
    assert (batch.cost_ticks, _spent(), ExtraAnswer.objects.count()) == (2 * TICKS, 2 * TICKS, 0)


def test_reading_the_same_answers_again_opens_no_raw_page(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be done while the database is locked, for every page of every walk."""
    batch = a_running_batch(team, rows=3)
    receive(batch, {1: "yes", 2: "no"})
    monkeypatch.setattr(RawPage, "rows", lambda page: pytest.fail(f"opened: {page}"))
    receive(batch, {1: "yes", 2: "no"})
    assert not ExtraAnswer.objects.exists()


def test_answers_from_before_fingerprints_were_kept_are_known_by_their_raw_pages(team: Team) -> None:
    batch = a_running_batch(team, rows=3)
    receive(batch, {1: "yes", 2: "no"})
    assert not Result.objects.filter(batch=batch, fingerprint=None).exists()
    Result.objects.filter(batch=batch).update(fingerprint=None)
    receive(batch, {1: "yes", 2: "another one"})
    assert (batch.cost_ticks, _spent()) == (3 * TICKS, 3 * TICKS)
    assert ExtraAnswer.objects.get().request_id.endswith("-row-2")


def test_a_second_answer_with_the_same_text_is_told_by_its_id(team: Team) -> None:
    """Labels are short: two completions of one request often say the same."""
    batch = a_running_batch(team, rows=3)
    for completion_id in ("one", "two", "one", "two"):
        answer = copy.deepcopy(dict(success("yes")))
        answer["response"]["chat_get_completion"]["id"] = completion_id
        receive(batch, {1: answer})
    assert (batch.cost_ticks, _spent(), ExtraAnswer.objects.count()) == (2 * TICKS, 2 * TICKS, 1)


def test_pictures_read_again_with_new_addresses_cost_nothing(team: Team) -> None:
    batch = a_running_batch(team, rows=3)
    for address in ("https://x.ai/a?sign=1", "https://x.ai/a?sign=2"):
        drawn = {"model": "grok-imagine-image", "data": [{"url": address}], "usage": {"cost_in_usd_ticks": TICKS}}
        receive(batch, {1: {"response": {"image_generation": drawn}}})
    assert (batch.cost_ticks, _spent(), ExtraAnswer.objects.count()) == (TICKS, TICKS, 0)


def test_a_billed_answer_to_an_id_that_was_never_sent_is_counted_once(team: Team) -> None:
    batch = a_running_batch(team, rows=3)
    receive(batch, {1: "yes"})
    for _ in range(2):
        receive(batch, {1: "yes", 99: "to a row that there is not"})
    assert (batch.cost_ticks, _spent(), ExtraAnswer.objects.count()) == (2 * TICKS, 2 * TICKS, 1)


def test_a_second_answer_to_a_row_is_counted_once_and_said(team: Team) -> None:
    batch = a_running_batch(team, rows=3)
    receive(batch, {1: "yes", 2: "no"})
    for _ in range(3):
        receive(batch, {1: "another one"})
        receive(batch, {1: "yes"})
    assert Result.objects.get(batch=batch, row=1).answer == "yes"
    assert (batch.cost_ticks, _spent()) == (3 * TICKS, 3 * TICKS)
    assert batch.submissions.get().cost_ticks == 3 * TICKS
    event = batch.events.get(kind="billed_twice")
    assert "1 answer, $0.0002" in event.detail
    assert event.times == 1


def test_an_answer_to_an_attempt_that_was_replaced_is_counted(team: Team) -> None:
    batch = a_running_batch(team, rows=3)
    receive(batch, {1: "yes", 2: "no", 3: failure("Internal server error")})
    end(batch)
    again = actions.retry(batch, None)
    with claimed(Submission, again.pk) as claim:
        plan(begin_step(claim))
    _answer(batch, 1, 3, answer="late, and billed")
    assert Result.objects.get(batch=batch, row=3).state == "pending"
    assert batch.cost_ticks == 3 * TICKS
    _answer(batch, 2, 3, answer="the retry's")
    assert Result.objects.get(batch=batch, row=3).answer == "the retry's"
    assert (batch.cost_ticks, _spent()) == (4 * TICKS, 4 * TICKS)


def test_a_misfit_that_was_tried_again_is_not_counted_twice_when_it_is_read_again(team: Team) -> None:
    batch = a_running_batch(team, rows=2, shape={"fields": [{"name": "word", "type": "choice", "values": ["a", "b"]}]})
    receive(batch, {1: '{"word": "a"}', 2: "no JSON"})
    end(batch)
    again = actions.retry(batch, None, misfits=True)
    with claimed(Submission, again.pk) as claim:
        plan(begin_step(claim))
    _answer(batch, 1, 2, answer="no JSON")
    assert (batch.cost_ticks, ExtraAnswer.objects.count()) == (2 * TICKS, 0)
