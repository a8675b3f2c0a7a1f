"""A batch stops at its spending cap: before rows are sent, and while they run. The rest waits for a higher cap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor
from batchsite.pricing.spend_caps import spend_cap
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from batchsite.wording import TICKS_PER_DOLLAR
from tests.live import check_live_books
from tests.pipeline import check_books, drive, half_done, make_batch, step_all, story
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = pytest.mark.django_db
ROWS = 60
LIVE_ROWS = 30
"""Each is two calls to xAI."""


def priced(team: Team, sandbox: Sandbox, rows: int = ROWS, **fields: Any) -> int:
    """What a batch of so many rows costs, found out by running one."""
    cost = drive(make_batch(team, rows, **fields)).cost_ticks
    sandbox.reset()
    return cost


@pytest.mark.databases
def test_nothing_is_sent_that_could_pass_it_and_the_rest_goes_on_below_a_higher_one(
    team: Team, sandbox: Sandbox
) -> None:
    whole = priced(team, sandbox)
    cap, each = whole * 3 // 5, whole // ROWS
    batch = make_batch(team, ROWS)
    actions.set_spend_cap(batch, cap, None)
    batch = drive(batch, until="held")
    assert (batch.held_for, batch.is_running) == (HeldFor.CAP, True), story(batch)
    assert batch.cost_ticks == sandbox.billed(), "to the tick that was billed"
    assert cap - 3 * each < batch.cost_ticks <= cap, story(batch)
    assert "cap_waits" in {event.kind for event in batch.events.all()}
    sent = len(sandbox.rows())
    step_all(batch)
    assert len(sandbox.rows()) == sent, "it waits for a person"
    actions.set_spend_cap(batch, 2 * whole, None)
    batch = drive(batch)
    assert (batch.state, batch.succeeded, batch.held_reason) == ("completed", ROWS, ""), story(batch)
    check_books(batch, sandbox)


@pytest.mark.databases
def test_what_runs_at_xai_and_would_pass_it_is_cancelled_there_and_what_is_done_is_kept(
    team: Team, sandbox: Sandbox
) -> None:
    batch = half_done(make_batch(team, ROWS), sandbox)
    answered = batch.succeeded
    actions.set_spend_cap(batch, batch.cost_ticks + 1, None)
    batch = drive(batch, until="held")
    assert batch.held_for == HeldFor.CAP, story(batch)
    assert batch.succeeded >= answered
    assert batch.cost_ticks == sandbox.billed(), "to the tick that was billed"
    assert "cap_stopped" in {event.kind for event in batch.events.all()}
    sandbox.set(rate=0)
    actions.set_spend_cap(batch, None, None)
    batch = drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)


def test_whoever_does_not_raise_it_ends_the_batch_with_what_it_has(team: Team, sandbox: Sandbox) -> None:
    batch = half_done(make_batch(team, ROWS), sandbox)
    actions.set_spend_cap(batch, batch.cost_ticks + 1, None)
    batch = drive(batch, until="held")
    actions.finish_early(batch, None)
    batch = drive(batch)
    assert (batch.state, batch.missing) == ("completed", ROWS - batch.succeeded), story(batch)
    check_books(batch, sandbox)


def test_a_cancel_while_it_stops_cancels_the_rest_too(team: Team, sandbox: Sandbox) -> None:
    batch = half_done(make_batch(team, ROWS), sandbox)
    actions.set_spend_cap(batch, batch.cost_ticks + 1, None)
    while batch.state != "cancelling":
        step_all(batch)
        batch.refresh_from_db()
    actions.cancel(batch, None)
    batch = drive(batch)
    assert (batch.state, batch.held_reason) == ("cancelled", ""), story(batch)
    check_books(batch, sandbox)


def test_rows_that_run_live_stop_at_it_too(team: Team, sandbox: Sandbox) -> None:
    live = {"runs_live": True, "model": "grok-4.7"}
    whole = priced(team, sandbox, LIVE_ROWS, **live)
    batch = make_batch(team, LIVE_ROWS, **live)
    actions.set_spend_cap(batch, whole // 2, None)
    batch = drive(batch, until="held")
    assert batch.held_for == HeldFor.CAP, story(batch)
    assert batch.cost_ticks == sum(call["cost_in_usd_ticks"] for call in sandbox.direct())
    assert whole // 3 < batch.cost_ticks <= whole // 2
    actions.set_spend_cap(batch, 2 * whole, None)
    batch = drive(batch)
    assert (batch.state, batch.succeeded) == ("completed", LIVE_ROWS), story(batch)
    assert check_live_books(batch, sandbox) == []


def test_it_warns_at_four_fifths(team: Team, sandbox: Sandbox) -> None:
    whole = priced(team, sandbox)
    batch = make_batch(team, ROWS)
    actions.set_spend_cap(batch, whole * 6 // 5, None)
    drive(batch)
    assert [event.kind for event in batch.events.all()].count("cap_near") == 1, story(batch)


# ---- the pages ------------------------------------------------------------------------------------------


def test_it_is_set_when_submitting(team: Team, alice: User, client_of: Callable[[User], Client]) -> None:
    draft = a_draft(team, alice)
    form = {"reviewed": draft_fingerprint(draft), "spend_cap": "0"}
    answer = client_of(alice).post(reverse("batch-submit", args=[draft.pk]), form)
    assert (answer.status_code, "Nothing could be sent at $0" in answer.content.decode()) == (422, True)
    client_of(alice).post(reverse("batch-submit", args=[draft.pk]), form | {"spend_cap": "0.25"})
    draft.refresh_from_db()
    assert (draft.state, draft.spend_cap_ticks) == ("queued", TICKS_PER_DOLLAR // 4)


def test_a_held_batch_offers_to_raise_it_and_takes_only_what_lets_it_go_on(
    team: Team, alice: User, sandbox: Sandbox, client_of: Callable[[User], Client]
) -> None:
    batch = half_done(make_batch(team, ROWS), sandbox)
    actions.set_spend_cap(batch, batch.cost_ticks + 1, None)
    batch = drive(batch, until="held")
    site, url = client_of(alice), reverse("batch-cap", args=[batch.pk])
    page = site.get(reverse("batch", args=[batch.pk])).content.decode()
    assert url in page
    assert reverse("batch-go-on", args=[batch.pk]) not in page, "Resume would lead nowhere"
    assert site.post(url, {"spend_cap": "0.0001"}).status_code == 422
    site.post(url, {"spend_cap": "5"})
    batch.refresh_from_db()
    assert (batch.held_reason, batch.spend_cap_ticks) == ("", 5 * TICKS_PER_DOLLAR)


def test_the_fewer_answers_the_more_a_row_may_cost(team: Team) -> None:
    batch = make_batch(team, ROWS)
    Batch.objects.filter(pk=batch.pk).update(
        estimate={"rows": 60, "kept": 10, "paid": 100, "copies": 0, "likely": 600, "high": 1100}
    )
    batch.refresh_from_db()
    cap = spend_cap(batch, 205)
    assert (cap.likely, cap.highest, cap.fits) == (10, 20, 8)
    assert cap.most_for(8) <= 205 < cap.most_for(9)
    batch.submissions.update(cost_ticks=100, succeeded=4, total=10, planned=True)
    assert spend_cap(batch, 205).highest == 38, "25 on average, and half of it again"
    batch.submissions.update(cost_ticks=2500, succeeded=100)
    batch.dearest_ticks = 40
    cap = spend_cap(batch, 205)
    assert (cap.highest, cap.spread) == (28, 15), "the average and a tenth; the last row counts as the dearest"
