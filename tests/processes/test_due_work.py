"""What is due is handed out once, again when its message was lost, and never in heaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Manager
from django.utils import timezone
from django_q.signing import SignedPackage
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from batchsite.datasets.import_queue import due_imports
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.processes.dealer import Dealer
from batchsite.processes.leases import claim
from batchsite.processes.queue import (
    MOST_WAITING,
    RESEND,
    SPARE,
    Job,
    broker_of,
    enqueue,
    has_room,
    send,
    take,
    take_due,
)
from batchsite.teams.models import Team
from tests.factories import make_dataset, make_team
from tests.processes.chores.models import Chore

pytestmark = pytest.mark.databases

SECOND = timedelta(seconds=1)
NOTHING = "batchsite.processes.heartbeats.empty_task"


Waiting = Callable[[], dict[str, int]]
ROOM = MOST_WAITING["short"]


@pytest.fixture
def now(chores: Manager[Chore]) -> datetime:
    return timezone.now()


def test_a_due_row_is_given_to_one_caller_only(chores: Manager[Chore], now: datetime) -> None:
    chore = chores.create(next_look_at=now)
    chores.create(next_look_at=now + SECOND)
    chores.create(next_look_at=None)
    assert take_due(chores.all(), now) == [chore]
    assert take_due(chores.all(), now) == []


def test_a_lost_message_is_sent_again(chores: Manager[Chore], now: datetime) -> None:
    chore = chores.create(next_look_at=now)
    take_due(chores.all(), now)
    assert take_due(chores.all(), now + RESEND - SECOND) == []
    assert take_due(chores.all(), now + RESEND) == [chore]


def test_who_read_the_row_before_it_was_taken_does_not_get_it_too(chores: Manager[Chore], now: datetime) -> None:
    chore = chores.create(next_look_at=now)
    assert take_due(chores.all(), now) == [chore]
    assert not take(chore, now, "short")


def test_who_read_the_row_before_a_step_began_does_not_put_it_off(chores: Manager[Chore], now: datetime) -> None:
    chore = chores.create(next_look_at=now)
    claim(Chore, chore.pk)
    assert not take(chore, now, "short")
    chore.refresh_from_db()
    assert chore.next_look_at == now


def test_a_row_that_is_worked_on_is_left_alone(chores: Manager[Chore], now: datetime) -> None:
    chore = chores.create(next_look_at=now)
    claim(Chore, chore.pk)
    assert take_due(chores.all(), now + SECOND) == []


def test_a_row_whose_worker_was_killed_is_due_when_its_lease_has_run_out(chores: Manager[Chore], now: datetime) -> None:
    chore = chores.create(next_look_at=now)
    claim(Chore, chore.pk)
    assert take_due(chores.all(), now + timedelta(minutes=1)) == [chore]


def test_the_longest_due_comes_first(chores: Manager[Chore], now: datetime) -> None:
    late = chores.create(next_look_at=now - SECOND)
    later = chores.create(next_look_at=now - 2 * SECOND)
    assert take_due(chores.all(), now, limit=1) == [later]
    assert take_due(chores.all(), now, limit=1) == [late]


def importing(team: Team, count: int, since: datetime) -> list[Dataset]:
    return [make_dataset(team, state=DatasetState.IMPORTING, next_look_at=since) for _ in range(count)]


def test_many_small_pieces_of_work_of_one_team_do_not_delay_another(now: datetime, waiting: Waiting) -> None:
    busy, quiet = make_team("Busy"), make_team("Quiet")
    importing(busy, 3 * ROOM, now - timedelta(minutes=5))
    [only] = importing(quiet, 1, now - SECOND)
    taken = take_due(Dataset.objects.all(), now, team="team", lane=lambda _: "short")
    assert len(taken) == ROOM
    assert only in taken[:2]


def test_where_there_is_room_for_one_a_team_with_much_in_work_lets_another_pass(
    now: datetime, waiting: Waiting
) -> None:
    busy, quiet = make_team("Busy"), make_team("Quiet")
    importing(busy, ROOM + 5, now - timedelta(minutes=5))
    taken = take_due(Dataset.objects.all(), now, team="team", lane=lambda _: "short")
    assert len(taken) == ROOM
    for _ in range(ROOM - 1):
        send(Job(NOTHING))
    [only] = importing(quiet, 1, now - SECOND)
    assert take_due(Dataset.objects.all(), now, team="team", lane=lambda _: "short") == [only]


def test_long_work_of_a_team_is_done_one_at_a_time_so_that_another_team_finds_a_worker(
    now: datetime, waiting: Waiting
) -> None:
    busy, quiet = make_team("Busy"), make_team("Quiet")
    first, second, *_ = importing(busy, 5, now - timedelta(minutes=5))
    assert list(due_imports(now)) == [first]
    held = claim(Dataset, first.pk)
    [only] = importing(quiet, 1, now - SECOND)
    assert list(due_imports(now)) == [only]
    held.release(ended=True)
    assert list(due_imports(now)) == [second]


def test_what_finds_no_room_stays_due(now: datetime, waiting: Waiting) -> None:
    for _ in range(ROOM):
        send(Job(NOTHING))
    [dataset] = importing(make_team("Busy"), 1, now - SECOND)
    assert take_due(Dataset.objects.all(), now, team="team", lane=lambda _: "short") == []
    assert not take(dataset, now, "short")
    dataset.refresh_from_db()
    assert dataset.next_look_at == now - SECOND
    assert take_due(Dataset.objects.all(), now, team="team", lane=lambda _: "long") == [dataset]


def test_a_message_waits_for_the_transaction_around_it(
    waiting: Waiting, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            enqueue(Job(NOTHING, queue="long"))
        assert waiting() == {"short": 0, "long": 0}
    assert waiting() == {"short": 0, "long": 1}


def many_jobs(now: datetime) -> Iterable[Job]:
    for _ in range(ROOM + SPARE + 50):
        yield Job(NOTHING)
    yield Job(NOTHING, queue="long")


def ever_more(now: datetime) -> Iterable[Job]:
    """Uses up all the room there is, in each round."""
    for number in range(100):
        if has_room("short"):
            yield Job(NOTHING, (number,))


def one_thing(now: datetime) -> Iterable[Job]:
    if has_room("short"):
        yield Job(NOTHING, ("the only one",))


def cleared_for_long(now: datetime) -> Iterable[Job]:
    yield Job(NOTHING, queue="long", is_hint=True)


def broken(now: datetime) -> Iterator[Job]:
    yield Job(NOTHING)
    raise ValueError("a room has a bug")


HERE = "tests.processes.test_due_work"


def test_messages_do_not_pile_up_where_no_worker_runs(
    settings: Settings, waiting: Waiting, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.DUE_SOURCES = [f"{HERE}.many_jobs"]
    with django_capture_on_commit_callbacks(execute=True):
        assert Dealer().deal() == ROOM + SPARE + 1
    with django_capture_on_commit_callbacks(execute=True):
        assert Dealer().deal() == 1
    assert waiting() == {"short": ROOM + SPARE, "long": 2}


def test_one_rooms_trouble_does_not_starve_the_others(
    settings: Settings, waiting: Waiting, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.DUE_SOURCES = [f"{HERE}.broken", f"{HERE}.many_jobs"]
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ValueError, match="a room has a bug"):
        Dealer().deal()
    assert waiting()["long"] == 1
    assert connection.is_usable()


def test_what_one_room_has_in_plenty_does_not_keep_others_out(settings: Settings, waiting: Waiting) -> None:
    settings.DUE_SOURCES = [f"{HERE}.ever_more", f"{HERE}.one_thing"]
    dealer = Dealer()
    dealer.deal()
    broker_of("short").purge_queue()
    dealer.deal()
    first = SignedPackage.loads(broker_of("short").dequeue()[0][1])
    assert first["args"] == ("the only one",)


def test_a_hint_is_not_sent_again_and_again_while_it_is_followed(settings: Settings, waiting: Waiting) -> None:
    settings.DUE_SOURCES = [f"{HERE}.cleared_for_long"]
    dealer = Dealer()
    assert [dealer.deal() for _ in range(3)] == [1, 0, 0]
    assert waiting()["long"] == 1
