"""A key of another xAI team: it cannot see what was made, and its 404 says nothing about that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from batchsite.submission import actions, provider_teams
from batchsite.submission.provider_calls import hold_words
from batchsite.teams.accounts import Account, AccountKind
from batchsite.teams.models import Team, User
from batchsite.teams.team_keys import store_key
from batchsite.xai.errors import KeyRejected
from tests.pipeline import check_books, drive, make_batch, step_all, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
ROWS = 12
OURS, THEIRS = "xai-team-a-key-1111111111", "xai-team-b-key-2222222222"


@pytest.fixture(autouse=True)
def _nobody_was_asked() -> None:
    provider_teams._teams.clear()


@pytest.fixture(params=["environment", "team"])
def set_key(request: pytest.FixtureRequest, team: Team, alice: User, sandbox: Sandbox, settings: Any) -> Any:
    """Sets the key that pays: the installation's, or the team's own."""

    def set_to(key: str) -> None:
        own = {"xai_api_base": sandbox.url, "chunk_rows": 5, "page_rows": 7}
        if request.param == "environment":
            settings.OPTIONS = replace(settings.OPTIONS, xai_api_key=key, **own)
        else:
            settings.OPTIONS = replace(settings.OPTIONS, **own)
            store_key(team, key, "", alice)

    return set_to


def test_a_batch_waits_for_a_key_of_its_own_team_and_then_goes_on(team: Team, sandbox: Sandbox, set_key: Any) -> None:
    set_key(OURS)
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    assert batch.submissions.get().provider_team
    set_key(THEIRS)
    drive(batch, until="held")
    assert "another xAI team" in batch.held_reason
    assert batch.submissions.get().provider_team in batch.held_reason
    for _ in range(20):
        step_all(batch)
    batch.refresh_from_db()
    assert (batch.is_running, batch.missing) == (True, 0), story(batch)
    set_key(OURS)
    sandbox.set(rate=0)
    sandbox.complete()
    drive(batch)
    assert batch.succeeded == ROWS
    check_books(batch, sandbox)


def test_a_create_with_a_lost_reply_is_not_looked_for_in_another_team(
    team: Team, sandbox: Sandbox, set_key: Any
) -> None:
    set_key(OURS)
    sandbox.fault("lost_reply", call="create", applied=True, times=1)
    batch = make_batch(team, ROWS)
    while not batch.submissions.filter(create_tried_at__isnull=False).exists():
        step_all(batch)
    set_key(THEIRS)
    drive(batch, until="held")
    assert "another xAI team" in batch.held_reason
    set_key(OURS)
    drive(batch)
    assert len(sandbox.batches()) == 1
    check_books(batch, sandbox)


def test_a_404_under_a_key_whose_team_nobody_knows_is_not_the_end(team: Team, sandbox: Sandbox, set_key: Any) -> None:
    set_key(OURS)
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    batch.submissions.update(provider_team="")  # as an earlier version left it
    set_key(THEIRS)
    drive(batch, until="held")
    assert "doesn’t say whether the key belongs to the xAI team" in batch.held_reason
    for _ in range(40):
        step_all(batch)
    batch.refresh_from_db()
    assert (batch.is_running, batch.missing) == (True, 0)


def test_what_nobody_can_tell_anything_of_can_be_ended(team: Team, sandbox: Sandbox, set_key: Any) -> None:
    """It vanished before xAI had said to which team the key belongs, and no other key will ever see it."""
    set_key(OURS)
    sandbox.fault("status", call="key", status=503)
    sandbox.fault("vanish", call="add", times=1)
    batch = drive(make_batch(team, ROWS), until="held")
    assert "doesn’t say whether the key belongs to the xAI team" in batch.held_reason
    actions.cancel(batch, None)
    drive(batch)
    assert (batch.is_running, batch.missing) == (False, ROWS)
    assert "before it was sent" in batch.results.all()[0].error  # its add was refused


def test_the_team_of_what_is_found_again_is_that_of_the_key_that_found_it(
    team: Team, sandbox: Sandbox, set_key: Any
) -> None:
    """A restored database does not know who made it; when it vanishes afterwards, its 404 must count."""
    set_key(OURS)
    batch = make_batch(team, ROWS)
    lost = sandbox.fault("lost_reply", call="create", applied=True, times=1)
    while not sandbox.hits():
        step_all(batch)
    sandbox.admin("DELETE", f"faults/{lost}")
    batch.submissions.update(provider_team="", create_tried_at=None)
    type(batch).objects.filter(pk=batch.pk).update(restored_at=timezone.now())
    sandbox.fault("vanish", call="add", times=1)
    drive(batch)
    assert (batch.is_running, batch.succeeded) == (False, 0), story(batch)
    assert batch.submissions.get().provider_team


def test_what_has_vanished_from_its_own_team_is_given_up(team: Team, sandbox: Sandbox, set_key: Any) -> None:
    set_key(OURS)
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    sandbox.fault("vanish")
    drive(batch)
    assert (batch.state, batch.missing) == ("failed", ROWS)


def test_a_person_can_end_what_no_key_can_see(team: Team, sandbox: Sandbox, set_key: Any) -> None:
    set_key(OURS)
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    set_key(THEIRS)
    drive(batch, until="held")
    actions.cancel(batch, None)
    drive(batch)
    assert (batch.missing, batch.cancelled, batch.is_running) == (ROWS, 0, False)
    assert "was not cancelled there" in batch.results.all()[0].error


def test_the_words_for_a_refused_key_say_which_key_helps() -> None:
    error = KeyRejected("Incorrect API key provided", status=400)
    installation = hold_words(error, Account(AccountKind.ENVIRONMENT, "https://x", "k"))
    own = hold_words(error, Account(AccountKind.TEAM, "https://x", "k", 1, "Production"))
    assert "XAI_API_KEY" in installation
    assert "move this batch to it" in installation
    assert "xAI refuses the key “Production”. Replace it on the Team page" in own
