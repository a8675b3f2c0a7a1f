"""No credits, a key that is refused: the batch is held with the reason, no row fails, and it goes on when mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.submission import actions
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.team_keys import remove_key, store_key
from tests.pipeline import check_books, drive, make_batch, step_all, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 24

REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "429 without credits": ({"what": "no_credits", "form": "429"}, "credits"),
    "403 without credits": ({"what": "no_credits", "form": "403"}, "credits"),
    "403, never funded": ({"what": "no_credits", "form": "new_team"}, "credits"),
    "403, spending limit": ({"what": "no_credits", "form": "spending"}, "credits"),
    "key revoked": ({"what": "key_revoked"}, "key"),
    "key blocked": ({"what": "key_blocked"}, "key"),
}


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7)


@pytest.mark.parametrize(
    ("call", "refusal"),
    [("add", refusal) for refusal in REFUSALS]
    + [(call, refusal) for call in ("create", "get", "results") for refusal in ("403 without credits", "key revoked")],
)
def test_the_batch_is_held_and_goes_on_by_itself(call: str, refusal: str, team: Team, sandbox: Sandbox) -> None:
    """Each refusal of one call, and each kind of hold at the others."""
    fault, word = REFUSALS[refusal]
    rule = sandbox.fault(**fault, call=call)
    batch = drive(make_batch(team, ROWS), until="held")
    assert word in batch.held_reason
    assert batch.is_running
    assert batch.failed == 0
    sandbox.admin("DELETE", f"faults/{rule}")
    drive(batch)
    assert (batch.state, batch.succeeded, batch.held_reason) == ("completed", ROWS, "")
    assert any(line.startswith("resumed: Resumed automatically") for line in story(batch)), story(batch)
    check_books(batch, sandbox)


def test_a_held_batch_is_asked_ever_less_often(team: Team, sandbox: Sandbox, settings: Any) -> None:
    """After a minute, two, four, and then every five: 14 times within an hour."""
    settings.TIMEOUTS = settings.TIMEOUTS.__class__(call=1, call_retries=0, first_look=0, held_probe=60, longest=300)
    sandbox.fault("no_credits")
    batch, begin = make_batch(team, ROWS), timezone.now()
    while timezone.now() < begin + timedelta(hours=1):
        step_all(batch)
    assert 12 <= sandbox.hits() <= 16


def test_a_fault_that_never_strikes_is_named(sandbox: Sandbox) -> None:
    """So no test passes that meant to try something else; each is looked at by itself."""
    sandbox.fault("no_credits", call="create", batch="nobody")
    with pytest.raises(AssertionError, match=r"never struck: .*no_credits"):
        sandbox.check_faults()
    sandbox.fault("no_credits", call="create", batch="nobody", surely=False)
    sandbox.check_faults()


def test_one_click_goes_on_at_once(team: Team, alice: User, sandbox: Sandbox, settings: Any) -> None:
    settings.TIMEOUTS = settings.TIMEOUTS.__class__(call=1, call_retries=0, first_look=0, poll=0.02, held_probe=60)
    sandbox.fault("no_credits", call="add")
    batch = drive(make_batch(team, ROWS), until="held")
    sandbox.mend()
    actions.go_on(batch, alice)
    drive(batch)
    assert batch.succeeded == ROWS
    assert any(line == "resumed: Resumed" for line in story(batch))
    check_books(batch, sandbox)


def test_a_key_taken_away_in_the_middle_holds_and_a_new_one_goes_on(
    team: Team, alice: User, sandbox: Sandbox, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.TIMEOUTS = settings.TIMEOUTS.__class__(call=1, call_retries=0, first_look=0, poll=0.02, held_probe=60)
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7, xai_api_base=sandbox.url)
    store_key(team, "sandbox-team-key", "", alice)
    sandbox.set(rate=20)
    batch = drive(make_batch(team, ROWS), until="processing")
    assert batch.account == "team"
    remove_key(ProviderKey.objects.get(team=team))
    drive(batch, until="held")
    assert "removed" in batch.held_reason
    with django_capture_on_commit_callbacks(execute=True):
        store_key(team, "sandbox-team-key", "", alice)
    drive(batch)
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)


def test_a_secret_key_that_changed_holds_instead_of_failing(
    team: Team, alice: User, sandbox: Sandbox, settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=5, page_rows=7, xai_api_base=sandbox.url)
    store_key(team, "sandbox-team-key", "", alice)
    batch: Batch = make_batch(team, ROWS)
    with override_settings(SECRET_KEY="another"):
        drive(batch, until="held")
    assert "SECRET_KEY" in batch.held_reason
    drive(batch)
    assert batch.succeeded == ROWS
