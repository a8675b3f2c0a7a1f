"""A proxy's page, or a name that nobody knows, holds a batch and says so. It never ends one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.submission import actions
from batchsite.submission.provider_calls import is_lasting
from batchsite.teams.models import Team, User
from batchsite.teams.network_faults import NetworkFault
from batchsite.teams.team_keys import store_key
from batchsite.xai.errors import ConnectionFailed, ServerError, TimedOut
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 12


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


EVERY_PAIR = [
    (call, status, applied)
    for number, status in enumerate((200, 400, 403, 407, 413))
    for call, applied in (("create", number % 2 == 0), ("add", number % 2 == 1))
]
"""Each status with each call, with and without an effect, and each call with and without one."""


@pytest.mark.slow
@pytest.mark.parametrize(("call", "status", "applied"), EVERY_PAIR)
def test_a_proxy_s_page_refuses_nothing_and_nothing_is_paid_twice(
    call: str, status: int, applied: bool, team: Team, sandbox: Sandbox
) -> None:
    rule = sandbox.fault("html", call=call, status=status, applied=applied, times=2)
    batch = drive(make_batch(team, ROWS))
    assert sandbox.admin("GET", "faults")["faults"][0]["hits"] >= 1, rule
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


@pytest.mark.parametrize("status", [200, 403])
def test_a_page_that_stays_holds_the_batch_and_says_why(status: int, team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("html", call="any", status=status, applied=False)
    batch = drive(make_batch(team, ROWS), until="held")
    assert batch.held_for == HeldFor.NETWORK
    assert batch.held_reason.startswith("A web page came back instead of xAI’s answer, probably from a proxy")
    assert "Allow 127.0.0.1 there" in batch.held_reason
    held = batch.events.filter(kind="held").latest("pk")
    assert "received a web page" in held.detail
    sandbox.mend()
    drive(batch)
    assert (batch.state, batch.succeeded, batch.held_for) == ("completed", ROWS, "")
    check_books(batch, sandbox)


def test_a_page_in_answer_to_a_cancel_is_no_refusal(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    sandbox.fault("html", call="cancel", status=400, applied=False, times=1)
    actions.cancel(batch, None)
    drive(batch)
    [remote] = sandbox.batches()
    assert (batch.state, remote["cancelled"]) == ("cancelled", ROWS)


def test_a_name_that_cannot_be_resolved_is_said_with_the_detail(
    team: Team, alice: User, sandbox: Sandbox, settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base="https://api.x.invalid/v1")
    store_key(team, "xai-a-key-0123456789", "", alice)
    batch: Batch = drive(make_batch(team, ROWS), until="held")
    assert batch.held_for == HeldFor.NETWORK
    assert batch.held_reason.startswith("The name api.x.invalid cannot be resolved. Check the network and DNS")
    assert "could not be reached" in batch.events.filter(kind="held").latest("pk").detail
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url)
    drive(batch)
    assert batch.succeeded == ROWS


def test_what_passes_by_itself_holds_nothing() -> None:
    assert not is_lasting(TimedOut(), NetworkFault.SLOW, 9)
    assert not is_lasting(ServerError(body="<html>"), NetworkFault.WEB_PAGE, 9)
    assert not is_lasting(ConnectionFailed(), NetworkFault.NAME, 1)
    assert is_lasting(ConnectionFailed(), NetworkFault.CERTIFICATE, 1)
