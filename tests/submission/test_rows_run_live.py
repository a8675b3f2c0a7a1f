"""Rows that run live: asked as deferred completions, each once, and read once, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.causes import LOST_ANSWER, LOST_REQUEST
from batchsite.batches.models import Batch, DailySpend, Event, LiveRequest, Result
from batchsite.batches.states import HeldFor
from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.faults import FAULTS, READS, WRITES
from tests.live import check_live_books
from tests.pipeline import drive, make_batch, step_all, step_until, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 7


@pytest.fixture
def slow_polls(sandbox: Sandbox, settings: Any) -> None:
    """As far apart as in real life: a test that waits for long makes few of them."""
    settings.TIMEOUTS = replace(settings.TIMEOUTS, poll=10)


def live(team: Team, rows: int = ROWS, **fields: Any) -> Batch:
    return make_batch(team, rows, **{"runs_live": True, "model": "grok-4.7", **fields})


@pytest.mark.databases
def test_a_model_that_takes_no_batches_answers_every_row(team: Team, sandbox: Sandbox) -> None:
    batch = drive(live(team))
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    assert sandbox.batches() == [], "no batch is made at xAI"
    assert check_live_books(batch, sandbox) == []
    assert DailySpend.objects.get(team=team).ticks == batch.cost_ticks


@pytest.mark.usefixtures("slow_polls")
def test_running_rows_are_polled_until_they_are_answered(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(deferred_delay=25)
    batch = drive(live(team))
    assert batch.succeeded == ROWS
    assert check_live_books(batch, sandbox) == []


ON_EVERY_DATABASE = ("reply lost, applied", "time-out, applied", "429 with Retry-After")
"""After the others, a database is asked nothing that it is not asked after these."""
CALLS = [pytest.param("chat", fault, marks=[pytest.mark.databases] * (fault in ON_EVERY_DATABASE)) for fault in WRITES]
CALLS += [pytest.param("deferred", fault) for fault in READS]
LOSES = {
    ("chat", "reply lost, applied"): LOST_REQUEST,
    ("chat", "reply lost, not applied"): LOST_REQUEST,
    ("chat", "time-out, applied"): LOST_REQUEST,
    ("deferred", "reply lost, applied"): LOST_ANSWER,
    ("deferred", "truncated"): LOST_ANSWER,
}
"""Faults after which nobody can know, or get, the answer of the row that they strike: it is declared."""


@pytest.mark.slow
@pytest.mark.parametrize(("call", "fault"), CALLS)
def test_whatever_happens_to_a_call_each_row_is_asked_once_and_accounted_for(
    call: str, fault: str, team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.TIMEOUTS = replace(settings.TIMEOUTS, call=0.5)
    sandbox.fault(**{"times": 1, **FAULTS[fault], "call": call, "after": 2})
    batch = drive(live(team), until="held" if "burst" in fault and call == "chat" else "")
    if batch.held_for == HeldFor.LOST:  # a burst: a person is asked before more is lost
        actions.go_on(batch, None)
        batch = drive(batch)
    assert sandbox.idle_faults() == []
    lost = check_live_books(batch, sandbox)
    if (call, fault) in LOSES:
        assert [result.cause for result in lost] == [LOSES[call, fault]]
        assert Event.objects.filter(batch=batch, kind="lost_live").exists()
    assert batch.succeeded == ROWS - len(lost)


def test_replies_that_keep_getting_lost_cost_little_and_ask_a_person(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("status", status=503, form="text", call="chat", applied=True)
    batch = step_until(live(team), lambda batch: batch.held_for == HeldFor.LOST and batch.missing >= 3)
    for _ in range(10):
        step_all(batch)
    batch.refresh_from_db()
    assert (batch.held_for, batch.missing) == (HeldFor.LOST, 3), story(batch)
    sandbox.mend()
    actions.go_on(batch, None)
    batch = drive(batch)
    assert [batch.succeeded, len(check_live_books(batch, sandbox))] == [ROWS - 3, 3]


def test_lost_rows_are_asked_again_only_by_a_person(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("lost_reply", call="chat", nth=2, applied=True)
    sandbox.fault("lost_reply", call="deferred", nth=2, applied=True)
    batch = drive(live(team, auto_retries=3))
    assert batch.missing == 2, story(batch)
    assert batch.submissions.count() == 1
    sandbox.mend()
    actions.retry(batch, None)
    batch = drive(batch)
    assert batch.succeeded == ROWS
    assert {result.attempt for result in Result.objects.filter(batch=batch)} == {1, 2}
    check_live_books(batch, sandbox)


def test_an_answer_that_xai_does_not_show_yet_is_looked_for_twice(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("status", status=404, text="Deferred completion not found: x", call="deferred", nth=3)
    batch = drive(live(team))
    assert batch.succeeded == ROWS, story(batch)
    assert check_live_books(batch, sandbox) == []


def test_a_row_that_hangs_is_given_up_when_xai_keeps_its_answer_no_longer(
    team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.TIMEOUTS = replace(settings.TIMEOUTS, deferred_kept=3)
    sandbox.set(deferred_delay=10)
    batch = drive(live(team, rows=2))
    assert (batch.missing, batch.succeeded) == (2, 0), story(batch)
    assert "24 hours" in Result.objects.filter(batch=batch)[0].error


def test_a_refused_row_fails_and_the_others_go_on(team: Team, sandbox: Sandbox) -> None:
    words = "Content violates usage guidelines."
    sandbox.fault("status", status=403, text=words, call="chat", nth=3)
    sandbox.fault("status", status=400, text="The prompt is too long.", call="deferred", nth=5)
    batch = drive(live(team))
    causes = sorted(Result.objects.filter(batch=batch, state="failed").values_list("cause", flat=True))
    assert (batch.succeeded, causes) == (ROWS - 2, ["prompt too long", "refused when sent"]), story(batch)


def test_a_model_that_xai_does_not_know_ends_the_batch(team: Team, sandbox: Sandbox) -> None:
    batch = drive(live(team, model="grok-99"))
    assert (batch.state, batch.failed) == ("failed", ROWS)
    assert "grok-99" in batch.failure
    assert sandbox.direct() == []


@pytest.mark.usefixtures("slow_polls")
def test_the_rate_limit_slows_it_down_and_nothing_else(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(requests_per_minute=4)
    batch = drive(live(team))
    assert (batch.succeeded, batch.held_reason) == (ROWS, ""), story(batch)
    assert check_live_books(batch, sandbox) == []


@pytest.mark.parametrize(("what", "held_for"), [("no_credits", HeldFor.CREDITS), ("key_revoked", HeldFor.KEY)])
def test_what_a_person_has_to_mend_holds_it(what: str, held_for: HeldFor, team: Team, sandbox: Sandbox) -> None:
    sandbox.fault(what, call="chat", after=3)
    batch = drive(live(team), until="held")
    assert (batch.held_for, batch.missing, batch.failed) == (held_for, 0, 0), story(batch)
    sandbox.mend()
    batch = drive(batch)
    assert batch.succeeded == ROWS
    assert check_live_books(batch, sandbox) == []


@pytest.mark.usefixtures("slow_polls")
def test_a_cancel_asks_nothing_more_and_still_reads_what_is_paid(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, live_requests=3)
    sandbox.set(deferred_delay=30)
    batch = drive(live(team), until="submitting")
    step_until(batch, lambda _: LiveRequest.objects.count() >= 3)
    actions.cancel(batch, None)
    batch = drive(batch)
    assert (batch.state, batch.succeeded, batch.cancelled) == ("cancelled", 3, ROWS - 3), story(batch)
    assert check_live_books(batch, sandbox) == []


@pytest.mark.usefixtures("slow_polls")
def test_what_runs_on_long_after_a_cancel_is_declared(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.TIMEOUTS = replace(settings.TIMEOUTS, deferred_after_cancel=2)
    sandbox.set(deferred_delay=1000)
    batch = drive(live(team, rows=3), until="processing")
    actions.cancel(batch, None)
    batch = drive(batch)
    assert batch.missing == 3
    assert all("can’t be called back" in result.error for result in Result.objects.filter(batch=batch))


def test_failed_rows_of_a_batch_can_be_retried_live(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", ids=["tickets-row-2", "tickets-row-6"])
    batch = drive(make_batch(team, ROWS))
    actions.retry(batch, None, live=True)
    batch = drive(batch)
    assert batch.succeeded == ROWS, story(batch)
    assert len(sandbox.direct()) == 2
    assert batch.cost_ticks == sandbox.billed() + sum(call["cost_in_usd_ticks"] for call in sandbox.direct())


@pytest.mark.usefixtures("slow_polls")
def test_after_a_restore_a_person_says_whether_rows_are_asked(team: Team, sandbox: Sandbox, settings: Any) -> None:
    from batchsite.submission.restore import distrust

    settings.OPTIONS = replace(settings.OPTIONS, live_requests=3)
    sandbox.set(deferred_delay=30)
    batch = drive(live(team), until="submitting")
    step_until(batch, lambda _: LiveRequest.objects.count() >= 3)
    distrust("the machine started again", must_confirm=False)
    batch = drive(batch, until="held")
    assert batch.held_for == HeldFor.RESTORE, story(batch)
    sandbox.advance(60)
    step_until(batch, lambda batch: batch.succeeded == 3)
    assert batch.held_for == HeldFor.RESTORE, "answers are read while nothing is asked"
    assert len(sandbox.direct()) == 3
    actions.go_on(batch, None)
    assert drive(batch).succeeded == ROWS
    assert check_live_books(batch, sandbox) == []
