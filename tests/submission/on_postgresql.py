"""Two people, or a person and workers, at one batch at once, on PostgreSQL: see tests/scale/test_the_suite_again.py."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Result
from batchsite.batches.transitions import lock_batch
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.results import summaries
from batchsite.results.models import Summary
from batchsite.submission import actions
from batchsite.submission.actions import NotNow
from batchsite.submission.steps import advance
from batchsite.teams.models import Team, User
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox
from tests.submission.stories import an_ended_batch

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]
ROWS = 120


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=10, page_rows=25)


def at_once(*deeds: Callable[[], object]) -> list[BaseException | None]:
    """Runs each in a thread of its own, all beginning together; what each raised."""
    barrier = threading.Barrier(len(deeds))
    raised: list[BaseException | None] = [None] * len(deeds)

    def run(number: int, deed: Callable[[], object]) -> None:
        try:
            barrier.wait()
            deed()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            raised[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number, deed)) for number, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a deadlock"
    return raised


def _failed(team: Team, sandbox: Sandbox, **fields: Any) -> Batch:
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = drive(make_batch(team, ROWS, **fields))
    assert 0 < batch.failed < ROWS
    return batch


def test_this_is_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_retry_pressed_twice_is_one_retry(team: Team, alice: User, bob: User, sandbox: Sandbox) -> None:
    batch = _failed(team, sandbox)
    raised = at_once(lambda: actions.retry(batch, alice), lambda: actions.retry(batch, bob))
    assert [type(error) for error in raised if error] == [NotNow]
    drive(batch)
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)


def test_two_retries_that_are_planned_at_once_take_no_row_twice(team: Team, alice: User, sandbox: Sandbox) -> None:
    for _ in range(5):
        batch = _failed(team, sandbox)
        failed = list(Result.objects.filter(batch=batch, state="failed").values_list("row", flat=True))
        first = actions.retry(batch, alice, rows=failed[1:])
        second = actions.retry(batch, alice)
        raised = at_once(lambda: advance(first.pk), lambda: advance(second.pk))  # noqa: B023
        assert not any(raised), raised
        drive(batch)
        check_books(batch, sandbox)
        sandbox.reset()
        Batch.objects.all().delete()


def test_a_standing_retry_and_a_person_at_once_pay_once(team: Team, alice: User, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = make_batch(team, ROWS, auto_retries=1)
    while not batch.failed:
        _step(batch)
        batch.refresh_from_db()
    at_once(lambda: actions.retry(batch, alice), lambda: drive(Batch.objects.get(pk=batch.pk)))
    drive(batch)
    assert batch.succeeded == ROWS, story(batch)
    check_books(batch, sandbox)


def test_everything_pressed_while_workers_step_ends_without_a_deadlock(
    team: Team, alice: User, sandbox: Sandbox, settings: Any
) -> None:
    """Several batches at xAI for one here, so that steps of one batch meet each other, too."""
    settings.OPTIONS = replace(settings.OPTIONS, requests_per_submission=30)
    sandbox.set(rate=200)
    sandbox.fault("fail_rows", share=0.3, text="Internal server error", batches=4)
    batch = make_batch(team, ROWS)
    stop = time.monotonic() + 6
    presses: list[Callable[[], object]] = [
        lambda: actions.retry(batch, alice),
        lambda: actions.go_on(batch, alice),
        lambda: actions.wake_held(team),
        lambda: actions.rename(batch, f"Name {random.random()}", alice),
        lambda: Batch.objects.filter(pk=batch.pk).update(held_reason="a test"),
    ]

    def person() -> None:
        while time.monotonic() < stop:
            with contextlib.suppress(NotNow):
                random.choice(presses)()
            time.sleep(0.01)

    def worker() -> None:
        while time.monotonic() < stop:
            _step(batch)

    raised = at_once(person, person, worker, worker, worker)
    assert not any(raised), raised
    drive(batch, 60)
    check_books(batch, sandbox)


def test_a_cancel_and_two_retries_at_once_pay_once(team: Team, alice: User, bob: User, sandbox: Sandbox) -> None:
    batch = _failed(team, sandbox)
    at_once(lambda: actions.retry(batch, alice), lambda: actions.cancel(batch, bob), lambda: actions.retry(batch, bob))
    drive(batch)
    check_books(batch, sandbox)


def test_a_page_that_asks_for_a_summary_does_not_deadlock_with_the_end_of_the_batch(team: Team) -> None:
    """A foreign key is checked when the page commits: it needs the batch, which the step has locked."""
    batch = an_ended_batch(team, rows=3)
    Summary.objects.filter(batch=batch).delete()
    inserted, locked = threading.Event(), threading.Event()

    def page() -> None:
        with transaction.atomic():
            Summary.objects.create(batch=batch)
            inserted.set()
            locked.wait(10)
            time.sleep(0.3)

    def step() -> None:
        inserted.wait(10)
        with transaction.atomic():
            fresh = lock_batch(batch.pk)
            locked.set()
            summaries.on_end(fresh)

    raised = at_once(page, step)
    assert not any(raised), raised


def _step(batch: Batch) -> None:
    due = list(batch.submissions.filter(next_look_at__lte=timezone.now()).values_list("pk", flat=True))
    for pk in due:
        with contextlib.suppress(Busy, LeaseLost):
            advance(pk)
    if not due:
        time.sleep(0.005)
