"""One step at a time on one row, whoever is killed, slow or in a hurry."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Manager
from django.utils import timezone

from batchsite.processes.heartbeats import run_file, touch
from batchsite.processes.leases import LEASE, Busy, Claim, LeaseLost, backoff, claim, claimed
from batchsite.processes.parentage import MARK
from tests.processes.chores.models import Chore

pytestmark = pytest.mark.databases

SOON = timedelta(seconds=5)


@pytest.fixture
def chore(chores: Manager[Chore]) -> Chore:
    return chores.create(next_look_at=timezone.now())


def wind_forward(chore: Chore) -> None:
    """As if the lease had been taken long ago."""
    Chore._default_manager.filter(pk=chore.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_row_that_is_held_is_busy_for_everybody_else(chore: Chore) -> None:
    claim(Chore, chore.pk)
    with pytest.raises(Busy):
        claim(Chore, chore.pk)


def test_a_row_that_is_gone_is_busy(chores: Manager[Chore]) -> None:
    with pytest.raises(Busy):
        claim(Chore, 12345)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_chores_have_a_table")
def test_of_many_who_claim_at_once_one_wins() -> None:
    chore = Chore._default_manager.create()

    def attempt(_: int) -> bool:
        try:
            claim(Chore, chore.pk)
        except Busy:
            return False
        finally:
            connection.close()
        return True

    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(24))) == 1
    finally:
        chore.delete()


def test_a_lease_runs_out_by_itself(chore: Chore) -> None:
    claim(Chore, chore.pk)
    wind_forward(chore)
    assert claim(Chore, chore.pk).tries == 2


def test_who_was_thought_dead_writes_nothing(chore: Chore) -> None:
    slow = claim(Chore, chore.pk)
    wind_forward(chore)
    successor = claim(Chore, chore.pk)
    with pytest.raises(LeaseLost), slow.locked():
        pytest.fail("the row was given to somebody without a lease")
    with pytest.raises(LeaseLost):
        slow.extend()
    slow.release(ended=True)
    chore.refresh_from_db()
    assert (chore.lease_token, chore.tries) == (successor.token, 2)


def test_every_transaction_of_a_step_extends_its_lease(chore: Chore) -> None:
    held = claim(Chore, chore.pk)
    Chore._default_manager.filter(pk=chore.pk).update(lease_until=timezone.now() + SOON)
    with held.locked():
        pass
    chore.refresh_from_db()
    assert chore.lease_until is not None
    assert chore.lease_until > timezone.now() + LEASE - SOON


def test_what_fails_in_a_transaction_is_undone(chore: Chore) -> None:
    def step() -> None:
        with claimed(Chore, chore.pk) as held, held.locked() as row:
            row.ended = 1
            row.save(update_fields=["ended"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        step()
    chore.refresh_from_db()
    assert chore.ended == 0


def test_a_step_that_ends_says_when_to_look_again(chore: Chore) -> None:
    later = timezone.now() + timedelta(minutes=3)
    with claimed(Chore, chore.pk) as held:
        held.next_look_at = later
    chore.refresh_from_db()
    assert (chore.next_look_at, chore.lease_token, chore.lease_until, chore.tries) == (later, "", None, 0)


def test_a_step_that_says_nothing_leaves_nothing_to_do(chore: Chore) -> None:
    with claimed(Chore, chore.pk):
        pass
    chore.refresh_from_db()
    assert chore.next_look_at is None


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_step_that_raises_is_looked_at_later_and_counted(chore: Chore, error: type[BaseException]) -> None:
    for tries in (1, 2, 3):
        began = timezone.now()
        with pytest.raises(error), claimed(Chore, chore.pk):
            raise error
        chore.refresh_from_db()
        assert (chore.tries, chore.lease_token) == (tries, "")
        assert chore.next_look_at is not None
        assert began + backoff(tries) <= chore.next_look_at <= timezone.now() + backoff(tries)


def test_a_step_that_kills_its_worker_is_counted_too(chore: Chore) -> None:
    for tries in (1, 2, 3):
        assert claim(Chore, chore.pk).tries == tries
        wind_forward(chore)


def _person_asks(chore: Chore, now: datetime) -> None:
    Chore._default_manager.filter(pk=chore.pk).update(next_look_at=now)


@pytest.mark.parametrize("ending", [lambda held: held.release(ended=True), lambda held: held.release(ended=False)])
def test_who_asks_for_a_look_while_a_step_runs_is_not_forgotten(
    chore: Chore, ending: Callable[[Claim[Chore]], None]
) -> None:
    """A person cancels between the last transaction of a step and its end; their message found the row busy."""
    held = claim(Chore, chore.pk)
    now = timezone.now()
    _person_asks(chore, now)
    held.next_look_at = None
    ending(held)
    chore.refresh_from_db()
    assert chore.next_look_at == now


def test_who_asks_about_a_row_that_was_not_due_is_not_forgotten_either(chores: Manager[Chore]) -> None:
    chore = chores.create(next_look_at=None)
    held = claim(Chore, chore.pk)
    now = timezone.now()
    _person_asks(chore, now)
    held.release(ended=True)
    chore.refresh_from_db()
    assert chore.next_look_at == now


def test_a_worker_that_is_asked_to_end_begins_nothing_new(chore: Chore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "some supervisor")
    monkeypatch.setenv("Q_CLUSTER_NAME", "batchsite")
    touch(run_file("stopping"))
    try:
        with pytest.raises(Busy):
            claim(Chore, chore.pk)
        monkeypatch.delenv("Q_CLUSTER_NAME")  # the command line, beside a supervisor that stops
        claim(Chore, chore.pk)
    finally:
        run_file("stopping").unlink()


@pytest.mark.parametrize(("tries", "seconds"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (40, 300)])
def test_the_wait_doubles_up_to_five_minutes(tries: int, seconds: int) -> None:
    assert backoff(tries) == timedelta(seconds=seconds)
