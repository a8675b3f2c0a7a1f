"""Batches from before flawed answers were counted: a worker counts them from the raw pages, as far as it gets."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from batchsite.batches.models import Batch, FlawCount, RawPage, Result
from batchsite.processes.leases import claimed
from batchsite.submission import flaw_count
from batchsite.teams.models import Team, User
from tests.results.test_flawed_answers import FLAWS, REPLIES
from tests.submission.stories import a_running_batch, end, receive

pytestmark = [pytest.mark.django_db, pytest.mark.databases]
COUNTERS = ("no_answer", "truncated", "declined", "several")


@pytest.fixture
def old_batch(team: Team, alice: User) -> Batch:
    """Read in two pages by a version that knew no flaws."""
    batch = a_running_batch(team, alice, rows=10)
    receive(batch, {row: reply for row, reply in REPLIES.items() if row <= 6})
    receive(batch, {row: reply for row, reply in REPLIES.items() if row > 6})
    end(batch)
    Result.objects.filter(batch=batch).update(cause="", others=None)
    Batch.objects.filter(pk=batch.pk).update(**dict.fromkeys(COUNTERS, 0))
    FlawCount.objects.create(batch=batch, next_look_at=timezone.now())
    return batch


def counters(batch: Batch) -> tuple[int, ...]:
    batch.refresh_from_db()
    return tuple(getattr(batch, name) for name in COUNTERS)


def test_an_old_batch_shows_true_numbers(old_batch: Batch) -> None:
    [job] = flaw_count.due(timezone.now())
    flaw_count.step(job.args[0])
    assert counters(old_batch) == (5, 1, 2, 1)
    assert dict(Result.objects.exclude(cause="").values_list("row", "cause")) == FLAWS
    assert Result.objects.get(row=9).others
    assert Result.objects.get(row=7).answer == "I cannot help with that."
    assert not FlawCount.objects.exists()


def test_a_count_goes_on_where_it_stopped_and_counts_nothing_twice(old_batch: Batch, settings: Any) -> None:
    count = FlawCount.objects.get()
    first, second = RawPage.objects.order_by("pk")
    with claimed(FlawCount, count.pk) as claim:
        flaw_count._count_page(claim, old_batch, first)
    assert 0 < sum(counters(old_batch)) < 9
    assert FlawCount.objects.get().page_through == first.pk < second.pk
    FlawCount.objects.update(page_through=0)  # as if the page had been counted by two
    flaw_count.step(count.pk)
    assert counters(old_batch) == (5, 1, 2, 1)


def test_batches_that_counted_on_arrival_stay_as_they_are(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice, rows=10)
    receive(batch, REPLIES)
    end(batch)
    count = FlawCount.objects.create(batch=batch, next_look_at=timezone.now())
    flaw_count.step(count.pk)
    assert counters(batch) == (5, 1, 2, 1)
