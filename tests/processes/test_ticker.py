"""The ticker's rounds, its beats, its pruning, and the schedule for installations without a ticker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task
from pytest_django import Settings

from batchsite.processes import ticker
from batchsite.processes.heartbeats import beat, seconds_since_beat
from batchsite.processes.leadership import lead
from batchsite.processes.models import Heartbeat
from batchsite.processes.queue import QUEUES
from batchsite.processes.ticker import KEEP_TASKS, Beats, ErrorLog, Ticker, fallback, prune

pytestmark = [pytest.mark.django_db, pytest.mark.databases]


Waiting = Callable[[], dict[str, int]]


@pytest.fixture(autouse=True)
def _nothing_is_due(settings: Settings) -> None:
    settings.DUE_SOURCES = []


def test_only_the_leader_hands_out_work(waiting: Waiting) -> None:
    lead("ticker", "another machine")
    assert not Ticker("here").round()
    assert waiting() == {"short": 0, "long": 0}


def test_the_leader_sends_every_queue_a_beat(waiting: Waiting) -> None:
    assert Ticker("here").round()
    assert waiting() == {"short": 1, "long": 1}


def test_beats_do_not_pile_up_while_no_worker_takes_them(waiting: Waiting) -> None:
    beats = Beats()
    for _ in range(5):
        beats.send()
    assert waiting() == {"short": 1, "long": 1}


def test_the_next_beat_follows_the_one_that_came_back(waiting: Waiting) -> None:
    beats = Beats()
    beats.send()
    beat("short")
    beats.send()
    assert waiting() == {"short": 2, "long": 1}


def test_a_lost_beat_is_sent_again(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    beats = Beats()
    beats.send()
    monkeypatch.setattr(ticker, "LOST_BEAT", timedelta(0))
    beats.send()
    assert waiting() == {"short": 2, "long": 2}


def test_a_beat_tells_when_a_worker_last_ran_it() -> None:
    assert seconds_since_beat("short") is None
    beat("short")
    beat("short")
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(seconds=90))
    assert seconds_since_beat("short") == pytest.approx(90, abs=5)
    beat("short")
    assert seconds_since_beat("short") == pytest.approx(0, abs=5)
    assert seconds_since_beat("long") is None


def make_task(number: int) -> Task:
    at = timezone.now() - timedelta(minutes=number)
    return Task(id=f"{number:032}", name=str(number), func="x", started=at, stopped=at, success=False)


def test_the_newest_failures_are_kept_and_messages_that_nobody_reads_are_not() -> None:
    Task.objects.bulk_create([make_task(number) for number in range(KEEP_TASKS + 5)])
    OrmQ.objects.create(key="renamed", payload="", lock=timezone.now() - timedelta(hours=2))
    OrmQ.objects.create(key="batchsite", payload="", lock=timezone.now())
    prune()
    assert Task.objects.count() == KEEP_TASKS
    assert set(Task.objects.values_list("name", flat=True)) == {str(number) for number in range(KEEP_TASKS)}
    assert OrmQ.objects.get().key == "batchsite"


def test_an_error_that_stays_the_same_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    errors = ErrorLog()
    with caplog.at_level(logging.ERROR):
        for text in ("database is locked", "database is locked", "disk is full"):
            errors.log(OSError(text))
    assert [record.getMessage() for record in caplog.records] == [
        "the ticker is waiting: OSError: database is locked",
        "the ticker is waiting: OSError: disk is full",
    ]


def test_a_bare_cluster_moves_by_a_schedule_of_its_own() -> None:
    schedule: Any = Schedule.objects.get(name="tick")
    assert (schedule.func, schedule.schedule_type, schedule.minutes, schedule.repeats) == (
        "batchsite.processes.ticker.fallback",
        Schedule.MINUTES,
        1,
        -1,
    )
    fallback()
    assert seconds_since_beat("short") is not None


def test_two_migrations_at_once_leave_one_schedule_in_the_end() -> None:
    Schedule.objects.create(name="tick", func="an.older.version", schedule_type=Schedule.DAILY)
    call_command("migrate", verbosity=0)
    schedule: Any = Schedule.objects.get(name="tick")
    assert schedule.func == "batchsite.processes.ticker.fallback"


def test_a_migration_does_not_put_the_schedule_off() -> None:
    before: Any = Schedule.objects.get(name="tick")
    call_command("migrate", verbosity=0)
    after: Any = Schedule.objects.get(name="tick")
    assert (after.pk, after.next_run) == (before.pk, before.next_run)


def test_every_queue_has_a_cluster(settings: Settings) -> None:
    assert set(QUEUES) == set(settings.QUEUES)
    assert apps.is_installed("batchsite.processes")
