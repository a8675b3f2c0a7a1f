"""The summary of a batch: a worker counts what its answers hold, and stores a code for every row.

Requested when a batch ends, and by whoever opens one whose results have changed since the last count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.outages import write_if_possible
from batchsite.processes.queue import Job, enqueue
from batchsite.results import answer_fields, sliced_count, tallies
from batchsite.results.models import Codes, Judgement, Summary
from batchsite.results.tallies import Seen, Tally

SLICE = 10_000
"""Rows that are read at once and share a page of codes."""
MOST_CORRECTIONS = 20_000
PAUSE = timedelta(seconds=20)
GROWTH = 1.25
"""While a batch runs it is counted again once there are a quarter more answers: that keeps the total cost to a few
times the last count."""


def fingerprint(batch: Batch, summary: Summary) -> str:
    """Changes when a count would: results moved, or another column is expected."""
    counts = (batch.succeeded, batch.failed, batch.cancelled, batch.missing, batch.skipped, batch.cost_ticks)
    return f"{'-'.join(map(str, counts))} {batch.expected_column} / {summary.expected_field}"[:700]


def summary_of(batch: Batch) -> Summary:
    """Returns the summary of the batch, unsaved until one is first requested. What it shows may be out of date."""
    return Summary.objects.filter(batch=batch).defer("tally").first() or Summary(batch=batch)


def is_current(batch: Batch, summary: Summary) -> bool:
    return summary.fingerprint == fingerprint(batch, summary)


def problem_of(batch: Batch, summary: Summary) -> str:
    """Returns why these answers cannot be summed up. Blank if they can, or nobody tried."""
    return summary.problem if summary.given_up and summary.given_up == fingerprint(batch, summary) else ""


def request(batch: Batch, summary: Summary) -> None:
    """Has a worker count the batch again if enough of its results have changed."""
    if summary.next_look_at is not None or not batch.done:
        return
    if is_current(batch, summary):
        return
    if problem_of(batch, summary):
        return
    if not batch.is_terminal and summary.as_of and not _grew(batch, summary, timezone.now() - summary.as_of):
        return
    write_if_possible(lambda: nudge(summary))


def on_end(batch: Batch) -> None:
    """Has a batch that ended counted, whether or not anybody looks. Only writes one row, which the ticker finds."""
    if batch.done:
        summary, is_new = Summary.objects.get_or_create(batch=batch, defaults={"next_look_at": timezone.now()})
        if not is_new:
            Summary.objects.filter(pk=summary.pk).update(next_look_at=timezone.now())


def _grew(batch: Batch, summary: Summary, age: timedelta) -> bool:
    rows = (summary.shown or {}).get("sums", [0, 0, 0, 0])[3]
    return age > PAUSE and batch.succeeded > rows * GROWTH


def nudge(summary: Summary) -> None:
    """Has a worker count now."""
    now = timezone.now()
    if summary._state.adding:
        summary.pk = Summary.objects.get_or_create(batch=summary.batch)[0].pk
    Summary.objects.filter(pk=summary.pk).update(next_look_at=now)
    summary.next_look_at = now
    enqueue(Job("batchsite.results.tasks.summarize", (summary.pk,), "long"))


# ---- the step ----------------------------------------------------------------------------------------


def step(summary_id: int) -> None:
    """Counts and corrects for some seconds. Raises Busy, LeaseLost."""
    with claimed(Summary, summary_id) as claim:
        bare = Summary.objects.select_related("batch__dataset").defer("tally", "shown").get(pk=summary_id)
        sliced_count.attempt(claim, fingerprint(bare.batch, bare), "Summarizing the answers", lambda: _count(claim))


def _count(claim: Claim[Summary]) -> None:
    summary = Summary.objects.select_related("batch__dataset").get(pk=claim.pk)
    if not sliced_count.advance(claim, summary, SummaryCount(summary)):
        claim.next_look_at = timezone.now()
        return
    _correct(claim)


class SummaryCount(sliced_count.SlicedCount[Summary]):
    """Counts values and numbers, and stores a code for every row."""

    @property
    def slice_rows(self) -> int:
        return SLICE

    def __init__(self, summary: Summary) -> None:
        self.summary, self.batch = summary, summary.batch
        self.pages: list[Codes] = []
        self.tally: Tally

    def fingerprint(self) -> str:
        return fingerprint(self.batch, self.summary)

    def last_row(self) -> int:
        return self.batch.rows.last

    def load(self, tally: dict[str, Any] | None) -> None:
        self.tally = tallies.load(tally) if tally else new_tally(self.batch, self.summary)

    def add(self, first: int, last: int) -> None:
        edition = self.summary.edition + 1
        codes = self.tally.add(list(seen(self.batch, first, last)))
        self.pages += [
            Codes(summary=self.summary, edition=edition, name=name, first=first, data=tallies.packed(data))
            for name, data in codes.items()
        ]

    def dump(self) -> dict[str, Any]:
        return self.tally.dump()

    def on_restart(self, work: Summary) -> None:
        Codes.objects.filter(summary=work).exclude(edition=work.edition).delete()

    def on_stored(self, work: Summary) -> None:
        Codes.objects.bulk_create(self.pages, batch_size=200)

    def on_complete(self, work: Summary) -> None:
        work.edition += 1
        Codes.objects.filter(summary=work).exclude(edition=work.edition).delete()


def new_tally(batch: Batch, summary: Summary) -> Tally:
    """Returns an empty tally with all fields of the answers, in order."""
    names, compared = answer_fields.field_names(batch), compared_field(batch, summary)
    return Tally({name: tallies.Values() for name in names}, compared)


def compared_field(batch: Batch, summary: Summary) -> str:
    """Returns the field that is compared with the expected column. Blank if no column is expected."""
    if batch.expected_column not in batch.dataset.columns:
        return ""
    names = answer_fields.field_names(batch)
    if summary.expected_field in names:
        return summary.expected_field
    named = [name for name in names if name in answer_fields.kinds_of(batch)]
    return (named or [*names])[0]


def seen(batch: Batch, first: int, last: int) -> Iterator[Seen]:
    """Yields what became of each of rows `first` to `last`."""
    shape = answer_fields.shape_in(batch)
    expected = expected_cells(batch, first, last)
    stored = Result.objects.filter(batch_id=batch.pk, row__gte=first, row__lte=last).values_list(
        "row", "state", "answer", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_ticks"
    )
    results: dict[int, Any] = {row: values for row, *values in stored}
    nothing = Seen(None, 0, 0, 0)
    for row in range(first, last + 1):
        if row not in results:
            yield nothing
            continue
        state, answer, prompt, completion, reasoning, cost = results[row]
        values = answer_fields.values_in(shape, answer) if state == RowState.SUCCEEDED else None
        cell = expected[row - first] if expected else ""
        yield Seen(values, prompt + completion + reasoning, cost, len(answer), cell)


def expected_cells(batch: Batch, first: int, last: int) -> list[str]:
    """Returns the expected values of rows `first` to `last`. Empty if no column is expected."""
    if batch.expected_column not in batch.dataset.columns:
        return []
    column = batch.dataset.columns.index(batch.expected_column)
    return [cells[column] for _, rows in batch.dataset.slices(first, last) for cells in rows]


# ---- corrected answers against what was expected ------------------------------------------------------


def _correct(claim: Claim[Summary]) -> None:
    summary = Summary.objects.select_related("batch__dataset").get(pk=claim.pk)
    counts = corrections(summary.batch, summary)
    with claim.locked() as fresh:
        fresh.corrections = counts
        fresh.save(update_fields=["corrections"])


def corrections(batch: Batch, summary: Summary) -> dict[str, int]:
    """Returns how corrected answers compare with the expected values: {"rows", "were_right", "are_right"}."""
    name = compared_field(batch, summary)
    if not name:
        return {}
    judged = Judgement.objects.filter(batch=batch, corrected__isnull=False).order_by("row")
    corrected = dict(judged.values_list("row", "corrected")[:MOST_CORRECTIONS])
    answers = _answers(batch, list(corrected))
    cells = batch.dataset.pick(corrected)
    column, shape = batch.dataset.columns.index(batch.expected_column), answer_fields.shape_in(batch)
    counts = {"rows": 0, "were_right": 0, "are_right": 0}
    for row, correction in corrected.items():
        wanted = answer_fields.label(cells[row][column]) if row in cells else ""
        given = answer_fields.values_in(shape, answers.get(row, "")).get(name, "")
        if wanted and correction and row in answers:
            counts["rows"] += 1
            counts["were_right"] += answer_fields.label(given) == wanted
            counts["are_right"] += answer_fields.label(correction.get(name, given)) == wanted
    return counts


def _answers(batch: Batch, rows: list[int]) -> dict[int, str]:
    answers: dict[int, str] = {}
    for start in range(0, len(rows), 900):
        part = Result.objects.filter(batch_id=batch.pk, row__in=rows[start : start + 900], state=RowState.SUCCEEDED)
        answers.update(part.values_list("row", "answer"))
    return answers
