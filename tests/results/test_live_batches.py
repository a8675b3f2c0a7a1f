"""The page of a batch that runs live: what it offers, and what it says of money without an answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.pipeline import drive, make_batch, step_all
from tests.sandboxes import Sandbox
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.django_db


def text_of(site: Client, name: str, pk: int) -> str:
    return " ".join(site.get(reverse(name, args=[pk])).content.decode().split())


def test_failed_rows_of_a_batch_are_offered_live_at_their_price(team: Team, alice: User, client_of: Any) -> None:
    batch, site = an_ended_batch(team, alice, failed=2), client_of(alice)
    assert "Run them live: 2 rows in about a minute, about $" in text_of(site, "batch-retry", batch.pk)
    site.post(reverse("batch-retry", args=[batch.pk]), {"causes": ["content policy"], "live": "on"})
    assert batch.submissions.order_by("-number")[0].is_live


def test_rows_whose_replies_were_lost_are_said_with_their_cost(
    team: Team, alice: User, client_of: Any, sandbox: Sandbox
) -> None:
    sandbox.fault("lost_reply", call="chat", after=1, times=2, applied=True)
    batch = drive(make_batch(team, 6, runs_live=True))
    page = text_of(client_of(alice), "batch", batch.pk)
    assert "2 rows may have been billed for about $" in page
    assert "a retry may pay for them twice" in page


def test_a_batch_whose_replies_keep_getting_lost_can_go_on(
    team: Team, alice: User, client_of: Any, sandbox: Sandbox
) -> None:
    sandbox.fault("lost_reply", call="chat", applied=True)
    batch, site = drive(make_batch(team, 6, runs_live=True), until="held"), client_of(alice)
    while not batch.held_reason or batch.missing < 3:
        step_all(batch)
        batch.refresh_from_db()
    page = text_of(site, "batch", batch.pk)
    assert "Answers to rows already sent are still read." in page
    assert 'id="held-go-on"' in page
    sandbox.mend()
    site.post(reverse("batch-go-on", args=[batch.pk]))
    assert drive(batch).succeeded == 3


def test_a_cancel_says_that_running_rows_are_waited_for(
    team: Team, alice: User, client_of: Any, sandbox: Sandbox
) -> None:
    sandbox.set(deferred_delay=1000)
    batch = drive(make_batch(team, 3, runs_live=True), until="processing")
    actions.cancel(batch, alice)
    assert "can’t be called back" in text_of(client_of(alice), "batch", batch.pk)
