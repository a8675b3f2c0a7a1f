"""Every call to the provider, with everything that can come of it: the books agree in the end.

What the network did is told apart no further than by its outcome (tests/faults.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.faults import FAULTS, READS, WRITES
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db

ROWS = 24
ON_EVERY_DATABASE = ("reply lost, applied", "reply lost, not applied", "429 with Retry-After")
"""After the others, a database is asked nothing that it is not asked after these."""
CALLS = [
    pytest.param(call, fault, marks=[pytest.mark.databases] * (fault in ON_EVERY_DATABASE))
    for call in ("create", "add")
    for fault in WRITES
]
CALLS += [pytest.param(call, fault) for call in ("get", "results") for fault in READS]


def strike(sandbox: Sandbox, fault: str, call: str) -> None:
    """The fault happens to the call; once, unless it comes in bursts."""
    sandbox.fault(**{"times": 1, **FAULTS[fault]}, call=call)


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    """Several add calls and several pages, so that a fault strikes in the middle of things."""
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


@pytest.fixture(autouse=True)
def _short_call(sandbox: Sandbox, settings: Any) -> None:
    """Shorter than a time-out among the faults, the only one that is waited for in real time."""
    settings.TIMEOUTS = replace(settings.TIMEOUTS, call=0.5)


@pytest.mark.parametrize(("call", "fault"), CALLS)
def test_the_books_agree_whatever_happens_to_a_call(call: str, fault: str, team: Team, sandbox: Sandbox) -> None:
    strike(sandbox, fault, call)
    batch = drive(make_batch(team, ROWS))
    assert sandbox.idle_faults() == []
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("fault", READS)
def test_the_books_agree_when_even_the_list_of_batches_fails_after_a_lost_create(
    fault: str, team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault("lost_reply", call="create", applied=True, times=1)
    strike(sandbox, fault, "list")
    batch = drive(make_batch(team, ROWS))
    assert sandbox.idle_faults() == []
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    assert len(sandbox.batches()) == 1, "created twice"
    check_books(batch, sandbox)


@pytest.mark.parametrize("fault", READS)
@pytest.mark.parametrize("applied", [True, False], ids=["add applied", "add not applied"])
def test_the_books_agree_when_even_the_list_of_requests_fails_after_a_lost_add(
    applied: bool, fault: str, team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault("lost_reply", call="add", nth=2, applied=applied)
    strike(sandbox, fault, "requests")
    batch = drive(make_batch(team, ROWS))
    assert sandbox.idle_faults() == []
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("fault", WRITES)
def test_the_books_agree_when_the_cancel_fails(fault: str, team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=40)
    batch = drive(make_batch(team, ROWS), until="processing")
    strike(sandbox, fault, "cancel")
    actions.cancel(batch, None)
    drive(batch)
    assert sandbox.idle_faults() == []
    assert batch.state in {"cancelled", "completed"}
    check_books(batch, sandbox)


def test_a_slow_reply_is_waited_for(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("trickle", call="results", seconds=0.05, pieces=4)
    batch = drive(make_batch(team, ROWS))
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)
