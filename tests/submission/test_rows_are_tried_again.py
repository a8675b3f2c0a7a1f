"""Retries: into the same batch, with the same ids, never touching what succeeded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Batch, Result
from batchsite.submission import actions
from batchsite.submission.actions import NotNow
from batchsite.teams.models import Team, User
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 24


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


def _half_failed(team: Team, sandbox: Sandbox, **fault: Any) -> Batch:
    sandbox.fault("fail_rows", **{"share": 0.5, "batches": 1, "text": "Internal server error", **fault})
    batch = drive(make_batch(team, ROWS))
    assert 0 < batch.failed < ROWS
    return batch


@pytest.mark.databases
def test_a_retry_answers_what_failed_and_remembers(team: Team, alice: User, sandbox: Sandbox) -> None:
    batch = _half_failed(team, sandbox)
    failed = set(Result.objects.filter(batch=batch, state="failed").values_list("row", flat=True))
    before = {result.row: (result.answer, result.cost_ticks) for result in Result.objects.filter(state="succeeded")}
    actions.retry(batch, alice)
    drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS)
    check_books(batch, sandbox)
    for result in Result.objects.filter(batch=batch):
        if result.row in failed:
            assert result.attempt == 2
            assert result.earlier is not None
            assert result.earlier[0]["error"] == "Internal server error"
        else:
            assert (result.answer, result.cost_ticks) == before[result.row]
    again = sandbox.batches()[-1]
    assert again["requests"] == len(failed)


@pytest.mark.databases
def test_only_the_chosen_cause_is_tried_again(team: Team, alice: User, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", ids=["tickets-row-3"], batches=1, text="Content violates usage guidelines.")
    batch = _half_failed(team, sandbox, ids=["tickets-row-5", "tickets-row-8"])
    actions.retry(batch, alice, causes=["fault at xAI"])
    drive(batch)
    assert (batch.succeeded, batch.failed) == (ROWS - 1, 1)
    assert Result.objects.get(batch=batch, row=3).attempt == 1
    check_books(batch, sandbox)


def test_one_row_is_run_again(team: Team, alice: User, sandbox: Sandbox) -> None:
    batch = _half_failed(team, sandbox, ids=["tickets-row-5", "tickets-row-8"])
    actions.retry(batch, alice, rows=[8])
    drive(batch)
    assert (batch.succeeded, batch.failed) == (ROWS - 1, 1)
    check_books(batch, sandbox)


@pytest.mark.databases
def test_a_retry_while_the_batch_still_runs_disturbs_nothing(team: Team, alice: User, sandbox: Sandbox) -> None:
    sandbox.set(rate=20)
    sandbox.fault("fail_rows", ids=["tickets-row-1"], batches=1, text="Internal server error")
    batch = make_batch(team, ROWS)
    while not batch.failed:
        drive_a_little(batch)
    actions.retry(batch, alice, rows=[1])
    drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


def drive_a_little(batch: Batch) -> None:
    from tests.pipeline import step_all

    step_all(batch)
    batch.refresh_from_db()


def test_what_succeeded_is_never_tried_again(team: Team, alice: User, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, ROWS))
    with pytest.raises(NotNow):
        actions.retry(batch, alice)
    with pytest.raises(NotNow):
        actions.retry(batch, alice, rows=[1])


@pytest.mark.databases
def test_a_retry_that_is_cancelled_leaves_no_row_open(team: Team, alice: User, sandbox: Sandbox) -> None:
    batch = _half_failed(team, sandbox)
    succeeded = batch.succeeded
    sandbox.set(rate=0.01)
    actions.retry(batch, alice)
    drive(batch, until="processing")
    actions.cancel(batch, alice)
    drive(batch)
    assert (batch.state, batch.succeeded) == ("cancelled", succeeded)
    check_books(batch, sandbox)


def test_transient_failures_are_tried_again_by_themselves_where_chosen(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", share=0.3, batches=2, text="Internal server error")
    sandbox.fault("fail_rows", ids=["tickets-row-2"], text="Content violates usage guidelines.")
    batch = drive(make_batch(team, ROWS, auto_retries=3))
    assert (batch.state, batch.succeeded, batch.failed) == ("completed", ROWS - 1, 1)
    assert batch.submissions.count() == 3
    check_books(batch, sandbox)


def test_nothing_is_tried_again_by_itself_unless_chosen(team: Team, sandbox: Sandbox) -> None:
    batch = _half_failed(team, sandbox)
    assert batch.submissions.count() == 1
