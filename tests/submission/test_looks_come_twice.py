"""After an unknown outcome: as long a wait as the call itself may take, two looks, and nobody asleep in a worker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.db.models import Min
from django.utils import timezone

from batchsite.batches.models import Submission
from batchsite.submission.provider_calls import account_for, reserve
from batchsite.submission.steps import advance
from batchsite.teams.accounts import Account, AccountKind
from batchsite.teams.models import Team
from batchsite.timeouts import PipelineTimeouts
from batchsite.xai.transfer import DEFAULT_TIMEOUTS
from tests.clock import wait_until
from tests.factories import make_team
from tests.pipeline import SHORT, check_books, drive, make_batch, step_all
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 24


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


def test_the_wait_is_longer_than_a_call_may_take() -> None:
    assert PipelineTimeouts().after_unknown > PipelineTimeouts().call


def test_the_second_look_comes_after_the_end_of_the_slowest_call() -> None:
    """A call that has sent its last byte within its time may wait for the first byte of the reply once more."""
    patience = PipelineTimeouts()
    assert patience.after_unknown + patience.look_twice > patience.call + DEFAULT_TIMEOUTS.read


def test_a_list_of_requests_that_lags_does_not_make_rows_go_twice(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.TIMEOUTS = replace(SHORT, look_twice=0.6)
    sandbox.fault("lost_reply", call="add", nth=2, applied=True)
    sandbox.fault("requests_lag", seconds=0.5)
    batch = drive(make_batch(team, ROWS))
    assert sum(one["requests"] for one in sandbox.batches()) == ROWS
    assert sandbox.admin("GET", "ledger")["batches"][0]["requests"] == ROWS
    check_books(batch, sandbox)


def test_two_looks_lie_between_a_lost_add_and_the_next(team: Team, sandbox: Sandbox, settings: Any) -> None:
    settings.TIMEOUTS = replace(SHORT, look_twice=0.3)
    sandbox.fault("lost_reply", call="add", nth=1, applied=False)
    batch = make_batch(team, ROWS)
    while not batch.submissions.filter(missed_at__isnull=False).exists():
        step_all(batch)
    began = timezone.now()  # the clock that tests move
    submission = batch.submissions.get()
    assert submission.chunks.filter(state="sending").exists()
    while batch.submissions.filter(missed_at__isnull=False).exists():
        step_all(batch)
    assert (timezone.now() - began).total_seconds() > 0.2
    drive(batch)
    check_books(batch, sandbox)


def test_a_create_that_must_wait_is_due_later_and_keeps_its_turn(
    team: Team, sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=2)
    slept: list[float] = []
    monkeypatch.setattr("batchsite.submission.submit.time.sleep", slept.append)
    batch = make_batch(team, 3)
    for _ in range(200):
        reserve(account_for(batch), "create", team=team.pk)
    submission = batch.submissions.get()
    while not submission.create_turn_at:
        advance(submission.pk)
        submission.refresh_from_db()
    turn, due = submission.create_turn_at, submission.next_look_at
    assert due is not None
    assert (submission.remote_id, sandbox.batches()) == ("", [])
    assert (due - timezone.now()).total_seconds() > 20
    advance(submission.pk)  # somebody is early
    submission.refresh_from_db()
    assert (submission.remote_id, submission.create_turn_at) == ("", turn)
    batch.submissions.update(create_turn_at=timezone.now(), next_look_at=timezone.now())
    drive(batch)
    assert sum(slept) == 0


def test_two_hundred_batches_of_a_team_do_not_take_the_places_of_another(sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=2)
    busy, quiet = make_team("Busy"), make_team("Quiet")
    first = make_batch(busy, 1)
    for _ in range(200):
        reserve(account_for(first), "create", team=busy.pk)
    began = timezone.now()
    ten_rows = make_batch(quiet, 10)
    while not ten_rows.submissions.get().remote_id:
        step_all(ten_rows)
    assert (timezone.now() - began).total_seconds() < 50  # and not a hundred


def test_many_teams_at_once_take_their_places_in_one_line_and_each_asks_once(sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=2)
    batches = [make_batch(make_team(f"Team {number}"), 1) for number in range(12)]
    steps = 0
    while Submission.objects.filter(remote_id="").exists():
        due = Submission.objects.filter(remote_id="", next_look_at__lte=timezone.now())
        for pk in due.values_list("pk", flat=True):
            advance(pk)
            steps += 1
        wait_until(Submission.objects.filter(remote_id="").aggregate(next=Min("next_look_at"))["next"])
    assert steps <= 4 * len(batches)  # planned, in line, created; and at times a moment early


def test_a_team_with_many_batches_has_few_places_in_the_line_at_a_time(sandbox: Sandbox, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=2)
    busy, quiet = make_team("Busy"), make_team("Quiet")
    many = [make_batch(busy, 1) for _ in range(12)]
    for _ in range(2):
        for batch in many:
            advance(batch.submissions.get().pk)
    Submission.objects.filter(create_slot_at=None).update(create_turn_at=timezone.now())
    for batch in many:
        advance(batch.submissions.get().pk)
    ten_rows = make_batch(quiet, 10).submissions.get()
    for _ in range(2):
        advance(ten_rows.pk)
    ten_rows.refresh_from_db()
    place = ten_rows.create_slot_at or timezone.now()
    assert (place - timezone.now()).total_seconds() < 2
    assert ten_rows.remote_id or ten_rows.create_slot_at


def test_creates_go_nearly_as_fast_as_allowed(team: Team, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, creates_per_second=2)
    account = Account(AccountKind.SANDBOX, "http://nowhere", "sandbox-key")
    with time_machine.travel(timezone.now(), tick=False):
        waits = [reserve(account, "create") for _ in range(21)]
    assert waits[0] == 0
    assert 9.5 < waits[-1] < 10.6  # 20 further ones at 2 a second, not at 1


def test_places_are_not_taken_where_the_wait_is_too_long(team: Team, settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, adds_per_30s=10)
    account = Account(AccountKind.SANDBOX, "http://nowhere", "sandbox-key")
    with time_machine.travel(timezone.now(), tick=False):
        assert reserve(account, "add", only_within=0.25) == 0
        first, second = (reserve(account, "add", only_within=0.25) for _ in range(2))
    assert first == second > 1
