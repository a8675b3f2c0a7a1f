"""Work that needs more memory than a process may use ends in a sentence, and is not begun again."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch, Event, FlawCount
from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.drafts import value_rows
from batchsite.drafts.draft_edits import Basis
from batchsite.drafts.models import ValueSearch
from batchsite.exports import export_build
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.exports.result_files import BUILT
from batchsite.processes.leases import MOST_TRIES
from batchsite.results import comparisons, hit_counts, order_steps, summaries
from batchsite.results.batch_pair import BatchPair
from batchsite.results.models import HitCount, RowOrder, Summary
from batchsite.results.row_filter import RowFilter
from batchsite.submission import flaw_count
from batchsite.submission.steps import advance
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.memory import only
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch, end, receive

pytestmark = pytest.mark.django_db
A_LONG_CELL = "a" * 40_000_000
LITTLE = 30_000_000
IN_NO_TRANSACTION = pytest.mark.django_db(transaction=True)
"""SQLite itself runs out of memory there, and then undoes what it is in, be it the whole test."""


@pytest.fixture
def site(alice: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(alice)


def test_a_batch_is_held_and_says_what_to_do(team: Team) -> None:
    batch = a_running_batch(team, dataset=make_dataset(team, ["id", "text"], [["1", A_LONG_CELL]]))
    submission = batch.submissions.get()
    batch.submissions.update(state="queued", planned=False)
    with only(LITTLE):
        advance(submission.pk)
    batch.refresh_from_db()
    submission.refresh_from_db()
    assert batch.held_reason == (
        "a step needs more memory than a process may use (2.0 GB, BATCHSITE_MEMORY). "
        "Ask whoever runs batchsite for more, then press Resume."
    )
    assert submission.tries == 0
    assert submission.next_look_at is not None
    assert submission.next_look_at > timezone.now()


def test_an_upload_is_refused_in_a_sentence(team: Team) -> None:
    row = ("😀" * 4_900_000).encode()
    packed = gzip.compress(b"a,b\n" + row + b"," + row + b"\n", 1)
    dataset = importer.receive(team, None, SimpleUploadedFile("large.csv.gz", packed))
    with only(LITTLE):
        importer.import_step(dataset.pk)
    dataset = Dataset.objects.get(pk=dataset.pk)
    assert dataset.state == DatasetState.REFUSED
    assert dataset.problems[0]["message"] == (
        "Reading this file needs more memory than a process may use (2.0 GB, BATCHSITE_MEMORY). "
        "Split it or save it as CSV, or ask whoever runs batchsite for more."
    )
    assert (dataset.tries, dataset.next_look_at) == (0, None)


def test_a_file_that_cannot_be_built_says_so(team: Team) -> None:
    batch = an_ended_batch(team, dataset=make_dataset(team, ["id", "text"], [["1", A_LONG_CELL]]), rows=1)
    export = export_build.request(batch, BUILT["xlsx"], DownloadChoice(), None)
    Export.objects.update(next_look_at=timezone.now())
    with only(LITTLE):
        export_build.build_step(export.pk)
    export.refresh_from_db()
    assert export.problem.startswith("Building this file needs more memory than a process may use")


def too_long_an_answer(team: Team, **more: Any) -> Batch:
    batch = a_running_batch(team, rows=1, **more)
    receive(batch, {1: A_LONG_CELL})
    return end(batch)


def run_until_given_up(step: Callable[[], None]) -> None:
    with only(LITTLE):
        step()


@IN_NO_TRANSACTION
def test_answers_that_cannot_be_summed_up_say_so(team: Team, site: Client) -> None:
    batch = too_long_an_answer(team)
    summary = batch.summary
    run_until_given_up(lambda: summaries.step(summary.pk))
    summary.refresh_from_db()
    assert (summary.tries, summary.next_look_at) == (0, None)
    insights = reverse("batch-insights", args=[batch.pk])
    assert "Summarizing the answers needs more memory than a process may use" in site.get(insights).content.decode()
    summary.refresh_from_db()
    assert summary.next_look_at is None  # opening the page does not begin it again

    site.post(reverse("batch-summarize", args=[batch.pk]))
    summaries.step(summary.pk)
    assert "needs more memory" not in site.get(insights).content.decode()


@IN_NO_TRANSACTION
def test_batches_that_cannot_be_compared_say_so(team: Team, site: Client) -> None:
    dataset = make_dataset(team, ["id", "text"], [["1", "a"]])
    one, other = (too_long_an_answer(team, dataset=dataset) for _ in range(2))
    comparison = comparisons.comparison_of(BatchPair(one, other))
    run_until_given_up(lambda: comparisons.step(comparison.pk))
    page = reverse("batches-compared", args=[one.pk, other.pk])
    with_words = site.get(page, {"part": "sums"}, headers={"HX-Request": "true"}).content.decode()
    assert "Comparing the batches needs more memory than a process may use" in with_words
    comparison.refresh_from_db()
    assert comparison.next_look_at is None

    site.post(reverse("batches-compare-again", args=[one.pk, other.pk]))
    comparisons.step(comparison.pk)
    assert "needs more memory" not in site.get(page, {"part": "sums"}, headers={"HX-Request": "true"}).content.decode()


@IN_NO_TRANSACTION
def test_a_filter_whose_rows_cannot_be_counted_says_so(team: Team) -> None:
    batch, asked = too_long_an_answer(team), RowFilter(text="b")
    summary = summaries.summary_of(batch)
    assert hit_counts.hits_of(batch, asked, summary).is_counting
    run_until_given_up(lambda: hit_counts.step(HitCount.objects.get().pk))
    hits = hit_counts.hits_of(batch, asked, summary)
    assert (hits.is_counting, hits.rows) == (False, None)
    assert hits.problem.startswith("Counting the rows needs more memory than a process may use")


def test_rows_that_cannot_be_searched_by_value_say_so(team: Team) -> None:
    draft = a_draft(team, dataset=make_dataset(team, ["id", "text"], [["1", A_LONG_CELL]]))
    value_rows.search(draft, "id", "1", Basis(None, "", None))
    found = ValueSearch.objects.get()
    ValueSearch.objects.update(next_look_at=timezone.now())
    run_until_given_up(lambda: value_rows.find_step(found.pk))
    found.refresh_from_db()
    assert found.problem.startswith("The search needs more memory than a process may use")
    assert (found.tries, found.next_look_at) == (0, None)


def test_work_that_kills_its_worker_is_given_up(team: Team) -> None:
    batch = an_ended_batch(team, rows=1)
    Summary.objects.filter(batch=batch).update(tries=MOST_TRIES, next_look_at=timezone.now())
    summaries.step(batch.summary.pk)
    assert (
        summaries.problem_of(batch, Summary.objects.get()) == "Summarizing the answers made a worker crash repeatedly."
    )


def test_rows_that_cannot_be_sorted_say_so(team: Team) -> None:
    batch = an_ended_batch(team, rows=1)
    order_steps.request(batch, "cost")
    order = RowOrder.objects.get()
    RowOrder.objects.update(tries=MOST_TRIES, next_look_at=timezone.now())
    order_steps.step(order.pk)
    order.refresh_from_db()
    assert order_steps.problem_of(batch, "cost") == "Sorting the rows made a worker crash repeatedly."
    assert order.next_look_at is None


def test_old_answers_that_cannot_be_looked_through_are_told_in_the_timeline(team: Team) -> None:
    batch = an_ended_batch(team, rows=1)
    count = FlawCount.objects.create(batch=batch, next_look_at=timezone.now(), tries=MOST_TRIES)
    flaw_count.step(count.pk)
    assert not FlawCount.objects.exists()
    assert "made a worker crash repeatedly" in Event.objects.filter(batch=batch).latest("pk").text
