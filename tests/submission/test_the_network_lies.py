"""Every call to the provider, with everything a network can do to it: the books agree in the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.submission import actions
from batchsite.teams.models import Team
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db

FAULTS: dict[str, dict[str, Any]] = {
    "reply lost, applied": {"what": "lost_reply", "applied": True},
    "reply lost, not applied": {"what": "lost_reply", "applied": False},
    "connection reset, applied": {"what": "lost_reply", "applied": True, "reset": True},
    "time-out, applied": {"what": "timeout", "seconds": 1.5, "applied": True},
    "time-out, not applied": {"what": "timeout", "seconds": 1.5, "applied": False},
    "reset in the middle": {"what": "reset"},
    "truncated": {"what": "truncate"},
    "truncated, honest length": {"what": "truncate", "honest": True},
    "not JSON, applied": {"what": "not_json", "applied": True},
    "not JSON, not applied": {"what": "not_json", "applied": False},
    "HTML 502": {"what": "html", "status": 502},
    "HTML 200": {"what": "html", "status": 200},
    "429": {"what": "status", "status": 429, "text": "Too many requests"},
    "429 with Retry-After": {"what": "status", "status": 429, "text": "Too many requests", "retry_after": "1"},
    "500 after applying": {"what": "status", "status": 500, "applied": True},
    "a burst of 503": {"what": "status", "status": 503, "form": "text", "times": 8},
    "a burst of 529": {"what": "status", "status": 529, "times": 8},
}
ROWS = 24


@pytest.fixture(params=list(FAULTS.values()), ids=list(FAULTS))
def fault(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One fault; once, unless it comes in bursts."""
    return {"times": 1, **request.param}


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    """Several add calls and several pages, so that a fault strikes in the middle of things."""
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


@pytest.mark.parametrize("call", ["create", "add", "get", "results"])
def test_the_books_agree_whatever_happens_to_a_call(
    call: str, fault: dict[str, Any], team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault(**fault, call=call)
    batch = drive(make_batch(team, ROWS))
    assert sandbox.hits() >= 1, "the fault never struck"
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


def test_the_books_agree_when_even_the_list_of_batches_fails_after_a_lost_create(
    fault: dict[str, Any], team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault("lost_reply", call="create", applied=True, times=1)
    sandbox.fault(**fault, call="list")
    batch = drive(make_batch(team, ROWS))
    assert sandbox.hits() >= 2
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    assert len(sandbox.batches()) == 1, "created twice"
    check_books(batch, sandbox)


@pytest.mark.parametrize("applied", [True, False], ids=["add applied", "add not applied"])
def test_the_books_agree_when_even_the_list_of_requests_fails_after_a_lost_add(
    applied: bool, fault: dict[str, Any], team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault("lost_reply", call="add", nth=2, applied=applied)
    sandbox.fault(**fault, call="requests")
    batch = drive(make_batch(team, ROWS))
    assert sandbox.hits() >= 2
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


def test_the_books_agree_when_the_cancel_fails(fault: dict[str, Any], team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=40)
    batch = drive(make_batch(team, ROWS), until="processing")
    sandbox.fault(**fault, call="cancel")
    actions.cancel(batch, None)
    drive(batch)
    assert sandbox.hits() >= 1
    assert batch.state in {"cancelled", "completed"}
    check_books(batch, sandbox)


def test_a_slow_reply_is_waited_for(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("trickle", call="results", seconds=0.05, pieces=4)
    batch = drive(make_batch(team, ROWS))
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)
