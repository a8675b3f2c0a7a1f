"""A team's budget for a month: what exceeds it is refused in words, what is not sent yet waits, what runs goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.asks import ask_start
from batchsite.asks.models import Ask
from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.pricing.budgets import budget_of, budgets_of
from batchsite.pricing.prompt_lengths import measure
from batchsite.pricing.single_prompts import likely_cost
from batchsite.pricing.spend import Payer, spent
from batchsite.results.batch_status import status_of
from batchsite.submission import actions
from batchsite.submission.steps import advance
from batchsite.teams.models import Team, User
from batchsite.teams.people import set_budget
from batchsite.teams.team_keys import remove_key, store_key
from batchsite.trials import trial_start
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox
from tests.submission.stories import a_dataset, a_draft, a_running_batch

Browser = Callable[[User], Client]
DOLLAR = 10_000_000_000


@pytest.fixture(autouse=True)
def _paid(request: pytest.FixtureRequest, team: Team, alice: User, settings: Any) -> None:
    """The team pays with a key of its own: the sandbox's money has no budget. The sandbox stands in for xAI."""
    store_key(team, "xai-key-of-the-team-1234", "", alice)
    if "sandbox" in request.fixturenames:
        running: Sandbox = request.getfixturevalue("sandbox")
        settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=running.url)


def spend(team: Team, ticks: int, account: str = "team") -> None:
    spent(Payer(team.pk, account, "grok-4.3", None), ticks=ticks)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# ---- the Team page ------------------------------------------------------------------------------------


def test_an_owner_sets_it_in_dollars(team: Team, alice: User, client_of: Browser) -> None:
    spend(team, DOLLAR // 2)
    site = client_of(alice)
    assert "No budget" in text_of(site.get(reverse("team")))
    page = text_of(site.post(reverse("team-budget"), {"budget": "12.50"}, follow=True))
    team.refresh_from_db()
    assert team.budget_ticks == 125_000_000_000
    assert "$0.5000</span></b> of $12.50 spent" in page
    assert f"spent in <span>{timezone.now():%B}." in page
    assert 'value="12.50"' in page
    site.post(reverse("team-budget"), {"budget": ""})
    team.refresh_from_db()
    assert team.budget_ticks is None


@pytest.mark.parametrize("typed", ["-1", "x", "1e99", "NaN", "99999999999"])
def test_what_is_no_amount_is_said_at_the_field(team: Team, alice: User, client_of: Browser, typed: str) -> None:
    answer = client_of(alice).post(reverse("team-budget"), {"budget": typed})
    assert answer.status_code == 422
    assert "Enter an amount in dollars" in text_of(answer)
    team.refresh_from_db()
    assert team.budget_ticks is None


def test_a_member_sees_it_and_cannot_set_it(team: Team, alice: User, bob: User, client_of: Browser) -> None:
    set_budget(team, DOLLAR)
    site = client_of(bob)
    page = text_of(site.get(reverse("team")))
    assert "of $1.00 spent" in page
    assert reverse("team-budget") not in page
    assert site.post(reverse("team-budget"), {"budget": "9"}).status_code == 403


# ---- before a batch is sent -------------------------------------------------------------------------------


@pytest.mark.databases
def test_what_would_exceed_it_is_refused_with_what_to_do(team: Team, alice: User, client_of: Browser) -> None:
    draft = a_draft(team, alice, a_dataset(team, 2_000))
    set_budget(team, DOLLAR)
    spend(team, DOLLAR * 9 // 10)
    price = draft_store.estimate_of(draft)
    words = draft_store.problems_with_price(draft, price)[""][0]
    assert "$0.1000 is left of the team’s budget of $1.00" in words
    assert "An admin or owner can raise it on the Team page, or choose fewer rows" in words
    with pytest.raises(actions.NotNow, match="is left of the team"):
        actions.start(draft, alice, price)
    draft.refresh_from_db()
    assert draft.state == "draft"
    draft_store.save(draft, {"row_limit": 10})
    price = draft_store.estimate_of(draft)
    assert draft_store.problems_with_price(draft, price) == {}
    actions.start(draft, alice, price)


def test_the_page_of_the_draft_says_it(team: Team, alice: User, client_of: Browser) -> None:
    draft = a_draft(team, alice, a_dataset(team, 2_000))
    set_budget(team, 1000)
    assert "is left of the team’s budget" in text_of(client_of(alice).get(reverse("batch-edit", args=[draft.pk])))


@pytest.mark.databases
def test_what_running_batches_will_cost_is_promised(team: Team, alice: User) -> None:
    running = a_running_batch(team, alice, rows=20)
    set_budget(team, DOLLAR)
    found = budget_of(team)
    assert found is not None
    assert running.estimate is not None
    assert found.promised == running.estimate["likely"]
    assert found.left == DOLLAR - found.promised


@pytest.mark.databases
def test_what_is_asked_or_tried_is_promised_until_it_is_billed(team: Team, alice: User, bob: User) -> None:
    """Whoever presses many buttons at once would have each of them fit into what is left."""
    cost = likely_cost(team, "grok-4.3", len("Why?"))
    assert cost
    set_budget(team, 3 * cost)
    asked = ask_start.press(team, alice, model="grok-4.3", prompt="Why?")
    trial = trial_start.press(a_draft(team, bob), bob, [1])
    budgets = budgets_of(team, alice)
    assert cost < budgets[0].promised <= 3 * cost
    with pytest.raises(ask_start.AskRefused, match="is reserved for running batches"):
        ask_start.press(team, alice, model="grok-4.3", prompt="Why not? " * 200)
    trial_start.stop(trial)
    Ask.objects.filter(pk=asked.pk).update(ended_at=timezone.now())
    assert budgets_of(team, None)[0].promised == 0


@pytest.mark.databases
def test_simulated_money_does_not_count(team: Team) -> None:
    set_budget(team, DOLLAR)
    spend(team, 5 * DOLLAR, account="sandbox")
    found = budget_of(team)
    assert found is not None
    assert (found.spent, found.is_reached) == (0, False)


@pytest.mark.databases
def test_a_sandbox_batch_is_neither_refused_nor_held(team: Team, alice: User, sandbox: Sandbox) -> None:
    set_budget(team, 0)
    spend(team, DOLLAR)
    remove_key(team.provider_keys.get())
    draft = a_draft(team, alice)
    assert draft_store.problems_with_price(draft, draft_store.estimate_of(draft)) == {}
    batch = drive(make_batch(team))
    assert (batch.account, batch.state, batch.held_reason) == ("sandbox", "completed", "")
    assert "budget" not in [notice.kind for notice in status_of(batch).notices]


def test_without_a_budget_nothing_is_refused(team: Team, alice: User) -> None:
    spend(team, 1000 * DOLLAR)
    draft = a_draft(team, alice)
    assert draft_store.problems_with_price(draft, draft_store.estimate_of(draft)) == {}


# ---- when it is reached -----------------------------------------------------------------------------------


@pytest.mark.databases
def test_a_batch_that_is_not_sent_yet_waits_and_goes_on_when_it_is_raised(team: Team, sandbox: Sandbox) -> None:
    batch = make_batch(team)
    set_budget(team, DOLLAR)
    spend(team, DOLLAR)
    batch = drive(batch, until="held")
    assert batch.held_reason.startswith("budget reached: $1.0000 of $1.00 spent")
    assert sandbox.batches() == []
    set_budget(team, 2 * DOLLAR)
    batch = drive(batch)
    assert batch.state == "completed"
    assert "resumed: Resumed automatically" in story(batch)
    check_books(batch, sandbox)


@pytest.mark.databases
def test_a_new_budget_wakes_what_is_held_at_once(
    team: Team, sandbox: Sandbox, django_capture_on_commit_callbacks: Any
) -> None:
    batch = make_batch(team)
    set_budget(team, 0)
    drive(batch, until="held")
    batch.submissions.update(next_look_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        set_budget(team, None)
    assert batch.submissions.filter(next_look_at__lte=timezone.now()).exists()


@pytest.mark.databases
def test_a_held_batch_can_be_cancelled(team: Team, sandbox: Sandbox) -> None:
    batch = make_batch(team)
    set_budget(team, 0)
    drive(batch, until="held")
    actions.cancel(batch, None)
    batch.submissions.update(next_look_at=timezone.now())
    assert drive(batch).state == "cancelled"


def test_a_batch_on_its_way_goes_on_and_says_so(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(rate=1 / 60)
    batch = drive(make_batch(team), until="processing")
    set_budget(team, 0)
    batch = Batch.objects.get(pk=batch.pk)
    assert "budget" in [notice.kind for notice in status_of(batch).notices]
    sandbox.set(rate=0)
    sandbox.complete()
    assert drive(batch).state == "completed"


def test_rows_that_are_tried_again_are_something_new(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", ids=["tickets-row-3"], batches=1)
    batch = drive(make_batch(team))
    set_budget(team, 0)
    again = actions.retry(batch, None)
    advance(again.pk)
    advance(again.pk)
    batch.refresh_from_db()
    assert "budget reached" in batch.held_reason


# ---- submitting -------------------------------------------------------------------------------------------


@pytest.mark.databases
def test_one_submit_prices_the_draft_once_and_outside_every_lock(
    team: Team, alice: User, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = a_draft(team, alice)
    set_budget(team, DOLLAR)
    locked: list[bool] = []
    before = len(connection.savepoint_ids)

    def counting(batch: Batch, recipe: Any) -> Any:
        locked.append(len(connection.savepoint_ids) > before)
        return measure(batch, recipe)

    monkeypatch.setattr("batchsite.pricing.estimate.measure", counting)
    _submit(client_of(alice), draft)
    draft.refresh_from_db()
    assert draft.state == "queued"
    assert locked == [False]


def test_a_refusal_for_the_budget_is_said_on_the_page(team: Team, alice: User, client_of: Browser) -> None:
    draft = a_draft(team, alice)
    set_budget(team, 1000)
    page = text_of(_submit(client_of(alice), draft))
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert 'role="alert"' in page or "message" in page
    assert page.count("is left of the team’s budget") > text_of(
        client_of(alice).get(reverse("batch-edit", args=[draft.pk]))
    ).count("is left of the team’s budget")


def test_a_draft_that_was_changed_since_it_was_priced_is_not_sent(team: Team, alice: User) -> None:
    draft = a_draft(team, alice)
    price = draft_store.estimate_of(draft)
    draft_store.save(Batch.objects.get(pk=draft.pk), {"prompt": "Something else: {{text}}"})
    with pytest.raises(actions.NotNow, match="has changed since"):
        actions.start(draft, alice, price)


def _submit(site: Client, draft: Batch) -> Any:
    url = reverse("batch-submit", args=[draft.pk])
    return site.post(url, {"reviewed": draft_fingerprint(draft)}, follow=True)
