"""What the doctor says about work that does not flow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from batchsite.batches.models import Batch, Submission
from batchsite.datasets.models import DatasetState
from batchsite.operations import work_checks
from batchsite.operations.findings import Finding
from batchsite.processes.heartbeats import beat
from batchsite.processes.leadership import lead
from batchsite.processes.models import Heartbeat, Leadership
from batchsite.processes.queue import QUEUES
from batchsite.teams.models import Team
from tests.factories import make_dataset

pytestmark = pytest.mark.django_db
NOW = timezone.now


def said(findings: Iterable[Finding], level: str) -> str:
    return "\n".join(f"{one.about}: {one.says} → {one.do}" for one in findings if one.level == level)


def a_submission(team: Team, **fields: object) -> Submission:
    batch = Batch.objects.create(team=team, dataset=make_dataset(team), name="Languages", state="processing", total=2)
    values = {"number": 1, "first_row": 1, "last_row": 2, "state": "processing", "next_look_at": NOW(), **fields}
    return Submission.objects.create(batch=batch, **values)


def test_an_empty_queue_is_well() -> None:
    assert said(work_checks.examine_queue(), "ok").count("0 messages wait") == 2


def test_messages_that_pile_up_are_told(team: Team) -> None:
    OrmQ.objects.bulk_create([OrmQ(key="batchsite", payload="x", lock=NOW()) for _ in range(60)])
    assert "queue short: 60 messages wait" in said(work_checks.examine_queue(), "warning")


def test_a_message_that_waits_for_long_is_told() -> None:
    OrmQ.objects.create(key="batchsite-long", payload="x", lock=NOW() - timedelta(minutes=5))
    assert "queue long: 1 messages wait, the oldest for 5 min." in said(work_checks.examine_queue(), "warning")


@pytest.mark.parametrize(("age", "level"), [(5, "ok"), (40, "warning"), (90, "problem"), (None, "problem")])
def test_a_worker_is_known_by_its_heartbeat(age: int | None, level: str) -> None:
    for queue in QUEUES if age is not None else ():
        beat(queue)
    Heartbeat.objects.update(beat_at=NOW() - timedelta(seconds=age or 0))
    assert said(work_checks.examine_workers(), level).count("sign of life" if level != "ok" else "Alive") == 2


def test_somebody_must_hand_out_work() -> None:
    assert "No ticker has enqueued due work." in said(work_checks.examine_ticker(), "problem")
    assert lead("ticker", "here")
    assert "Enqueues due work." in said(work_checks.examine_ticker(), "ok")
    Leadership.objects.update(until=NOW() - timedelta(minutes=3))
    assert "No ticker has enqueued due work for 3 min." in said(work_checks.examine_ticker(), "problem")


def test_due_work_that_nobody_takes_is_told(team: Team) -> None:
    waiting = a_submission(team)
    make_dataset(team, state=DatasetState.IMPORTING, next_look_at=NOW() - timedelta(hours=3))
    assert "Steps of batches: none is overdue" in said(work_checks.examine_due_work(), "ok")
    Submission.objects.filter(pk=waiting.pk).update(next_look_at=NOW() - timedelta(minutes=4))
    problems = said(work_checks.examine_due_work(), "problem")
    assert "Steps of batches: 1 are due but not started, the first for 4 min." in problems
    assert "Imports: 1 are due but not started, the first for 3 h." in problems


def test_what_a_process_holds_is_not_late_and_what_a_dead_one_held_is(team: Team) -> None:
    held = a_submission(team, next_look_at=NOW() - timedelta(minutes=4), lease_token="x", lease_until=NOW())
    Submission.objects.filter(pk=held.pk).update(lease_until=NOW() + timedelta(seconds=30))
    assert said(work_checks.examine_due_work(), "problem") == ""
    Submission.objects.filter(pk=held.pk).update(lease_until=NOW() - timedelta(seconds=30))
    assert "1 are due but not started" in said(work_checks.examine_due_work(), "problem")


@pytest.mark.parametrize(("tries", "level"), [(3, "warning"), (9, "problem")])
def test_a_step_that_never_comes_to_its_end_is_told(tries: int, level: str, team: Team) -> None:
    step = a_submission(team, tries=tries)
    make_dataset(team, state=DatasetState.IMPORTING, tries=tries, name="tickets")
    words = said(work_checks.examine_due_work(), level)
    assert f"Batch {step.batch_id} “Languages”, submission 1: started {tries} times" in words
    assert f"“tickets”: started {tries} times" in words


def test_what_is_held_is_told_with_its_reason(team: Team) -> None:
    batch = a_submission(team).batch
    Batch.objects.filter(pk=batch.pk).update(held_reason="no credits left", held_since=NOW() - timedelta(hours=5))
    make_dataset(team, state=DatasetState.IMPORTING, held_reason="The disk is full.")
    words = said(work_checks.examine_held(), "warning")
    assert f"Batch {batch.pk} “Languages” for 5 h: no credits left" in words
    assert "The disk is full." in words
    assert "1 running, 1 held" in said(work_checks.examine_held(), "ok")


def test_a_batch_in_which_nothing_moves_is_told(team: Team) -> None:
    step = a_submission(team, changed_at=NOW() - timedelta(hours=30))
    assert f"Batch {step.batch_id} “Languages”: nothing changed" in said(work_checks.examine_held(), "warning")
