"""Tasks of the queue, which take ids only, and the work that is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, take_due
from batchsite.results import comparisons, hit_counts, order_steps, summaries
from batchsite.results.models import Comparison, HitCount, RowOrder, Summary

HERE = "batchsite.results.tasks"


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for each summary, comparison and filter to count, and each order to write down."""
    for summary in take_due(Summary.objects.defer("shown", "tally"), now, team="batch__team", lane=lambda _: "long"):
        yield Job(f"{HERE}.summarize", (summary.pk,), "long")
    comparisons_due = Comparison.objects.defer("shown", "tally")
    for comparison in take_due(comparisons_due, now, team="one__team", lane=lambda _: "long"):
        yield Job(f"{HERE}.compare", (comparison.pk,), "long")
    for hits in take_due(HitCount.objects.all(), now, team="batch__team", lane=lambda _: "long"):
        yield hit_counts.job(hits)
    for order in take_due(RowOrder.objects.all(), now, team="batch__team", lane=lambda _: "long"):
        yield order_steps.job(order)


def count_hits(hit_count_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        hit_counts.step(hit_count_id)


def sort_rows(order_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        order_steps.step(order_id)


def summarize(summary_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        summaries.step(summary_id)


def compare(comparison_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        comparisons.step(comparison_id)
