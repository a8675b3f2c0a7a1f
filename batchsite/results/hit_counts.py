"""The number of rows that pass a filter, for its page. If only reading the rows tells, a worker counts.

It counts only while somebody waits, and the number is kept until a result or a judgement changes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.outages import write_if_possible
from batchsite.processes.queue import Job, enqueue
from batchsite.results import judgement_columns, sliced_count, summaries
from batchsite.results.known_counts import known_count
from batchsite.results.models import HitCount, Summary
from batchsite.results.row_filter import RowFilter, filter_in, query_of
from batchsite.results.row_search import Search

SLICE = 10_000
"""Rows that are searched at once."""
PATIENCE = timedelta(seconds=20)
"""A count continues for this long after a page last waited for it."""
RETRIED = timedelta(hours=1)
"""After this long, a count that was given up is tried again if somebody waits for it."""
KEPT = 30
"""Most counts that are kept of a batch."""
MOST_RUNNING = 20_000
"""Most rows of a batch that still runs: a count of more would be out of date before it is done."""


@dataclass(frozen=True)
class Hits:
    """How many rows of a batch a filter has."""

    rows: int | None
    """None while it is not known."""
    total: int
    is_counting: bool = False
    """A worker counts; it is known soon."""
    problem: str = ""
    """Why it cannot be counted."""


def hits_of(batch: Batch, row_filter: RowFilter, summary: Summary, shown: int | None = None) -> Hits:
    """Returns the number of rows, and has a worker count them if need be. `shown`: all of them, if a page has room."""
    asked = replace(row_filter, sort="")
    rows = shown if shown is not None else known_count(batch, asked, summary)
    if rows is not None:
        return Hits(rows, batch.total)
    if not batch.is_terminal and batch.total > MOST_RUNNING:
        return Hits(None, batch.total)
    query = query_of(asked)
    digest = hashlib.sha256(query.encode()).hexdigest()
    stored = HitCount.objects.filter(batch=batch, digest=digest).defer("tally").first()
    now = fingerprint(batch, summary, asked)
    if stored and stored.shown and stored.fingerprint == now:
        return Hits(int(stored.shown["rows"]), batch.total)
    if stored and stored.given_up == now and stored.asked_at > timezone.now() - RETRIED:
        return Hits(None, batch.total, problem=stored.problem)
    write_if_possible(lambda: _request(batch, query, digest, stored))
    return Hits(None, batch.total, is_counting=True)


def fingerprint(batch: Batch, summary: Summary, asked: RowFilter) -> str:
    """Changes when the count would."""
    judged = judgement_columns.fingerprint(batch) if asked.judged else ""
    return f"{summaries.fingerprint(batch, summary)} {judged}"


def _request(batch: Batch, query: str, digest: str, stored: HitCount | None) -> None:
    """Has a worker count, or go on with it. Written at most once in a while, however often a page asks."""
    now = timezone.now()
    if stored is None:
        stored, _ = HitCount.objects.get_or_create(batch=batch, digest=digest, defaults={"query": query})
        old = HitCount.objects.filter(batch=batch).order_by("-asked_at").values_list("pk", flat=True)[KEPT:]
        HitCount.objects.filter(pk__in=[*old]).delete()
    elif stored.next_look_at and stored.asked_at > now - PATIENCE / 4:
        return
    HitCount.objects.filter(pk=stored.pk).update(asked_at=now, next_look_at=now)
    enqueue(job(stored))


def job(hits: HitCount) -> Job:
    return Job("batchsite.results.tasks.count_hits", (hits.pk,), "long")


# ---- the step ------------------------------------------------------------------------------------------


def step(hit_count_id: int) -> None:
    """Counts for some seconds, unless nobody waits any more. Raises Busy, LeaseLost."""
    with claimed(HitCount, hit_count_id) as claim:
        hits = HitCount.objects.select_related("batch__dataset").get(pk=hit_count_id)
        if hits.asked_at < timezone.now() - PATIENCE:
            return
        now = fingerprint(hits.batch, summaries.summary_of(hits.batch), filter_in(QueryDict(hits.query)))
        sliced_count.attempt(claim, now, "Counting the rows", lambda: _count(claim, hits))


def _count(claim: Claim[HitCount], hits: HitCount) -> None:
    if not sliced_count.advance(claim, hits, RowsOfAFilter(hits)):
        claim.next_look_at = timezone.now()


class RowsOfAFilter(sliced_count.SlicedCount[HitCount]):
    """Counts the rows that pass a filter."""

    def __init__(self, hits: HitCount) -> None:
        self.batch, self.asked = hits.batch, filter_in(QueryDict(hits.query))
        self.summary = summaries.summary_of(hits.batch)
        self.search = Search(hits.batch, self.asked, self.summary)
        self.rows = 0

    @property
    def slice_rows(self) -> int:
        return SLICE

    def fingerprint(self) -> str:
        return fingerprint(self.batch, self.summary, self.asked)

    def last_row(self) -> int:
        return self.batch.rows.last

    def load(self, tally: dict[str, Any] | None) -> None:
        self.rows = int(tally["rows"]) if tally else 0

    def add(self, first: int, last: int) -> None:
        window = self.batch.rows.within(first, last)
        self.rows += len(self.search.among(window)) if len(window) else 0

    def dump(self) -> dict[str, Any]:
        return {"rows": self.rows}
