"""How many rows a filter has: from counters and the summary, else counted by a worker, only while somebody waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.results import hit_counts, judgements, row_search, row_table, scan, sliced_count, tasks
from batchsite.results.models import HitCount
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.results.test_summary import work
from tests.submission.stories import a_running_batch, end, failure, receive

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late"]}]}
ROWS = 60
HTMX = {"HX-Request": "true"}


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has room for seven rows, a slice of a count for ten."""
    monkeypatch.setattr(row_table, "PAGE", 7)
    monkeypatch.setattr(hit_counts, "SLICE", 10)
    monkeypatch.setattr(scan, "FIRST_WINDOW", 9)
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 10))


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    """Sixty questions, every tenth failed; the others are answered `lost` and `late` by turns. All are `lost`."""
    rows = [[f"Question {number}", "lost"] for number in range(1, ROWS + 1)]
    made = a_running_batch(
        team, alice, dataset=make_dataset(team, ["text", "wanted"], rows), shape=SHAPE, expected_column="wanted"
    )
    answers: dict[int, Any] = {row: f'{{"intent": "{"lost" if row % 2 else "late"}"}}' for row in range(1, ROWS + 1)}
    receive(made, answers | {row: failure("overloaded") for row in range(10, ROWS + 1, 10)})
    return end(made)


def hits(site: Client, batch: Batch, **asked: str) -> str:
    """What the page says of the number of rows."""
    html = site.get(reverse("batch", args=[batch.pk]), asked).content.decode()
    return " ".join(html.split('id="hits"')[1].split("</span>")[0].split(">", 1)[1].split())


def count() -> int:
    """Does what workers do until nothing is due. Returns the number of steps."""
    for steps in range(50):
        jobs = [job for job in tasks.due(timezone.now()) if job.path.endswith("count_hits")]
        if not jobs:
            return steps
        for job in jobs:
            tasks.count_hits(*job.args)
    raise AssertionError("it never ends")


KNOWN: list[tuple[dict[str, str], str]] = [
    ({"state": "failed"}, "6 of 60 rows"),
    ({"state": "succeeded"}, "54 of 60 rows"),
    ({"cause": "overloaded"}, "6 of 60 rows"),
    ({"f.intent": "lost"}, "30 of 60 rows"),
    ({"f.intent": "nonsense"}, "0 of 60 rows"),
    ({"agrees": "right"}, "30 of 60 rows"),
    ({"agrees": "wrong"}, "24 of 60 rows"),
    ({"expected": "lost", "answered": "late"}, "24 of 60 rows"),
    ({"answered": "LATE"}, "24 of 60 rows"),
    ({"search": "Question 17"}, "1 of 60 rows"),
]


@pytest.mark.parametrize(("asked", "words"), KNOWN)
def test_what_counters_and_the_summary_tell_is_said_at_once(
    asked: dict[str, str], words: str, batch: Batch, site: Client
) -> None:
    work()
    assert hits(site, batch, **asked) == words
    assert not HitCount.objects.exists()


def test_what_nobody_knows_is_counted_by_a_worker_and_filled_in(batch: Batch, site: Client) -> None:
    assert hits(site, batch, search="question").startswith("Counting the rows…")
    poll = reverse("batch-hits", args=[batch.pk])
    waiting = site.get(poll, {"search": "question"}, headers=HTMX).content.decode()
    assert "hx-get" in waiting
    assert count() > 0
    filled = site.get(poll, {"search": "question"}, headers=HTMX).content.decode()
    assert "hx-get" not in filled
    assert "60 of 60 rows" in filled
    assert hits(site, batch, search="question") == "60 of 60 rows"


def test_a_count_of_many_rows_takes_several_steps(batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sliced_count, "STEP_SECONDS", 0)
    hits(site, batch, search="question", state="succeeded")
    assert count() == 6
    assert hits(site, batch, search="question", state="succeeded") == "54 of 60 rows"


def test_the_order_does_not_matter_to_a_count(batch: Batch, site: Client) -> None:
    hits(site, batch, search="question")
    count()
    assert hits(site, batch, search="question", sort="-cost") == "60 of 60 rows"
    assert HitCount.objects.count() == 1


def test_a_count_ends_when_nobody_waits_any_more(batch: Batch, site: Client) -> None:
    hits(site, batch, search="question")
    HitCount.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    count()
    stored = HitCount.objects.get()
    assert stored.shown is None
    assert stored.next_look_at is None
    assert hits(site, batch, search="question").startswith("Counting")
    count()
    assert hits(site, batch, search="question") == "60 of 60 rows"


def test_a_judgement_makes_a_count_of_judgements_out_of_date(batch: Batch, site: Client, alice: User) -> None:
    assert hits(site, batch, judged="none").startswith("Counting")
    count()
    assert hits(site, batch, judged="none") == "60 of 60 rows"
    judgements.judge(batch, 1, alice, "good")
    assert hits(site, batch, judged="none").startswith("Counting")
    count()
    assert hits(site, batch, judged="none") == "59 of 60 rows"


def test_a_batch_keeps_a_few_counts(batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hit_counts, "KEPT", 2)
    for text in ("question", "quest", "stion"):
        hits(site, batch, search=text)
    assert sorted(HitCount.objects.values_list("query", flat=True)) == ["search=quest", "search=stion"]


def test_big_batches_that_run_are_counted_when_they_end(
    team: Team, alice: User, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hit_counts, "MOST_RUNNING", 50)
    running = a_running_batch(team, alice, rows=ROWS)
    receive(running, dict.fromkeys(range(1, 30), "yes"))
    assert hits(site, running, search="question") == "Counted when the batch ends"
    assert not HitCount.objects.exists()


def test_a_count_belongs_to_the_team(batch: Batch, charlie: User, client_of: Browser) -> None:
    answer = client_of(charlie).get(reverse("batch-hits", args=[batch.pk]), {"search": "x"}, headers=HTMX)
    assert answer.status_code == 404


def test_rows_with_a_value_in_the_dataset_are_counted_and_named(batch: Batch, site: Client) -> None:
    assert hits(site, batch, **{"c.text": "Question 7"}) == "1 of 60 rows"
    assert hits(site, batch, **{"c.wanted": "lost", "state": "failed"}) == "6 of 60 rows"
    assert hits(site, batch, **{"c.wanted": "lost"}).startswith("Counting")
    count()
    assert hits(site, batch, **{"c.wanted": "lost"}) == "60 of 60 rows"
    html = " ".join(site.get(reverse("batch", args=[batch.pk]), {"c.wanted": "lost"}).content.decode().split())
    assert "<bdi>wanted is lost</bdi>" in html
