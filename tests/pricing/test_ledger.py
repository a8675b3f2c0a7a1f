"""The ledger: every tick by batch, model, person, key and day, equal to the sum of results; and personal budgets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch, DailySpend, Result
from batchsite.drafts import draft_store
from batchsite.pricing.budgets import newly_near
from batchsite.pricing.spend import Payer, spent
from batchsite.submission import actions
from batchsite.teams.models import Membership, Team, User
from batchsite.teams.people import set_budget, set_personal_budget
from batchsite.teams.team_keys import store_key
from tests.pipeline import drive, make_batch, step_all
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft, a_running_batch

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]
DOLLAR = 10_000_000_000


@pytest.mark.databases
def test_its_lines_are_equal_to_the_sum_of_results_and_to_what_xai_billed(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("fail_rows", ids=["tickets-row-2"], batches=1, text="Internal server error")
    batches = [drive(make_batch(team, rows)) for rows in (30, 12)]
    actions.retry(batches[0], None)
    drive(batches[0])
    for batch in batches:
        ledger = DailySpend.objects.filter(batch=batch).aggregate(sum=Sum("ticks"))["sum"]
        assert ledger == sum(Result.objects.filter(batch=batch).values_list("cost_ticks", flat=True))
    assert sum(DailySpend.objects.values_list("ticks", flat=True)) == sandbox.billed()


def test_it_is_taken_away_as_csv_and_excel(team: Team, alice: User, sandbox: Sandbox, client_of: Browser) -> None:
    batch = make_batch(team, 5)
    Batch.objects.filter(pk=batch.pk).update(started_by=alice, name="=1+1")
    batch = drive(batch)
    site, month = client_of(alice), f"?month={timezone.now():%Y-%m}"
    answer: Any = site.get(reverse("ledger-file", args=["csv"]) + month)
    [line] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    assert (line["batch"], line["person"], line["model"]) == ("'=1+1", str(alice), "grok-4.3"), "no formula runs"
    assert (int(line["ticks"]), line["key"], line["simulated"]) == (batch.cost_ticks, "Sandbox", "yes")
    book: Any = site.get(reverse("ledger-file", args=["xlsx"]))
    head, row = openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).active.values
    assert dict(zip(head, row, strict=True))["ticks"] == batch.cost_ticks
    page = site.get(reverse("ledger"), {"by": "person"}).content.decode()
    assert str(alice) in page
    assert site.get(reverse("ledger"), {"month": "never"}).status_code == 404


def test_it_outlives_the_batch(team: Team, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, 3))
    batch.delete()
    assert DailySpend.objects.get().about == "tickets"


# ---- what a person may spend ------------------------------------------------------------------------------


@pytest.fixture
def _paid(team: Team, alice: User) -> None:
    store_key(team, "xai-key-of-the-team-1234", "", alice)


def spend(team: Team, person: User, ticks: int) -> None:
    spent(Payer(team.pk, "team", "grok-4.3", person.pk), ticks=ticks)


@pytest.mark.usefixtures("_paid")
def test_a_person_who_used_up_theirs_is_refused_and_others_are_not(team: Team, alice: User, bob: User) -> None:
    set_budget(team, 10 * DOLLAR)
    set_personal_budget(Membership.objects.get(user=bob), DOLLAR)
    spend(team, bob, DOLLAR)
    draft = a_draft(team, bob)
    price = draft_store.estimate_of(draft)
    [words] = draft_store.problems_with_price(draft, price, bob)[""]
    assert "is left of Bob’s budget" in words
    with pytest.raises(actions.NotNow, match="Bob’s budget"):
        actions.start(draft, bob, price)
    assert draft_store.problems_with_price(draft, price, alice) == {}


@pytest.mark.usefixtures("_paid")
def test_what_is_not_sent_yet_waits_for_a_higher_one(team: Team, bob: User, sandbox: Sandbox) -> None:
    batch = make_batch(team, 5)
    Batch.objects.filter(pk=batch.pk).update(started_by=bob, account="team")
    set_personal_budget(Membership.objects.get(user=bob), DOLLAR)
    spend(team, bob, DOLLAR)
    for _ in range(3):
        step_all(batch)
    batch.refresh_from_db()
    assert batch.held_for == "budget"
    assert batch.held_reason.startswith("Bob’s budget reached")


@pytest.mark.usefixtures("_paid")
def test_the_soft_line_is_said_once_a_month(team: Team, bob: User) -> None:
    batch = a_running_batch(team, bob, rows=4)
    Batch.objects.filter(pk=batch.pk).update(account="team")
    set_budget(team, 10 * DOLLAR)
    spend(team, bob, 8 * DOLLAR)
    batch = Batch.objects.get(pk=batch.pk)
    assert [budget.whose for budget in newly_near(batch)] == ["the team’s"]
    assert newly_near(batch) == []


def test_an_admin_sets_it(team: Team, alice: User, bob: User, client_of: Browser) -> None:
    membership = Membership.objects.get(user=bob)
    client_of(alice).post(reverse("member-budget", args=[membership.pk]), {"budget": "12.50"})
    membership.refresh_from_db()
    assert membership.budget_ticks == 125_000_000_000
