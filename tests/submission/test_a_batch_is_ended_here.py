"""A key that is gone for good: a person ends the batch here, and knows what that may cost; nothing is asked or sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.submission import actions, provider_teams
from batchsite.teams.models import Team, User
from tests.pipeline import drive, make_batch, step_all, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ROWS = 8


@pytest.fixture
def key_is_lost(sandbox: Sandbox, settings: Any) -> Callable[[str], None]:
    """Sets the key of this installation; an empty one is none."""
    provider_teams._teams.clear()
    use = {"xai_api_base": sandbox.url, "chunk_rows": 3, "page_rows": 5}
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key="xai-a-key-1111111111", **use)

    def lose(key: str) -> None:
        settings.OPTIONS = replace(settings.OPTIONS, xai_api_key=key)

    return lose


@pytest.fixture(params=["", "sk-no-key-of-xai-3333333"], ids=["no key", "a key that is refused"])
def held(request: pytest.FixtureRequest, team: Team, sandbox: Sandbox, key_is_lost: Callable[[str], None]) -> Batch:
    sandbox.set(rate=1 / 60)
    running = drive(make_batch(team, ROWS), until="processing")
    key_is_lost(request.param)
    return drive(running, until="held")


def test_a_cancel_waits_for_the_key_and_the_page_says_how_it_can_end(
    held: Batch, alice: User, client_of: Browser
) -> None:
    site, address = client_of(alice), reverse("batch", args=[held.pk])
    assert held.held_for == HeldFor.KEY
    assert "End it here…" in site.get(address).content.decode()
    actions.cancel(held, None)
    for _ in range(20):
        step_all(held)
    page = site.get(address).content.decode()
    assert "ends as soon as xAI can be asked about it" in page
    assert "Finish early…" not in page.split('id="batch-notices"')[1].split("</section>")[0]
    asked = site.get(reverse("batch-end-here", args=[held.pk])).content.decode()
    assert f"Of these, {ROWS} may have been sent" in " ".join(asked.split())

    site.post(reverse("batch-end-here", args=[held.pk]))
    drive(held)
    held.refresh_from_db()
    assert (held.is_running, held.missing, held.held_reason) == (False, ROWS, ""), story(held)
    assert "was not cancelled there" in held.results.all()[0].error
    retry = " ".join(site.get(reverse("batch-retry", args=[held.pk])).content.decode().split())
    assert "retrying them pays for them again" in retry


def test_what_was_never_sent_is_said_to_cost_nothing(
    team: Team, sandbox: Sandbox, key_is_lost: Callable[[str], None]
) -> None:
    batch = make_batch(team, ROWS)
    key_is_lost("")
    drive(batch, until="held")
    actions.end_here(batch, None)
    drive(batch)
    assert (batch.is_running, batch.missing) == (False, ROWS), story(batch)
    assert {result.error for result in batch.results.all()} == {
        "Ended here before it was sent to xAI. It cost nothing."
    }
    assert sandbox.batches() == []


def test_nothing_is_asked_or_sent_after_it(held: Batch, sandbox: Sandbox, key_is_lost: Callable[[str], None]) -> None:
    actions.end_here(held, None)
    drive(held)
    key_is_lost("xai-a-key-1111111111")
    before = len(sandbox.batches())
    for _ in range(10):
        step_all(held)
    assert len(sandbox.batches()) == before


def test_a_batch_that_can_be_asked_about_is_not_ended_here(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    with pytest.raises(actions.NotNow, match="Cancel it instead"):
        actions.end_here(batch, None)
