"""Ten rows of one team beside many batches of another: counted in messages that come first, not in seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django_q.signing import SignedPackage

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import State
from batchsite.processes.dealer import Dealer
from batchsite.processes.queue import broker_of
from batchsite.submission import step_runs, tasks
from batchsite.teams.models import Team
from tests.clock import wait_until
from tests.factories import make_team
from tests.pipeline import SHORT, drive, make_batch
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
MOST = 20
"""Messages for ten rows, those of others included, where each step waits for its turn; 50 if 16 may wait at a time."""


@pytest.fixture(autouse=True)
def _creates_are_not_what_limits(settings: Any, sandbox: Sandbox) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=1000)
    settings.TIMEOUTS = replace(SHORT, first_look=2)
    settings.DUE_SOURCES = ["batchsite.submission.tasks.due", "batchsite.submission.tasks.looks_due"]


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    broker_of("short").purge_queue()


def messages_until(batch: Batch) -> int:
    """How many messages a single worker works off, one after the other, until the batch is at its end."""
    dealer, worked_off = Dealer(), 0
    while worked_off < 500:
        dealer.deal()
        tasks_waiting = broker_of("short").dequeue()
        if not tasks_waiting:
            wait_until(batch.submissions.get().next_look_at)
            continue
        [(receipt, message)] = tasks_waiting
        task = SignedPackage.loads(message)
        getattr(tasks, task["func"].rsplit(".", 1)[1])(*task["args"])
        broker_of("short").acknowledge(receipt)
        worked_off += 1
        batch.refresh_from_db()
        if not batch.is_running:
            return worked_off
    raise AssertionError(f"still {batch.state} after {worked_off} messages")


def test_ten_rows_come_soon_however_many_batches_another_team_has(
    sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TIMEOUTS = SHORT  # it is due at once,
    monkeypatch.setattr(step_runs, "AT_ONCE", 0)  # and every step waits for its turn: no second counts
    busy, quiet = make_team("Busy"), make_team("Quiet")
    for _ in range(40):
        make_batch(busy, 2)
    ten_rows = make_batch(quiet, 10)
    assert messages_until(ten_rows) <= MOST
    assert ten_rows.succeeded == 10
    assert Batch.objects.filter(team=busy, state=State.COMPLETED).count() < 20


def test_a_small_batch_is_planned_and_sent_in_one_go(team: Team, sandbox: Sandbox) -> None:
    batch = make_batch(team, 10)
    tasks.step(batch.submissions.get().pk)
    assert batch.submissions.get().state == State.PROCESSING


@pytest.mark.parametrize(("limit", "value"), [("SMALL", 9), ("AT_ONCE", 0)], ids=["it is big", "its time is up"])
def test_others_may_pass_after_a_step(
    limit: str, value: int, team: Team, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_runs, limit, value)
    batch = make_batch(team, 10)
    tasks.step(batch.submissions.get().pk)
    assert batch.submissions.get().state == State.SUBMITTING


def test_those_that_are_polled_share_a_message_and_leave_room_for_others(team: Team, sandbox: Sandbox) -> None:
    sent = drive(make_batch(team, 1), until="processing").submissions.get()
    for number in range(2, 21):
        sent.pk, sent.number, sent.token = None, number, f"copy-{number}"
        sent.save(force_insert=True)
    wait_until(Submission.objects.latest("next_look_at").next_look_at)
    assert Dealer().deal() == 2
