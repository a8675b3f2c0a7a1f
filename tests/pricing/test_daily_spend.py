"""What was spent on a day, by model and person, moves with what was billed and with nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from batchsite.batches.models import DailySpend
from batchsite.pricing.spend import Payer, spent, spent_this_month
from batchsite.teams.models import Team, User
from tests.pipeline import drive, make_batch
from tests.sandboxes import Sandbox
from tests.submission.stories import a_running_batch, failure, receive

pytestmark = pytest.mark.databases


def test_a_batch_moves_the_day_with_its_own_sums(team: Team, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, rows=30))
    day = DailySpend.objects.get()
    assert (day.team, day.account, day.model, day.user, day.day) == (
        team,
        "sandbox",
        "grok-4.3",
        None,
        timezone.now().date(),
    )
    assert (day.ticks, day.rows, day.tries) == (batch.cost_ticks, 30, 0)
    assert (day.prompt_tokens, day.completion_tokens, day.reasoning_tokens) == (
        batch.prompt_tokens,
        batch.completion_tokens,
        batch.reasoning_tokens,
    )
    assert day.ticks == sandbox.billed()


def test_people_and_models_have_sums_of_their_own(team: Team, alice: User, bob: User) -> None:
    receive(a_running_batch(team, alice, rows=4), {1: "Yes", 2: failure("Overloaded")})
    receive(a_running_batch(team, bob, rows=4), {1: "Yes", 2: "No", 3: "No"})
    assert set(DailySpend.objects.values_list("user__name", "rows")) == {("Alice", 2), ("Bob", 3)}


def test_a_page_that_comes_twice_is_counted_once(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice, rows=4)
    receive(batch, {1: "Yes", 2: "No"})
    receive(batch, {1: "Yes", 2: "No", 3: "No"})
    day = DailySpend.objects.get()
    assert (day.rows, day.ticks) == (3, batch.cost_ticks)


def test_a_month_sums_its_own_days_and_real_money(team: Team) -> None:
    spent(Payer(team.pk, "team", "grok-4.3", None), ticks=5)
    spent(Payer(team.pk, "environment", "grok-4.5", None), ticks=2)
    spent(Payer(team.pk, "sandbox", "grok-4.3", None), ticks=100)
    before = timezone.now().date().replace(day=1) - timedelta(days=1)
    DailySpend.objects.create(team=team, day=before, account="team", model="grok-4.3", ticks=1000)
    assert spent_this_month(team) == 7
