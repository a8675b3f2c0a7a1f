"""The sums above the rows: made by a worker, in pieces, whatever happens in between; and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import State
from batchsite.batches.transitions import move
from batchsite.processes.leases import LeaseLost
from batchsite.processes.queue import take_due
from batchsite.results import sliced_count, summaries, tasks
from batchsite.results.models import Codes, Summary
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_running_batch, an_ended_batch, end, failure, receive

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late", "other"]}]}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def intents(team: Team, alice: User) -> Batch:
    """Thirty rows, lost wanted for odd ones. Every third answer is late, the others lost; the last five failed."""
    rows = [[f"Question {number}", "Lost" if number % 2 else "late"] for number in range(1, 31)]
    dataset = make_dataset(team, ["text", "wanted"], rows, name="q.csv")
    batch = a_running_batch(team, alice, dataset=dataset, shape=SHAPE)
    receive(batch, {row: f'{{"intent": "{"lost" if row % 3 else "late"}"}}' for row in range(1, 26)})
    receive(batch, {row: failure("overloaded") for row in range(26, 31)})
    return end(batch)


def work() -> int:
    """What the workers do until nothing is due; the number of rounds."""
    for rounds in range(100):
        due = take_due(Summary.objects.all(), timezone.now())
        for summary in due:
            tasks.summarize(summary.pk)
        if not due:
            return rounds
    raise AssertionError("it never ends")


def page(site: Client, batch: Batch, **asked: Any) -> Any:
    answer = site.get(reverse("batch-insights", args=[batch.pk]), asked)
    assert answer.status_code == 200
    return answer


def rows_of(site: Client, batch: Batch, **asked: Any) -> list[Any]:
    """The rows of the table that a filter leaves."""
    lines: list[Any] = site.get(reverse("batch", args=[batch.pk]), asked).context["page"].lines
    return lines


def test_whoever_looks_has_it_summed_up(intents: Batch, site: Client) -> None:
    first = page(site, intents)
    assert first.context["picture"] is None
    assert 'hx-get="/batches/1/summary"' in first.content.decode().replace(f"/{intents.pk}/", "/1/")
    work()
    shown = page(site, intents)
    field = shown.context["picture"].fields[0]
    assert [(row.entry.label, row.words, row.entry.extra) for row in field.top.rows] == [
        ("lost", "17", "68.0 %"),
        ("late", "8", "32.0 %"),
    ]
    assert {chart.key for chart in shown.context["picture"].charts} == {"tokens", "cost", "length"}
    assert 'hx-get="/batches/1/summary' not in shown.content.decode().replace(f"/{intents.pk}/", "/1/")


def test_a_bar_leads_to_its_rows_and_takes_the_filter_away_again(intents: Batch, site: Client) -> None:
    page(site, intents)
    work()
    entry = page(site, intents, state="succeeded").context["picture"].fields[0].top.rows[1].entry
    assert entry.href == f"/batches/{intents.pk}?state=succeeded&f.intent=late#results"
    shown = page(site, intents, **{"f.intent": "late"})
    assert [line.row for line in rows_of(site, intents, **{"f.intent": "late"})] == [3, 6, 9, 12, 15, 18, 21, 24]
    assert shown.context["picture"].fields[0].top.rows[1].entry.href == f"/batches/{intents.pk}?#results"


@pytest.mark.parametrize("seconds", [0, 3])
def test_in_many_steps_it_comes_to_the_same(
    seconds: float, intents: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "SLICE", 4)
    monkeypatch.setattr(sliced_count, "STEP_SECONDS", seconds)
    page(site, intents)
    steps = work()
    assert steps == (8 if seconds == 0 else 1)
    shown = page(site, intents)
    assert shown.context["picture"].rows == 30
    assert [row.words for row in shown.context["picture"].fields[0].top.rows] == ["17", "8"]
    assert [line.row for line in rows_of(site, intents, **{"f.intent": "late"})][-2:] == [21, 24]


def test_a_step_that_dies_is_made_again(intents: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    page(site, intents)
    summary = Summary.objects.get()

    def lose(self: Any) -> None:
        raise LeaseLost("gone")

    with monkeypatch.context() as patch:
        patch.setattr("batchsite.processes.leases.Claim.extend", lose)
        tasks.summarize(summary.pk)
    assert not Codes.objects.exists()
    Summary.objects.update(next_look_at=timezone.now(), lease_token="", lease_until=None)
    work()
    assert page(site, intents).context["picture"].rows == 30


def test_when_results_change_it_is_made_anew_and_the_old_one_stays_until_then(intents: Batch, site: Client) -> None:
    page(site, intents)
    work()
    Result.objects.filter(batch=intents, row=3).update(answer='{"intent": "lost"}')
    Batch.objects.update(cost_ticks=intents.cost_ticks + 1)
    shown = page(site, intents)
    assert [row.words for row in shown.context["picture"].fields[0].top.rows] == ["17", "8"]
    found = rows_of(site, intents, **{"f.intent": "late"})
    assert next(line.row for line in found) == 6, "old codes are not believed"
    work()
    assert [row.words for row in page(site, intents).context["picture"].fields[0].top.rows] == ["18", "7"]
    assert Codes.objects.values_list("edition", flat=True).distinct().count() == 1


def test_what_was_summed_up_is_not_summed_up_again(intents: Batch, site: Client) -> None:
    page(site, intents)
    work()
    page(site, intents)
    assert Summary.objects.get().next_look_at is None


def test_short_answers_without_a_shape_are_told_apart_and_long_ones_are_not(
    team: Team, alice: User, site: Client
) -> None:
    short = a_running_batch(team, alice, rows=12)
    receive(short, {row: ["Yes", "No", "Yes "][row % 3] for row in range(1, 13)})
    page(site, end(short))
    long = a_running_batch(team, alice, rows=12)
    receive(long, {row: f"Answer {row} " + "x" * 250 for row in range(1, 13)})
    page(site, end(long))
    work()
    rows = page(site, short).context["picture"].fields[0].top.rows
    assert [(row.entry.label, row.words) for row in rows] == [("Yes", "8"), ("No", "4")]
    assert page(site, long).context["picture"].fields == []


# ---- agreement ------------------------------------------------------------------------------------------


def test_answers_are_held_against_a_column(intents: Batch, site: Client) -> None:
    address = reverse("batch-expected", args=[intents.pk])
    assert site.post(address, {"column": "wanted"}).status_code == 302
    work()
    shown = page(site, intents)
    found = shown.context["picture"].agreement
    right = [row for row in range(1, 26) if bool(row % 2) == bool(row % 3)]
    assert (found.right, found.counted) == (len(right), 25)
    assert "agree with <bdi>wanted</bdi>" in shown.content.decode()
    assert [line.row for line in rows_of(site, intents, agrees="right")] == right
    wrong = [line.row for line in rows_of(site, intents, agrees="wrong")]
    assert sorted([*right, *wrong]) == list(range(1, 26))
    for pair in found.pairs:
        asked = {"expected": pair.expected, "answered": pair.answered}
        assert len(rows_of(site, intents, **asked)) == pair.rows
    labels = re.findall(r"<td><a href=\"[^\"]+\"><bdi>(\w+)</bdi>", shown.content.decode())
    assert sorted(labels) == ["late", "lost"]


def test_before_the_sums_are_there_rows_that_disagree_are_found_by_reading(intents: Batch, site: Client) -> None:
    Batch.objects.update(expected_column="wanted")
    right = [row for row in range(1, 26) if bool(row % 2) == bool(row % 3)]
    assert [line.row for line in rows_of(site, intents, agrees="right")] == right
    asked = {"expected": "late", "answered": "lost"}
    rows = [row for row in range(1, 26) if not row % 2 and row % 3]
    assert [line.row for line in rows_of(site, intents, **asked)] == rows


def test_the_column_that_the_only_field_is_named_like_is_proposed(
    team: Team, alice: User, intents: Batch, site: Client
) -> None:
    dataset = make_dataset(team, ["text", "intent"], [["Where?", "lost"]])
    alike = an_ended_batch(team, alice, dataset=dataset, rows=1, shape=SHAPE)
    for batch, proposed in ((alike, ["intent"]), (intents, [])):
        shown = site.get(reverse("batch-insights", args=[batch.pk])).content.decode()
        choice = shown[shown.index('id="expected-column"') :]
        assert re.findall(r"<option selected>(\w+)</option>", choice[: choice.index("</select>")]) == proposed


def test_a_column_that_is_not_there_compares_with_nothing(intents: Batch, site: Client) -> None:
    site.post(reverse("batch-expected", args=[intents.pk]), {"column": "nonsense", "field": "nonsense"})
    intents.refresh_from_db()
    assert intents.expected_column == ""


@pytest.mark.parametrize("name", ["batch-summary", "batch-expected"])
def test_outsiders_find_nothing(name: str, team: Team, alice: User, charlie: User, client_of: Browser) -> None:
    address = reverse(name, args=[an_ended_batch(team, alice).pk])
    outsider = client_of(charlie)
    assert (outsider.post if name == "batch-expected" else outsider.get)(address, headers=HTMX).status_code == 404


# ---- when a batch ends -----------------------------------------------------------------------------------


def test_a_batch_that_ends_is_summed_up_though_nobody_looks(intents: Batch) -> None:
    assert Summary.objects.get().next_look_at is not None
    assert work() == 1
    summary = Summary.objects.get()
    assert summaries.is_current(intents, summary)
    assert summary.shown is not None
    assert summary.shown["sums"][2:] == [30, 25]


def test_it_is_summed_up_again_when_a_retry_ended(intents: Batch, alice: User) -> None:
    work()
    assert Summary.objects.get().next_look_at is None
    submission = actions.retry(intents, alice)
    with transaction.atomic():
        move(submission, State.SUBMITTING, planned=True)
        move(submission, State.PROCESSING)
    assert Summary.objects.get().next_look_at is None, "it runs"
    Result.objects.filter(batch=intents, row__gt=25).update(state="succeeded", answer='{"intent": "other"}')
    Batch.objects.update(succeeded=30, failed=0)
    end(intents)
    work()
    assert (Summary.objects.get().shown or {})["sums"][2:] == [30, 30]


def test_what_did_not_change_is_not_gone_through_again(intents: Batch) -> None:
    work()
    edition = Summary.objects.get().edition
    summaries.on_end(intents)
    assert work() == 1
    assert Summary.objects.get().edition == edition


def test_a_batch_that_ends_while_it_is_summed_up_is_summed_up_once_more(
    team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_running_batch(team, alice, rows=20)
    receive(batch, dict.fromkeys(range(1, 11), "yes"))
    summaries.request(batch, summaries.summary_of(batch))
    seen = summaries.seen

    def late(*given: Any) -> Any:
        yield from [*seen(*given)]
        receive(batch, dict.fromkeys(range(11, 21), "no"))
        end(batch)

    with monkeypatch.context() as patch:
        patch.setattr(summaries, "seen", late)
        tasks.summarize(Summary.objects.get().pk)
    work()
    assert (Summary.objects.get().shown or {})["sums"][2:] == [20, 20]


def test_an_end_without_rows_asks_for_nothing(team: Team, alice: User) -> None:
    end(a_running_batch(team, alice))
    assert not Summary.objects.exists()
