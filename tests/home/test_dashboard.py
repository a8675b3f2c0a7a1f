"""The first page: what needs a hand, what runs, what is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch, DailySpend, Submission
from batchsite.batches.states import TERMINAL
from batchsite.datasets.models import Dataset
from batchsite.home.dashboard import dashboard, spending
from batchsite.teams.models import Membership, Team, User
from tests.factories import make_dataset, make_team
from tests.submission.stories import a_running_batch, ago

pytestmark = pytest.mark.databases

HTMX = {"HX-Request": "true"}


@pytest.fixture
def dataset(team: Team) -> Dataset:
    return make_dataset(team)


def make_batch(dataset: Dataset, name: str, state: str, days_ago: float = 0, **fields: Any) -> Batch:
    ended = timezone.now() - timedelta(days=days_ago) if state in TERMINAL else None
    values = {"total": 10, "ended_at": ended, **fields}
    return Batch.objects.create(team=dataset.team, dataset=dataset, name=name, state=state, **values)


def names(batches: list[Batch]) -> list[str]:
    return [batch.name for batch in batches]


def test_batches_stand_where_a_person_looks_for_them(dataset: Dataset) -> None:
    make_batch(dataset, "runs", "processing")
    make_batch(dataset, "held", "submitting", held_reason="No credits left.")
    make_batch(dataset, "sent back", "draft", problem_count=2)
    make_batch(dataset, "just a draft", "draft")
    make_batch(dataset, "all well", "completed", succeeded=10, days_ago=3)
    make_batch(dataset, "some failed", "completed", succeeded=8, failed=2, days_ago=2)
    make_batch(dataset, "failed long ago", "completed", succeeded=8, failed=2, days_ago=9)
    make_batch(dataset, "never began", "failed", total=0, days_ago=1)
    make_batch(dataset, "ran out", "expired", succeeded=5, missing=5, days_ago=4)
    make_batch(dataset, "stopped by hand", "cancelled", succeeded=1, cancelled=9, days_ago=5)
    make_batch(dataset, "deleted", "processing", deleted_at=timezone.now())
    board = dashboard(dataset.team)
    assert names(board.needs_hand) == ["held", "sent back", "never began", "some failed", "ran out"]
    assert names(board.running) == ["runs"]
    assert names(board.drafts) == ["just a draft"]
    assert names(board.finished) == ["all well", "stopped by hand", "failed long ago"]


def test_nobody_sees_the_batches_of_others(dataset: Dataset) -> None:
    elsewhere = make_dataset(make_team())
    make_batch(elsewhere, "theirs", "processing")
    board = dashboard(dataset.team)
    assert (board.needs_hand, board.running, board.finished) == ([], [], [])
    assert board.datasets == [dataset]


def test_a_newcomer_is_told_the_three_steps(alice: User, client_of: Callable[[User], Client]) -> None:
    page = client_of(alice).get(reverse("home")).content.decode()
    assert "Welcome, Alice" in page
    assert page.count("<li><b>") == 3
    assert "{{column}}" in page


def test_with_a_dataset_one_is_no_newcomer_any_more(
    alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    page = client_of(alice).get(reverse("home")).content.decode()
    assert "Welcome" not in page
    assert "tickets" in page


def test_a_batch_with_failed_rows_is_never_plainly_completed(
    alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    make_batch(dataset, "Languages", "completed", total=10003, succeeded=9966, failed=37, cost_ticks=14_927_000_000)
    page = client_of(alice).get(reverse("home")).content.decode()
    assert '<span class="badge warn">Completed, 37 failed</span>' in page
    assert "9,966 of 10,003 succeeded, 37 failed" in page
    assert "$1.4927" in page


def test_the_page_polls_only_while_something_runs(
    alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    batch = make_batch(dataset, "Languages", "processing")
    browser = client_of(alice)
    assert 'hx-trigger="every 5s, back from:body"' in browser.get(reverse("home")).content.decode()
    part = browser.get(reverse("home"), headers=HTMX)
    assert part.content.decode().lstrip().startswith('<div id="board" hx-get="/?had=')
    assert "HX-Request" in part.headers["Vary"]
    Batch.objects.filter(pk=batch.pk).update(state="completed", succeeded=10, ended_at=timezone.now())
    last = browser.get(reverse("home"), headers=HTMX).content.decode()
    assert 'id="board"' in last
    assert "hx-get" not in last
    assert "hx-trigger" not in last


def test_the_way_back_in_the_browser_gets_the_whole_page(
    alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    page = client_of(alice).get(reverse("home"), headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<!DOCTYPE html>" in page.content.decode()


# ---- what is news, what stands still -----------------------------------------------------------------------


def test_what_finished_since_the_last_visit_is_news_until_the_next(
    alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    client = client_of(alice)
    client.get(reverse("home"))
    _away(alice, hours=3)
    make_batch(dataset, "before", "completed", succeeded=10, days_ago=1)
    make_batch(dataset, "meanwhile", "completed", succeeded=10, days_ago=0.01)
    for _ in range(2):  # a second look within the same visit changes nothing
        board = client.get(reverse("home")).context["board"]
        assert names(board.news) == ["meanwhile"]
        assert names(board.finished) == ["before"]
    poll = client.get(reverse("home"), headers=HTMX).content.decode()
    assert "Finished since you last looked" in poll
    _away(alice, hours=3)
    _away(alice, hours=3)
    board = client.get(reverse("home")).context["board"]
    assert names(board.news) == ["meanwhile"]  # ended after the visit before this one


def test_news_are_a_persons_own(alice: User, bob: User, dataset: Dataset, client_of: Callable[[User], Client]) -> None:
    client_of(alice).get(reverse("home"))
    _away(alice, hours=1)
    make_batch(dataset, "meanwhile", "completed", succeeded=10)
    assert names(client_of(alice).get(reverse("home")).context["board"].news) == ["meanwhile"]
    assert names(client_of(bob).get(reverse("home")).context["board"].news) == []


def _away(user: User, hours: float) -> None:
    Membership.objects.filter(user=user, seen_at__isnull=False).update(seen_at=F("seen_at") - timedelta(hours=hours))


def test_a_batch_in_which_nothing_moves_needs_a_hand(dataset: Dataset, settings: Any) -> None:
    long_ago = timezone.now() - timedelta(hours=5)
    still = make_batch(dataset, "still", "processing", started_at=long_ago)
    Submission.objects.create(batch=still, number=1, first_row=1, last_row=10, changed_at=long_ago)
    moving = make_batch(dataset, "moving", "processing", started_at=long_ago)
    Submission.objects.create(batch=moving, number=1, first_row=1, last_row=10, changed_at=timezone.now())
    board = dashboard(dataset.team)
    assert names(board.needs_hand) == ["still"]
    assert board.stalled == {still.pk}
    assert names(board.running) == ["moving"]


# ---- money and rows ------------------------------------------------------------------------------------------


def _spent(team: Team, days_ago: int, model: str, user: User | None, ticks: int, **fields: Any) -> None:
    day = timezone.now().date() - timedelta(days=days_ago)
    values = {"account": "sandbox", "rows": 10, **fields}
    DailySpend.objects.create(team=team, day=day, model=model, user=user, ticks=ticks, **values)


def test_spend_is_summed_by_day_model_and_person(team: Team, alice: User, bob: User) -> None:
    _spent(team, 0, "grok-4.3", alice, 300, failed=2)
    _spent(team, 0, "grok-4.3", bob, 100)
    _spent(team, 3, "grok-mini", alice, 50)
    _spent(team, 31, "grok-4.3", alice, 10_000)
    _spent(team, 0, "grok-4.3", alice, 10_000, account="team")
    _spent(make_team(), 0, "grok-4.3", alice, 10_000)
    found = spending(team)
    assert found.simulated
    assert found.models == {"grok-4.3": 400, "grok-mini": 50}
    assert (found.by_model["grok-4.3"][-1], found.by_model["grok-mini"][-4]) == (400, 50)
    assert [(name, ticks) for _, name, ticks in found.by_person] == [("Alice", 350), ("Bob", 100)]
    assert (found.answered[-1], found.failed[-1]) == (18, 2)


def test_the_charts_stand_on_the_page_with_a_table_each_and_refresh_alone(
    team: Team, alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    _spent(team, 1, "grok-4.3", alice, 12_345_000_000)
    page = client_of(alice).get(reverse("home")).content.decode()
    part = client_of(alice).get(reverse("spending"), headers=HTMX).content.decode()
    for html in (page, part):
        assert "Spend by day, simulated: 30 values, the highest $1.2345" in html
        assert html.count("Show as table") == 2
        assert f'href="/batches/?person={alice.pk}"' in html
    assert "<h1>" not in part


def test_a_poll_that_has_everything_already_is_told_so_and_no_more(
    alice: User, dataset: Dataset, client_of: Callable[[User], Client]
) -> None:
    batch = make_batch(dataset, "Languages", "processing", total=10)
    browser = client_of(alice)
    found = re.search(r'hx-get="(/\?had=\w+)"', browser.get(reverse("home")).content.decode())
    assert found
    same = browser.get(found[1], headers=HTMX)
    assert (same.status_code, same.content) == (204, b"")
    Batch.objects.filter(pk=batch.pk).update(succeeded=1)
    fresh = browser.get(found[1], headers=HTMX)
    assert fresh.status_code == 200
    assert "1 of 10 succeeded" in fresh.content.decode()


def test_what_runs_says_how_long_it_still_takes(team: Team, alice: User, client_of: Callable[[User], Client]) -> None:
    batch = a_running_batch(team, alice, rows=100)
    ago(batch, minutes=10)
    Submission.objects.update(num_success=50, changed_at=timezone.now())
    assert dashboard(team).left == {batch.pk: "about 10 minutes left"}
    assert "about 10 minutes left" in client_of(alice).get(reverse("home")).content.decode()
    ago(batch, minutes=10)
    assert dashboard(team).left == {}


def test_what_needs_attention_is_acted_on_where_it_stands(
    dataset: Dataset, alice: User, client_of: Callable[[User], Client]
) -> None:
    held = make_batch(dataset, "held", "submitting", held_reason="No credits left.")
    sent_back = make_batch(dataset, "sent back", "draft", problem_count=2)
    failed = make_batch(dataset, "some failed", "completed", succeeded=8, failed=2)
    page = client_of(alice).get(reverse("home")).content.decode()
    for name, batch in (("batch-go-on", held), ("batch-edit", sent_back), ("batch-retry", failed)):
        assert reverse(name, args=[batch.pk]) in page
