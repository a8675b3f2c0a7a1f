"""Counts over all rows of two batches, made by a worker: how many answers changed, and how many for the better."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, enqueue
from batchsite.results import sliced_count, summaries
from batchsite.results.batch_pair import BatchPair, changed_in
from batchsite.results.compared_rows import answers_between
from batchsite.results.models import Comparison

SLICE = 5_000


@dataclass
class ChangeCounts:
    """Rows by what became of their two answers."""

    both: int = 0
    """Rows that both batches answered."""
    changed: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    """Changed rows by field."""
    counted: int = 0
    """Rows of `both` with an expected value."""
    right: list[int] = field(default_factory=lambda: [0, 0])
    fixed: int = 0
    broken: int = 0


def fingerprint(pair: BatchPair) -> str:
    """Changes when a count would."""
    one, other = (summaries.fingerprint(side.batch, side.summary) for side in pair.sides)
    return f"{one} | {other}"[:1400]


def comparison_of(pair: BatchPair) -> Comparison:
    """Returns what is known of the pair. Has a worker count it if that is out of date."""
    comparison, _ = Comparison.objects.get_or_create(one=pair.one, other=pair.other)
    ended = pair.one.is_terminal and pair.other.is_terminal
    now = fingerprint(pair)
    outdated = now not in {comparison.fingerprint, comparison.given_up} and (ended or not comparison.shown)
    if outdated and comparison.next_look_at is None:
        comparison.next_look_at = timezone.now()
        Comparison.objects.filter(pk=comparison.pk).update(next_look_at=comparison.next_look_at)
        enqueue(Job("batchsite.results.tasks.compare", (comparison.pk,), "long"))
    return comparison


def problem_of(pair: BatchPair, comparison: Comparison) -> str:
    """Returns why the pair cannot be compared as a whole. Blank if it can, or nobody tried."""
    return comparison.problem if comparison.given_up and comparison.given_up == fingerprint(pair) else ""


def counts_in(stored: dict[str, Any] | None) -> ChangeCounts | None:
    return ChangeCounts(**stored) if stored else None


def step(comparison_id: int) -> None:
    """Counts for some seconds. Raises Busy, LeaseLost."""
    with claimed(Comparison, comparison_id) as claim:
        bare = _comparisons().defer("tally", "shown").get(pk=comparison_id)
        now = fingerprint(BatchPair(bare.one, bare.other))
        sliced_count.attempt(claim, now, "Comparing the batches", lambda: _count(claim))


def _comparisons() -> QuerySet[Comparison]:
    return Comparison.objects.select_related("one__dataset", "other__dataset")


def _count(claim: Claim[Comparison]) -> None:
    comparison = _comparisons().get(pk=claim.pk)
    if not sliced_count.advance(claim, comparison, ComparisonCount(comparison)):
        claim.next_look_at = timezone.now()


class ComparisonCount(sliced_count.SlicedCount[Comparison]):
    """Counts the rows of two batches by whether their answers differ."""

    @property
    def slice_rows(self) -> int:
        return SLICE

    def __init__(self, comparison: Comparison) -> None:
        self.pair = BatchPair(comparison.one, comparison.other)
        self.counts: ChangeCounts

    def fingerprint(self) -> str:
        return fingerprint(self.pair)

    def last_row(self) -> int:
        return self.pair.rows.last

    def load(self, tally: dict[str, Any] | None) -> None:
        self.counts = counts_in(tally) or ChangeCounts(fields=dict.fromkeys(self.pair.names, 0))

    def add(self, first: int, last: int) -> None:
        add(self.counts, self.pair, first, last)

    def dump(self) -> dict[str, Any]:
        return vars(self.counts)


def add(counts: ChangeCounts, pair: BatchPair, low: int, high: int) -> None:
    """Counts rows `low` to `high`."""
    one, other = pair.sides
    answers, others = answers_between(one.batch, low, high), answers_between(other.batch, low, high)
    expected = summaries.expected_cells(one.batch, low, high) if pair.column else []
    for row, answer in answers.items():
        if row not in others:
            continue
        counts.both += 1
        changed = changed_in(pair.names, one.values(answer), other.values(others[row]))
        counts.changed += bool(changed)
        for name in changed:
            counts.fields[name] = counts.fields.get(name, 0) + 1
        cell = expected[row - low] if expected else ""
        if cell.strip():
            was_right, is_right = one.is_right(answer, cell), other.is_right(others[row], cell)
            counts.counted += 1
            counts.right[0] += was_right
            counts.right[1] += is_right
            counts.fixed += is_right and not was_right
            counts.broken += was_right and not is_right
