"""Counters, cursors and rows that are not what they seem (facts 2.7 to 2.12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchsite.batches.models import Batch, RawPage, Result
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.pipeline import SHORT, check_books, drive, half_done, make_batch, step_all, step_until, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 24


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


LIES: dict[str, list[dict[str, Any]]] = {
    "counters zero for some looks": [{"what": "counters_zero", "reads": 5}],
    "counters zero for some time": [{"what": "counters_zero", "seconds": 0.8}],
    "counters zero for ever": [{"what": "counters_zero"}],
    "counters missing for some looks": [{"what": "counters_missing", "reads": 5}],
    "counters missing for ever": [{"what": "counters_missing"}],
    "results trail the counters": [{"what": "results_trail", "seconds": 0.8}],
    "rows not yet visible": [{"what": "not_visible", "seconds": 0.8, "share": 0.5}],
    "no row visible at first": [{"what": "not_visible", "reads": 2}],
    "a cursor that repeats, once": [{"what": "cursor_repeats", "call": "results", "nth": 2}],
    "a cursor that repeats, often": [{"what": "cursor_repeats", "call": "results", "every": 3}],
    "duplicate rows": [{"what": "duplicate_rows", "share": 0.5}],
    "results for ids that were never sent": [{"what": "stranger_rows", "count": 3}],
    "an add that is acknowledged and forgotten": [{"what": "drop_add", "nth": 2, "times": 1}],
    "all adds but one forgotten": [{"what": "drop_add", "after": 1, "times": 4}],
    "a list of requests that lags after a lost add": [
        {"what": "lost_reply", "call": "add", "nth": 2, "applied": True},
        {"what": "requests_lag", "seconds": 0.08},  # within the patience of two looks
    ],
    "everything at once": [
        {"what": "counters_zero", "reads": 3},
        {"what": "results_trail", "seconds": 0.4},
        {"what": "duplicate_rows", "share": 0.3},
        {"what": "stranger_rows", "count": 1},
        {"what": "drop_add", "nth": 3, "times": 1},
        {"what": "lost_reply", "call": "create", "applied": True, "times": 1},
        {"what": "status", "status": 503, "call": "results", "every": 3},
    ],
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES.keys())
def test_every_row_is_answered_once_all_the_same(lies: list[dict[str, Any]], team: Team, sandbox: Sandbox) -> None:
    for lie in lies:
        sandbox.fault(**lie)
    batch = drive(make_batch(team, ROWS), seconds=40)
    assert sandbox.idle_faults() == []
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES.keys())
def test_rows_that_finish_while_we_watch_are_not_missed(
    lies: list[dict[str, Any]], team: Team, sandbox: Sandbox
) -> None:
    """The same lies over a batch that takes a second, so that previews read half of it."""
    sandbox.set(rate=30)
    sandbox.fault("late_rows")
    for lie in lies:
        sandbox.fault(**lie)
    batch = drive(make_batch(team, ROWS), seconds=40)
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


def test_a_failed_row_is_failed_in_every_envelope(team: Team, sandbox: Sandbox) -> None:
    """What each of them says is read by the client; here they come mixed."""
    sandbox.fault("fail_rows", share=0.4, envelope="mixed", text="Content violates usage guidelines.")
    batch = drive(make_batch(team, ROWS))
    assert batch.state == "completed"
    assert 0 < batch.failed < ROWS
    check_books(batch, sandbox)


def test_strangers_are_kept_apart_and_told(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("stranger_rows", count=2)
    batch = drive(make_batch(team, ROWS))
    (submission,) = batch.submissions.all()
    assert len(submission.stray_ids) == 2
    kept = [raw["batch_request_id"] for page in RawPage.objects.all() for raw in page.rows()]
    assert set(submission.stray_ids) <= set(kept)
    assert any("were not sent" in line for line in story(batch))


def test_a_cancelled_row_that_succeeded_after_all_is_kept(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("cancel_reverts", seconds=0.2)
    batch = half_done(make_batch(team, ROWS), sandbox)
    actions.cancel(batch, None)
    drive(batch)
    assert batch.succeeded == ROWS, story(batch)
    check_books(batch, sandbox)


def test_answers_that_came_while_nobody_looked_are_read_before_the_rest_is_declared(
    team: Team, sandbox: Sandbox
) -> None:
    """All answered by the counters, nothing readable yet, a cancel, and then every worker is away for long."""
    sandbox.fault("results_trail", seconds=60)
    batch = make_batch(team, ROWS)
    while not batch.submissions.filter(walks__gt=0).exists():
        step_all(batch)
    actions.cancel(batch, None)
    long_ago = timezone.now() - timedelta(hours=1)
    batch.submissions.update(settled_at=long_ago, changed_at=long_ago)
    sandbox.mend()
    drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("is_ending", [False, True], ids=["running", "to be ended"])
def test_a_row_is_not_given_up_after_a_single_walk(is_ending: bool, team: Team, sandbox: Sandbox) -> None:
    """No worker was there for long; the first one to come back finds nothing, the next one everything."""
    sandbox.fault("results_trail", seconds=60)
    batch = drive(make_batch(team, ROWS), until="collecting")
    if is_ending:
        actions.cancel(batch, None)
    long_ago = timezone.now() - timedelta(hours=1)
    batch.submissions.update(settled_at=long_ago, changed_at=long_ago)
    while not batch.submissions.filter(walks__gt=0).exists():
        step_all(batch)
    sandbox.mend()
    drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("is_ending", [False, True], ids=["running", "to be ended"])
def test_walks_that_run_in_a_circle_give_no_row_up(is_ending: bool, team: Team, sandbox: Sandbox) -> None:
    """Patience passed while the cursor led back to the first page again and again: nobody saw the other pages yet."""
    sandbox.fault("cursor_repeats", call="results")
    batch = half_done(make_batch(team, ROWS), sandbox)
    if is_ending:
        sandbox.fault("cancelled_hidden")
        actions.cancel(batch, None)
    else:
        sandbox.complete()
    while not batch.is_terminal and not batch.submissions.filter(walks__gt=3).exists():
        batch.submissions.filter(state="collecting").update(settled_at=just_over(), changed_at=just_over())
        step_all(batch)
        batch.refresh_from_db()
    assert batch.pending, story(batch)
    sandbox.mend()
    drive(batch)
    check_books(batch, sandbox)
    assert batch.missing == 0, story(batch)


def test_a_cancel_that_xai_takes_back_is_seen_though_the_cursor_runs_in_a_circle(team: Team, sandbox: Sandbox) -> None:
    """Rows read as cancelled are no reason to stop reading while xAI counts more answers than were read."""
    batch = read_as_cancelled(make_batch(team, ROWS), sandbox)
    sandbox.fault("cursor_repeats", call="results")
    step_until(batch, lambda batch: batch.is_terminal or batch.submissions.filter(walks__gt=0).exists())
    sandbox.mend()
    drive(batch)
    assert batch.succeeded == ROWS, story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("lie", ["cursor_repeats", "results_trail"])
def test_rows_that_stay_cancelled_though_xai_counts_answers_end_and_it_is_said(
    lie: str, team: Team, sandbox: Sandbox
) -> None:
    batch = read_as_cancelled(make_batch(team, ROWS), sandbox)
    sandbox.fault(lie, **({"call": "results"} if lie == "cursor_repeats" else {"seconds": 1e6}))
    while not batch.is_terminal:
        long_ago = timezone.now() - timedelta(hours=1)
        batch.submissions.filter(state="collecting").update(settled_at=long_ago, changed_at=long_ago)
        step_all(batch)
        batch.refresh_from_db()
    assert batch.succeeded + batch.cancelled == ROWS
    assert any(f"counts {batch.cancelled} of its cancelled rows as answered" in line for line in story(batch))


def read_as_cancelled(batch: Batch, sandbox: Sandbox) -> Batch:
    """A batch whose open rows were read as cancelled while they were; by then xAI counts them as answered."""
    sandbox.fault("cancel_reverts", seconds=60)
    half_done(batch, sandbox)
    sandbox.advance(180)  # some more are answered, so that results are read while it is cancelled
    actions.cancel(batch, None)
    step_until(batch, lambda batch: batch.cancelled)
    assert batch.state == "cancelling"
    sandbox.advance(60)
    return batch


def just_over() -> datetime:
    """So long ago that patience with results that trail has just passed."""
    return timezone.now() - timedelta(seconds=1.2 * SHORT.results_trail)


def test_a_cursor_that_runs_in_a_circle_for_ever_ends_all_the_same(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("cursor_repeats", call="results")
    batch = half_done(make_batch(team, ROWS), sandbox)
    sandbox.fault("cancelled_hidden")
    actions.cancel(batch, None)
    while not batch.is_terminal:
        long_ago = timezone.now() - timedelta(hours=1)
        batch.submissions.filter(state="collecting").update(settled_at=long_ago, changed_at=long_ago)
        step_all(batch)
        batch.refresh_from_db()
    unread = ROWS // 2 - batch.succeeded
    assert unread > 0
    last = Result.objects.filter(batch=batch, state="cancelled").latest("row")
    assert f"xAI counts {unread} of these rows as answered" in last.error


BEHIND: dict[str, list[dict[str, Any]]] = {
    "answers": [{"what": "results_trail", "seconds": 0.6}],
    "answers and counters": [{"what": "results_trail", "seconds": 0.6}, {"what": "counters_zero", "reads": 3}],
}


@pytest.mark.parametrize("lies", BEHIND.values(), ids=BEHIND)
def test_an_end_that_is_asked_for_while_an_add_is_unknown_waits_for_what_it_brought(
    lies: list[dict[str, Any]], team: Team, sandbox: Sandbox
) -> None:
    """The reply to the adds is lost, somebody takes what is there, and answers or counters are a moment behind."""
    sandbox.set(rate=1 / 60)
    sandbox.fault("lost_reply", call="add")
    for lie in lies:
        sandbox.fault(**lie)
    batch = make_batch(team, ROWS)
    while not batch.submissions.filter(chunks__state="sending", faults__gt=0).exists():
        step_all(batch)
    sandbox.advance(30 * ROWS)
    actions.finish_early(batch, None)
    drive(batch)
    check_books(batch, sandbox)
    assert batch.succeeded, story(batch)


def test_what_counts_as_answered_and_is_never_readable_is_missing_and_not_cancelled(
    team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault("results_trail", seconds=600)
    batch = make_batch(team, ROWS)
    while not batch.submissions.filter(walks__gt=0).exists():
        step_all(batch)
    actions.cancel(batch, None)
    drive(batch)
    assert (batch.cancelled, batch.missing) == (0, ROWS), story(batch)
    assert "counts this row as answered" in Result.objects.filter(batch=batch)[0].error


def test_a_batch_that_expires_while_rows_are_to_be_sent_again_ends(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("drop_add", nth=2, times=1)
    batch = drive(make_batch(team, ROWS), until="processing")
    sandbox.fault("expire", times=1)
    drive(batch)
    assert batch.state == "expired", story(batch)
    assert 0 < batch.succeeded < ROWS
    assert batch.succeeded + batch.cancelled == ROWS
    check_books(batch, sandbox)


@pytest.mark.parametrize("hidden", [False, True], ids=["rows shown as cancelled", "cancelled rows only counted"])
def test_a_cancel_keeps_what_is_done_and_declares_the_rest(hidden: bool, team: Team, sandbox: Sandbox) -> None:
    if hidden:
        sandbox.fault("cancelled_hidden")
    batch = half_done(make_batch(team, ROWS), sandbox)
    actions.cancel(batch, None)
    batch.refresh_from_db()
    assert batch.state == "cancelling"
    drive(batch)
    assert batch.state == "cancelled"
    assert 0 < batch.succeeded < ROWS
    assert batch.succeeded + batch.cancelled == ROWS
    check_books(batch, sandbox)


def test_rows_that_hang_for_ever_can_be_finished_without(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("hang_rows", ids=["tickets-row-3", "tickets-row-9"])
    batch = drive(make_batch(team, ROWS), until="processing")
    while batch.succeeded < ROWS - 2:
        step_all(batch)
        batch.refresh_from_db()
    actions.finish_early(batch, None)
    drive(batch)
    assert (batch.state, batch.succeeded, batch.missing) == ("completed", ROWS - 2, 2), story(batch)
    check_books(batch, sandbox)
    sandbox.mend()
    actions.retry(batch, None)
    drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS)
    check_books(batch, sandbox)


def test_a_deadline_finishes_by_itself(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("hang_rows", ids=["tickets-row-3"])
    batch = drive(make_batch(team, ROWS, deadline_hours=1), until="processing")
    for submission in batch.submissions.all():
        submission.created_at = submission.created_at.replace(year=2020)
        submission.save()
    drive(batch)
    assert batch.succeeded == ROWS - 1
    check_books(batch, sandbox)


def test_a_batch_that_xai_ended_fails_with_its_words(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=0.01)
    sandbox.fault("cancel_by_xai", call="get", message="JSONL file validation failed: line 4", times=1)
    batch = drive(make_batch(team, ROWS))
    assert (batch.state, batch.failed) == ("failed", ROWS)
    assert "line 4" in batch.failure
    assert "line 4" in Result.objects.get(batch=batch, row=5).error
    check_books(batch, sandbox)


def test_what_was_done_before_xai_ended_a_batch_is_kept(team: Team, sandbox: Sandbox) -> None:
    batch = half_done(make_batch(team, ROWS), sandbox)
    sandbox.fault("cancel_by_xai", call="get", message="Maintenance", rows="kept", times=1)
    drive(batch)
    assert 0 < batch.succeeded < ROWS, story(batch)
    assert batch.state == "cancelled"
    check_books(batch, sandbox)


def test_a_model_refused_at_admission_fails_the_batch_at_once(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("refuse_model")
    batch = drive(make_batch(team, ROWS))
    assert (batch.state, batch.failed) == ("failed", ROWS)
    assert "batch" in batch.failure
    check_books(batch, sandbox)


def test_a_batch_that_vanished_is_given_up_after_a_while(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=0.01)
    batch = drive(make_batch(team, ROWS), until="processing")
    sandbox.fault("vanish")
    drive(batch)
    assert (batch.state, batch.missing) == ("failed", ROWS)
    assert "no longer has this batch" in Result.objects.get(batch=batch, row=5).error
    batch.refresh_from_db()


@pytest.mark.parametrize("results", ["readable", "gone"])
def test_an_expired_batch_keeps_what_can_be_read(results: str, team: Team, sandbox: Sandbox) -> None:
    batch = half_done(make_batch(team, ROWS), sandbox)
    sandbox.fault("expire", results=results, times=1)
    drive(batch)
    assert batch.state == "expired", story(batch)
    assert 0 < batch.succeeded < ROWS
    assert batch.succeeded + batch.cancelled == ROWS
