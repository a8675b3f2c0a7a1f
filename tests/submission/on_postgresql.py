"""Two people, or a person and workers, at one batch at once, on PostgreSQL: see tests/scale/test_the_suite_again.py.

Nothing is left to chance: the first of two stands still at a named place, in its transaction, until the other one
waits for its locks, or is through without waiting.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from batchsite.batches.models import Batch, Result, Submission
from batchsite.batches.transitions import lock_batch
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.results import summaries
from batchsite.results.models import Summary
from batchsite.submission import actions, copies
from batchsite.submission.actions import NotNow
from batchsite.submission.step_context import LocalStep
from batchsite.submission.steps import advance
from batchsite.teams.models import Team, User
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox
from tests.submission.stories import an_ended_batch

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]
ROWS = 60
BLOCKS_ANOTHER = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
PATIENCE = 60
"""Seconds after which a thread that waits is taken for a deadlock."""
Deed = Callable[[], object]


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=10, page_rows=25)


class Meeting:
    """Two deeds in threads of their own; the second begins when the first stands still."""

    def __init__(self) -> None:
        self._stands, self._is_through = threading.Event(), threading.Event()
        self._first: threading.Thread | None = None
        self._waited = False

    def stand_still(self) -> None:
        """Called by both at the place; only the first one stands, once, until the second waits for it."""
        if threading.current_thread() is not self._first or self._stands.is_set():
            return
        self._stands.set()
        while not self._is_through.wait(0.01):
            with connection.cursor() as cursor:
                cursor.execute(BLOCKS_ANOTHER)
                if cursor.fetchone()[0]:
                    self._waited = True
                    return

    def hold(self, first: Deed, second: Deed) -> list[BaseException | None]:
        """Returns what each raised. The second has waited for the first, or there was no lock between them."""
        raised: list[BaseException | None] = [None, None]

        def run(number: int, deed: Deed) -> None:
            try:
                deed()
            except BaseException as error:  # noqa: BLE001  the test looks at it
                raised[number] = error
            finally:
                (self._stands if number == 0 else self._is_through).set()
                connections.close_all()

        threads = [threading.Thread(target=run, args=pair) for pair in enumerate((first, second))]
        self._first = threads[0]
        threads[0].start()
        assert self._stands.wait(PATIENCE), "the first never came to the place"
        threads[1].start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a deadlock"
        assert self._waited, f"the second did not wait for the first: {raised}"
        return raised


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def stop_before(meeting: Meeting, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """The first of the two stands still where it would call that function."""
    does = getattr(owner, name)

    def slowed(*given: Any, **options: Any) -> Any:
        meeting.stand_still()
        return does(*given, **options)

    monkeypatch.setattr(owner, name, slowed)


@pytest.fixture
def after_deciding(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Of a retry: its rows are read, and it is not written down yet."""
    stop_before(meeting, monkeypatch, actions, "_add_retry")
    return meeting


@pytest.fixture
def after_taking(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Of a retry that is planned: the results it takes are read, and not its own yet."""
    stop_before(meeting, monkeypatch, copies, "without_followers")
    return meeting


def _failed(team: Team, sandbox: Sandbox, **fields: Any) -> Batch:
    sandbox.fault("fail_rows", share=0.5, batches=1, text="Internal server error")
    batch = drive(make_batch(team, ROWS, **fields))
    assert 0 < batch.failed < ROWS
    return batch


def test_this_is_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_retry_pressed_twice_is_one_retry(
    team: Team, alice: User, bob: User, sandbox: Sandbox, after_deciding: Meeting
) -> None:
    batch = _failed(team, sandbox)
    raised = after_deciding.hold(lambda: actions.retry(batch, alice), lambda: actions.retry(batch, bob))
    assert [type(error) for error in raised] == [type(None), NotNow]
    drive(batch)
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)


def test_two_retries_that_are_planned_at_once_take_no_row_twice(
    team: Team, alice: User, sandbox: Sandbox, after_taking: Meeting
) -> None:
    batch = _failed(team, sandbox)
    failed = list(Result.objects.filter(batch=batch, state="failed").values_list("row", flat=True))
    first, second = actions.retry(batch, alice, rows=failed[1:]), actions.retry(batch, alice)
    raised = after_taking.hold(lambda: advance(first.pk), lambda: advance(second.pk))
    assert raised == [None, None]
    drive(batch)
    assert batch.succeeded == ROWS, story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("first", ["the standing retry", "the person"])
def test_a_standing_retry_and_a_person_at_once_pay_once(
    first: str, team: Team, alice: User, sandbox: Sandbox, after_deciding: Meeting, settings: Any
) -> None:
    """The end of the second batch at xAI tries what failed again, of the first one too."""
    batch, other = _half_failed(team, sandbox, settings)
    Batch.objects.filter(pk=batch.pk).update(auto_retries=1)
    deeds: tuple[Deed, Deed] = (lambda: _step_until_ended(other), lambda: actions.retry(batch, alice))
    raised = after_deciding.hold(*(deeds if first == "the standing retry" else reversed(deeds)))
    assert {type(error) for error in raised} <= {type(None), NotNow}
    sandbox.admin("DELETE", "faults")
    drive(batch)
    assert batch.succeeded == ROWS, story(batch)
    check_books(batch, sandbox)


def _half_failed(team: Team, sandbox: Sandbox, settings: Any) -> tuple[Batch, Submission]:
    """Returns one batch here that is two at xAI, and the second of these: the first has ended, some rows failed."""
    settings.OPTIONS = replace(settings.OPTIONS, requests_per_submission=ROWS // 2)
    sandbox.fault("fail_rows", share=0.3, text="Internal server error")
    batch = make_batch(team, ROWS)
    one, other = batch.submissions.order_by("number")
    _step_until_ended(one)
    return batch, other


PRESSES: dict[str, Callable[[Batch, User], object]] = {
    "retry": actions.retry,
    "cancel": actions.cancel,
    "finish": actions.finish_early,
    "go on": actions.go_on,
    "cap": lambda batch, user: actions.set_spend_cap(batch, 10**12, user),
}


@pytest.mark.parametrize("press", PRESSES)
@pytest.mark.parametrize("first", ["the worker", "the person"])
def test_what_is_pressed_in_the_middle_of_a_step_waits_and_pays_once(
    first: str,
    press: str,
    team: Team,
    alice: User,
    sandbox: Sandbox,
    settings: Any,
    meeting: Meeting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch, other = _half_failed(team, sandbox, settings)
    _stand_under_locks(meeting, monkeypatch)
    deeds: tuple[Deed, Deed] = (lambda: _step_until_ended(other), lambda: PRESSES[press](batch, alice))
    raised = meeting.hold(*(deeds if first == "the worker" else reversed(deeds)))
    assert {type(error) for error in raised} <= {type(None), NotNow}, raised
    drive(batch)
    check_books(batch, sandbox)


def _stand_under_locks(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step and a person alike: right after the batch was locked."""
    step_locks, person_locks = LocalStep.locked, lock_batch

    @contextlib.contextmanager
    def stepping(self: LocalStep) -> Iterator[Submission]:
        with step_locks(self) as submission:
            meeting.stand_still()
            yield submission

    def pressing(batch_id: int) -> Batch:
        batch = person_locks(batch_id)
        meeting.stand_still()
        return batch

    monkeypatch.setattr(LocalStep, "locked", stepping)
    monkeypatch.setattr(actions, "lock_batch", pressing)


def _step_until_ended(submission: Submission) -> None:
    while not Submission.objects.filter(pk=submission.pk).exclude(ended_at=None).exists():
        Submission.objects.filter(pk=submission.pk).update(next_look_at=timezone.now())
        with contextlib.suppress(Busy, LeaseLost):
            advance(submission.pk)


def test_a_cancel_and_two_retries_at_once_pay_once(
    team: Team, alice: User, bob: User, sandbox: Sandbox, after_deciding: Meeting
) -> None:
    batch = _failed(team, sandbox)

    def cancel_and_retry() -> None:
        actions.cancel(batch, bob)
        actions.retry(batch, bob)

    raised = after_deciding.hold(lambda: actions.retry(batch, alice), cancel_and_retry)
    assert raised[0] is None
    drive(batch)
    check_books(batch, sandbox)


def test_a_page_that_asks_for_a_summary_does_not_deadlock_with_the_end_of_the_batch(
    team: Team, meeting: Meeting
) -> None:
    """A foreign key is checked when the page commits: it needs the batch, which the step has locked."""
    batch = an_ended_batch(team, rows=3)
    Summary.objects.filter(batch=batch).delete()

    def page() -> None:
        with transaction.atomic():
            Summary.objects.create(batch=batch)
            meeting.stand_still()

    def step() -> None:
        with transaction.atomic():
            summaries.on_end(lock_batch(batch.pk))

    assert meeting.hold(page, step) == [None, None]
