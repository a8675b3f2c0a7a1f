"""Rows whose requests are the same but for the id are sent once: the answer is everybody's, the cost is on one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Batch, RequestDigest, Result
from batchsite.drafts import draft_store
from batchsite.exports import result_files
from batchsite.results.judgements import judge
from batchsite.results.models import Judgement
from batchsite.submission import actions
from batchsite.submission.tried_rows import Tried, keep_tried
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.pipeline import check_books, drive, half_done, story
from tests.sandboxes import Sandbox
from tests.submission.stories import receive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.databases]
TEXTS = ["lost card", "late card", "lost card", "a fee", "late card", "lost card", "no card", "a fee", "new", "newer"]
"""Ten rows, six different requests."""
COPIES = {3: 1, 5: 2, 6: 1, 8: 4}
ONCE: dict[str, Any] = {"repeats": "once"}


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=3, page_rows=4)


def a_draft(team: Team, texts: list[str] = TEXTS, **fields: Any) -> Batch:
    dataset = make_dataset(team, ["id", "text"], [[f"c{number}", text] for number, text in enumerate(texts, 1)])
    batch = draft_store.new_draft(team, None, dataset)
    draft_store.save(batch, {"prompt": "Sort: {{text}}", "model": "grok-4.3", **fields})
    return batch


def started(batch: Batch) -> Batch:
    actions.start(batch, None, None)
    batch.refresh_from_db()
    return batch


def copies_of(batch: Batch) -> dict[int, int]:
    return {result.row: result.copy_of or 0 for result in Result.objects.filter(batch=batch, copy_of__isnull=False)}


def test_every_row_has_its_answer_and_each_request_is_billed_once(team: Team, sandbox: Sandbox) -> None:
    batch = drive(started(a_draft(team, **ONCE)))
    assert copies_of(batch) == COPIES
    assert [batch.succeeded, batch.copies, len(sandbox.rows())] == [10, 4, 6]
    answers = dict(Result.objects.filter(batch=batch).values_list("row", "answer"))
    assert all(answers[copy] == answers[original] for copy, original in COPIES.items())
    assert not RequestDigest.objects.exists()
    check_books(batch, sandbox)


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"params": {"temperature": 0}}, 6),
        ({"params": {"temperature": 0}, "repeats": "each"}, 10),
        ({"params": {"temperature": 0.7}}, 10),
        ({}, 10),
    ],
)
def test_nobody_is_asked_where_it_changes_nothing(
    team: Team, sandbox: Sandbox, fields: dict[str, Any], sent: int
) -> None:
    batch = a_draft(team, **fields)
    price = draft_store.estimate_of(batch)
    assert price
    assert price.copies == 10 - sent
    drive(started(batch))
    assert len(sandbox.rows()) == sent


def test_copies_share_the_fate_of_their_original_and_follow_it_through_a_retry(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault(what="fail_rows", ids=["tickets-row-1", "tickets-row-9"], batches=1)
    batch = drive(started(a_draft(team, **ONCE)))
    assert [batch.succeeded, batch.failed] == [6, 4]
    assert set(Result.objects.filter(batch=batch, state="failed").values_list("row", flat=True)) == {1, 3, 6, 9}
    actions.retry(batch, None)
    batch = drive(batch)
    assert [batch.succeeded, batch.failed] == [10, 0]
    assert len(sandbox.rows()) == 6 + 2, "copies are not sent, when they are tried again either"
    check_books(batch, sandbox)


def test_a_retry_of_the_original_alone_mends_its_copies(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault(what="fail_rows", ids=["tickets-row-1"], batches=1)
    batch = drive(started(a_draft(team, **ONCE)))
    actions.retry(batch, None, rows=[1])
    batch = drive(batch)
    assert [batch.succeeded, batch.failed] == [10, 0]
    check_books(batch, sandbox)


def test_copies_that_are_run_again_without_their_original_are_sent_once(team: Team, sandbox: Sandbox) -> None:
    batch = drive(started(a_draft(team, **ONCE)))
    actions.retry(batch, None, rows=[3, 6], states=("succeeded",))
    batch = drive(batch)
    assert copies_of(batch) == {5: 2, 6: 3, 8: 4}
    assert [batch.succeeded, batch.copies, len(sandbox.rows())] == [10, 3, 7]
    assert dict(Result.objects.filter(batch=batch).values_list("row", "attempt"))[6] == 2
    check_books(batch, sandbox)


def test_a_row_that_was_tried_answers_those_that_repeat_it(team: Team, sandbox: Sandbox) -> None:
    kept = {"choices": [{"message": {"role": "assistant", "content": "Tried"}, "finish_reason": "stop"}]}
    batch = started(a_draft(team, ["new", "new", "other"], **ONCE))
    batch.submissions.all().delete()
    keep_tried(batch, [Tried(2, kept, 55)])
    batch.submissions.create(number=1, first_row=1, last_row=3, next_look_at=batch.started_at)
    batch = drive(batch)
    assert copies_of(batch) == {1: 2}
    assert [batch.succeeded, len(sandbox.rows())] == [3, 1]
    check_books(batch, sandbox)


def test_nothing_is_sent_where_tries_answer_all(team: Team, sandbox: Sandbox) -> None:
    kept = {"choices": [{"message": {"role": "assistant", "content": "Tried"}, "finish_reason": "stop"}]}
    batch = started(a_draft(team, ["new", "new"], **ONCE))
    batch.submissions.all().delete()
    keep_tried(batch, [Tried(1, kept, 55)])
    batch.submissions.create(number=1, first_row=1, last_row=2, next_look_at=batch.started_at)
    batch = drive(batch)
    assert [batch.state, batch.succeeded, batch.cost_ticks, sandbox.rows()] == ["completed", 2, 55, []]


def test_an_answer_for_a_copy_that_nobody_asked_for_changes_nothing(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=1 / 60)
    batch = drive(started(a_draft(team, **ONCE)), until="processing")
    receive(batch, {3: "A stranger"})
    sandbox.advance(3600)
    batch = drive(batch)
    assert copies_of(batch) == COPIES
    assert batch.succeeded == 10, story(batch)
    assert not Result.objects.filter(batch=batch, answer="A stranger").exists()


def test_what_is_cancelled_early_is_cancelled_for_copies_too(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=1 / 60)
    batch = drive(started(a_draft(team, **ONCE)), until="processing")
    actions.cancel(batch, None)
    batch = drive(batch)
    assert batch.cancelled + batch.succeeded == 10
    check_books(batch, sandbox)


def test_a_refused_plan_leaves_no_copies_behind(team: Team, sandbox: Sandbox) -> None:
    batch = started(a_draft(team, ["same", "same", "  "], prompt="{{text}}", **ONCE))
    batch = drive(batch, until="draft")
    assert [batch.state, batch.copies, batch.repeats] == ["draft", 0, "once"]
    assert not Result.objects.filter(batch=batch).exists()


def test_downloads_name_the_row_that_was_sent(team: Team, sandbox: Sandbox) -> None:
    batch = drive(started(a_draft(team, **ONCE)))
    text = b"".join(result_files.content(batch, result_files.FORMS["csv"])).decode()
    head, *lines = text.splitlines()
    place = head.split(",").index('"same_as_row"')
    assert [line.split(",")[place].strip('"') for line in lines] == ["", "", "1", "", "2", "1", "", "4", "", ""]


def test_rows_that_are_requests_are_the_same_by_their_bodies(team: Team, sandbox: Sandbox) -> None:
    body = '{"model":"grok-4.3","messages":[{"role":"user","content":"Hi"}]}'
    rows = [[f"r{number}", "POST", "/v1/chat/completions", body] for number in (1, 2, 3)]
    dataset = make_dataset(team, ["custom_id", "method", "url", "body"], rows)
    dataset.form = "requests"
    dataset.save(update_fields=["form"])
    batch = draft_store.new_draft(team, None, dataset)
    draft_store.save(batch, {"model": "grok-4.3", **ONCE})
    batch = drive(started(batch))
    assert [batch.succeeded, len(sandbox.rows())] == [3, 1]


def test_a_judgement_is_of_the_answer_and_so_of_all_rows_that_have_it(
    team: Team, alice: User, sandbox: Sandbox
) -> None:
    batch = drive(started(a_draft(team, **ONCE)))
    copy, original = next(iter(COPIES.items()))
    family = {original, *(row for row, source in COPIES.items() if source == original)}
    judge(batch, copy, alice, "bad")
    assert set(Judgement.objects.filter(verdict="bad").values_list("row", flat=True)) == family
    judge(batch, original, alice, "good")
    assert set(Judgement.objects.filter(verdict="good").values_list("row", flat=True)) == family
    judge(batch, copy, alice, "good")
    assert not Judgement.objects.exists(), "the same once more takes it back"


def test_what_was_judged_before_its_copies_had_the_answer_is_true_of_them_too(
    team: Team, alice: User, sandbox: Sandbox
) -> None:
    batch = half_done(started(a_draft(team, **ONCE)), sandbox)
    [original, *_] = Result.objects.filter(batch=batch, state="succeeded", row__in=COPIES.values())
    judge(batch, original.row, alice, "bad")
    assert Judgement.objects.count() == 1, "its copies have no answer yet"
    sandbox.set(rate=0)
    sandbox.complete()
    batch = drive(batch)
    assert batch.is_terminal
    family = {original.row, *(row for row, source in COPIES.items() if source == original.row)}
    assert len(family) > 1
    assert set(Judgement.objects.filter(verdict="bad").values_list("row", flat=True)) == family
