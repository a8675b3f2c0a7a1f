"""Two batches of the same dataset, row by row: what changed, and whether for the better."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.processes.queue import take_due
from batchsite.results import compared_rows, comparisons, scan, sliced_count, tasks
from batchsite.results.batch_pair import BatchPair
from batchsite.results.compared_rows import page_of
from batchsite.results.models import Comparison
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.results.test_summary import work
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch, end, failure, receive

Browser = Callable[[User], Client]
SHAPE = {
    "fields": [
        {"name": "intent", "type": "choice", "values": ["lost", "late"]},
        {"name": "tone", "type": "text"},
    ]
}
HTMX = {"HX-Request": "true"}
ROWS = 24


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def answer(intent: str, tone: str = "calm", blank: str = " ") -> str:
    return f'{{"intent":{blank}"{intent}", "tone": "{tone}"}}'


@pytest.fixture
def dataset(team: Team) -> Dataset:
    rows = [[f"Question {number}", "lost" if number % 2 else "late"] for number in range(1, ROWS + 1)]
    return make_dataset(team, ["text", "wanted"], rows, name="q.csv")


@pytest.fixture
def first(team: Team, alice: User, dataset: Dataset) -> Batch:
    """All are answered lost, so the odd ones are right; the last row failed."""
    batch = a_running_batch(team, alice, dataset=dataset, name="First", shape=SHAPE)
    receive(batch, {row: answer("lost") for row in range(1, ROWS)})
    receive(batch, {ROWS: failure("overloaded")})
    return end(batch)


@pytest.fixture
def second(team: Team, alice: User, dataset: Dataset) -> Batch:
    """Up to row 6 late, then lost again; row 9 in another tone; written with other blanks."""
    batch = a_running_batch(team, alice, dataset=dataset, name="Second", shape=SHAPE)
    made = {
        row: answer("Late" if row <= 6 else "lost", "angry" if row == 9 else "calm", "") for row in range(1, ROWS + 1)
    }
    receive(batch, made)
    return end(batch)


def page(site: Client, one: Batch, other: Batch, **asked: Any) -> Any:
    shown = site.get(reverse("batches-compared", args=[one.pk, other.pk]), asked)
    assert shown.status_code == 200
    return shown


def rows(site: Client, one: Batch, other: Batch, **asked: Any) -> list[int]:
    return [line.row for line in page(site, one, other, **asked).context["page"].lines]


def compare() -> int:
    """What the workers do until nothing is due; the number of rounds."""
    for rounds in range(60):
        due = take_due(Comparison.objects.all(), timezone.now())
        for comparison in due:
            tasks.compare(comparison.pk)
        if not due:
            return rounds
    raise AssertionError("it never ends")


@pytest.mark.databases
def test_the_other_batches_of_the_dataset_are_offered(
    first: Batch, second: Batch, team: Team, alice: User, site: Client
) -> None:
    an_ended_batch(team, alice, name="Elsewhere")
    a_draft(team, alice, first.dataset, name="Draft")
    shown = site.get(reverse("batch-compare", args=[first.pk]))
    assert [other.name for other in shown.context["others"]] == ["Second"]
    assert reverse("batches-compared", args=[first.pk, second.pk]) in shown.content.decode()
    assert reverse("batch-compare", args=[first.pk]) in site.get(reverse("batch", args=[first.pk])).content.decode()


def test_answers_stand_beside_each_other_and_changes_are_marked(first: Batch, second: Batch, site: Client) -> None:
    shown = page(site, first, second)
    lines = {line.row: line for line in shown.context["page"].lines}
    assert list(lines) == list(range(1, ROWS + 1))
    assert lines[1].halves[0].values == [("intent", "lost", True), ("tone", "calm", False)]
    assert lines[1].halves[1].values == [("intent", "Late", True), ("tone", "calm", False)]
    assert lines[7].halves[1].values == [("intent", "lost", False), ("tone", "calm", False)], "blanks in JSON are none"
    assert lines[ROWS].halves[0].state == "failed"
    assert lines[1].halves[0].tokens == 287
    assert "<mark>Late" in shown.content.decode()


@pytest.mark.databases
def test_rows_are_chosen_by_what_changed(first: Batch, second: Batch, site: Client) -> None:
    assert rows(site, first, second, only="changed") == [1, 2, 3, 4, 5, 6, 9]
    assert rows(site, first, second, only="f.tone") == [9]
    assert rows(site, first, second, only="f.nonsense") == list(range(1, ROWS + 1))
    assert rows(site, first, second, only="fixed") == list(range(1, ROWS + 1)), "nothing is expected"


@pytest.mark.databases
@pytest.mark.parametrize("summed", [False, True])
def test_it_is_told_what_got_better_and_what_worse(summed: bool, first: Batch, second: Batch, site: Client) -> None:
    site.post(reverse("batch-expected", args=[first.pk]), {"column": "wanted", "field": "intent"})
    if summed:
        site.post(reverse("batch-expected", args=[second.pk]), {"column": "wanted", "field": "intent"})
        work()
    assert rows(site, first, second, only="fixed") == [2, 4, 6]
    assert rows(site, first, second, only="broken") == [1, 3, 5]
    assert rows(site, second, first, only="fixed") == [1, 3, 5]
    shown = page(site, first, second)
    halves = shown.context["page"].lines[1].halves
    assert [half.is_right for half in halves] == [False, True]
    compare()
    shown = page(site, first, second)
    sums = shown.context["sums"]
    assert (sums.both, sums.changed, sums.counted, sums.fixed, sums.broken) == (23, 7, 23, 3, 3)
    assert sums.fields == {"intent": 6, "tone": 1}
    assert shown.context["accuracies"] == [12 / 23, 12 / 23]
    assert "52.1 %" in shown.content.decode() or "52.2 %" in shown.content.decode()


@pytest.mark.databases
@pytest.mark.parametrize("seconds", [0, 3])
def test_in_many_steps_the_sums_are_the_same(
    seconds: float, first: Batch, second: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "SLICE", 5)
    monkeypatch.setattr(sliced_count, "STEP_SECONDS", seconds)
    part = page(site, first, second).content.decode()
    assert 'hx-trigger="every 2s' in part
    assert compare() == (5 if seconds == 0 else 1)
    sums = page(site, first, second).context["sums"]
    assert (sums.both, sums.changed) == (23, 7)
    assert compare() == 0


@pytest.mark.databases
def test_pages_lead_forwards_and_back(
    first: Batch, second: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compared_rows, "PAGE", 3)
    monkeypatch.setattr(compared_rows, "BUDGET", 60)
    monkeypatch.setattr(scan, "FIRST_WINDOW", 4)
    forwards, shown = [], page(site, first, second, only="changed")
    while True:
        forwards.append([line.row for line in shown.context["page"].lines])
        address = re.search(r'rel="next" href="([^"#]+)', shown.content.decode())
        if not address:
            break
        shown = site.get(address[1].replace("&amp;", "&"))
    assert forwards == [[1, 2, 3], [4, 5, 6], [9]]
    backwards = [forwards[-1]]
    while address := re.search(r'rel="prev" href="([^"#]+)', shown.content.decode()):
        shown = site.get(address[1].replace("&amp;", "&"))
        backwards.append([line.row for line in shown.context["page"].lines])
    assert backwards[::-1] == forwards


@pytest.mark.databases
def test_a_way_back_that_takes_too_long_can_be_gone_on_with(
    first: Batch, second: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "FIRST_WINDOW", 8)
    monkeypatch.setattr(compared_rows, "BUDGET", 0)
    found = page_of(BatchPair(first, second), "changed", None, 20)
    assert ([line.row for line in found.lines], found.previous) == ([], 12)
    found = page_of(BatchPair(first, second), "changed", None, found.previous)
    assert ([line.row for line in found.lines], found.previous) == ([4, 5, 6, 9], 4)


def test_a_search_that_takes_too_long_goes_on(
    first: Batch, second: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "FIRST_WINDOW", 8)
    found = page_of(BatchPair(first, second), "f.tone", None, None, seconds=0)
    assert (found.lines, found.searched_to, found.next) == ([], 8, 8)
    found = page_of(BatchPair(first, second), "f.tone", found.next, None, seconds=0)
    assert ([line.row for line in found.lines], found.searched_to, found.found) == ([9], 16, "9")
    part = site.get(
        reverse("batches-compared", args=[first.pk, second.pk]),
        {"only": "f.tone", "after": "16", "rows": "9"},
        headers=HTMX,
    )
    assert [line.row for line in part.context["page"].lines] == [9]
    assert "<html" not in part.content.decode()


def test_batches_of_different_datasets_are_compared_by_number(
    first: Batch, team: Team, alice: User, site: Client
) -> None:
    other = an_ended_batch(team, alice, rows=10)
    shown = page(site, first, other)
    assert [line.row for line in shown.context["page"].lines] == list(range(1, 11))
    assert "different datasets" in shown.content.decode()
    compare()
    assert page(site, first, other).context["sums"].changed == 10


def test_a_batch_is_not_compared_with_itself_or_a_draft(first: Batch, team: Team, alice: User, site: Client) -> None:
    for other in (first, a_draft(team, alice)):
        answer = site.get(reverse("batches-compared", args=[first.pk, other.pk]))
        assert answer["Location"] == reverse("batch-compare", args=[first.pk])


def test_outsiders_compare_nothing(first: Batch, second: Batch, charlie: User, client_of: Browser) -> None:
    theirs = an_ended_batch(charlie.memberships.get().team, charlie)
    outsider = client_of(charlie)
    assert outsider.get(reverse("batch-compare", args=[first.pk])).status_code == 404
    for one, other in ((first, second), (theirs, first), (first, theirs)):
        assert outsider.get(reverse("batches-compared", args=[one.pk, other.pk])).status_code == 404
