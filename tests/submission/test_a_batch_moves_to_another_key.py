"""The key of a batch is refused: the batch moves to another key of the xAI team that made it, and to no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import HeldFor
from batchsite.submission import provider_teams
from batchsite.teams.accounts import AccountKind
from batchsite.teams.models import Team, User
from batchsite.teams.team_keys import store_key
from tests.factories import make_member, make_team
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ROWS = 8
FIRST, SECOND, REFUSED = "xai-first-key-1111111111", "xai-second-key-222222222", "sk-no-key-of-xai-3333333"


@pytest.fixture
def batch(team: Team, sandbox: Sandbox, settings: Any) -> Batch:
    """Runs with the key of this installation, which xAI then refuses."""
    provider_teams._teams.clear()
    use = {"xai_api_base": sandbox.url, "chunk_rows": 3, "page_rows": 5}
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key=FIRST, **use)
    sandbox.set(rate=1 / 60)
    running = drive(make_batch(team, ROWS), until="processing")
    assert running.account == AccountKind.ENVIRONMENT
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key=REFUSED)
    return drive(running, until="held")


def made_by(batch: Batch) -> str:
    return Submission.objects.get(batch=batch).provider_team


def go_to_the_end(batch: Batch, sandbox: Sandbox) -> None:
    sandbox.set(rate=0)
    sandbox.complete()
    drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


def test_the_page_says_what_helps_and_offers_only_what_there_is(
    batch: Batch, team: Team, alice: User, client_of: Browser
) -> None:
    site, address = client_of(alice), reverse("batch", args=[batch.pk])
    assert batch.held_for == HeldFor.KEY
    page = site.get(address).content.decode()
    assert "set a working key of the same xAI team on the Team page, and then move this batch to it" in page
    assert "Move to another key" not in page
    store_key(team, SECOND, "", alice)
    assert "Move to another key" in site.get(address).content.decode()


def test_it_goes_on_with_a_key_of_the_same_xai_team(
    batch: Batch, team: Team, alice: User, client_of: Browser, sandbox: Sandbox
) -> None:
    sandbox.admin("POST", "keys", {"key": SECOND, "team": made_by(batch)})
    store_key(team, SECOND, made_by(batch), alice)
    site, address = client_of(alice), reverse("batch-key", args=[batch.pk])
    assert "the key “Team key”" in site.get(address).content.decode()
    site.post(address)
    batch.refresh_from_db()
    assert (batch.account, batch.held_reason, batch.held_for) == (AccountKind.TEAM, "", "")
    assert "key: Moved to the key “Team key”" in story(batch)
    go_to_the_end(batch, sandbox)


def test_a_key_of_another_xai_team_is_refused_with_a_sentence(
    batch: Batch, team: Team, alice: User, client_of: Browser
) -> None:
    store_key(team, SECOND, "", alice)
    reply = client_of(alice).post(reverse("batch-key", args=[batch.pk]), follow=True)
    assert f"This batch was made by the team {made_by(batch)}" in reply.content.decode()
    batch.refresh_from_db()
    assert (batch.account, bool(batch.held_reason)) == (AccountKind.ENVIRONMENT, True)


def test_a_key_that_xai_refuses_is_no_help(batch: Batch, team: Team, alice: User, client_of: Browser) -> None:
    store_key(team, REFUSED, "", alice)
    reply = client_of(alice).post(reverse("batch-key", args=[batch.pk]), follow=True)
    assert "The other key doesn’t work either. xAI does not accept this key." in reply.content.decode()
    batch.refresh_from_db()
    assert batch.account == AccountKind.ENVIRONMENT


def test_where_xai_never_said_who_made_it_nothing_moves(
    batch: Batch, team: Team, alice: User, client_of: Browser
) -> None:
    Submission.objects.update(provider_team="")
    store_key(team, SECOND, "", alice)
    reply = client_of(alice).post(reverse("batch-key", args=[batch.pk]), follow=True)
    assert "xAI never said which of its teams made this batch" in reply.content.decode()


def test_from_a_team_s_key_to_that_of_the_installation(
    team: Team, alice: User, client_of: Browser, sandbox: Sandbox, settings: Any
) -> None:
    provider_teams._teams.clear()
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_key=SECOND, xai_api_base=sandbox.url, chunk_rows=3)
    store_key(team, FIRST, "", alice)
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team, ROWS), until="processing")
    sandbox.admin("POST", "keys", {"key": SECOND, "team": made_by(batch)})
    store_key(team, REFUSED, "", alice)
    drive(batch, until="held")
    client_of(alice).post(reverse("batch-key", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.account == AccountKind.ENVIRONMENT
    go_to_the_end(batch, sandbox)


def test_another_team_s_batch_cannot_be_moved(batch: Batch, client_of: Browser) -> None:
    stranger = make_member(make_team())
    assert client_of(stranger).post(reverse("batch-key", args=[batch.pk])).status_code == 404
