"""A worker sums up the answers of a batch, slice by slice, and notes for every row what it holds.

Asked for when a batch ends, and by whoever looks at one whose results changed since. A step takes a lease, reads a few
slices outside of any transaction, writes codes and sums together, and says how far it came. What is shown is the last
whole sum.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.outages import write_if_possible
from batchsite.processes.queue import Job, enqueue
from batchsite.results import answer_fields, row_orders, tallies
from batchsite.results.models import Codes, Judgement, Summary
from batchsite.results.tallies import Seen, Tally

SLICE = 10_000
"""Rows that are read at once, and that share a page of codes."""
STEP_SECONDS = 3.0
MOST_CORRECTIONS = 20_000
PAUSE = timedelta(seconds=20)
GROWTH = 1.25
"""While a batch runs it is summed up again when a quarter more is there: all sums together cost a few of the last."""


def mark_of(batch: Batch, summary: Summary) -> str:
    """Changes when a sum would: results moved, or something else is expected."""
    counts = (batch.succeeded, batch.failed, batch.cancelled, batch.missing, batch.skipped, batch.cost_ticks)
    return f"{'-'.join(map(str, counts))} {batch.expected_column} / {summary.expected_field}"[:700]


def summary_of(batch: Batch) -> Summary:
    """The batch's summary, which is not stored before something is asked of it. What it shows may be of earlier."""
    return Summary.objects.filter(batch=batch).defer("tally").first() or Summary(batch=batch)


def is_current(batch: Batch, summary: Summary) -> bool:
    return summary.mark == mark_of(batch, summary)


def ask_for(batch: Batch, summary: Summary) -> None:
    """Let a worker sum the batch up, where results changed since it last did, and enough did."""
    mark, now = mark_of(batch, summary), timezone.now()
    if summary.next_look_at is not None or not batch.done:
        return
    if summary.mark == mark and not row_orders.missing(batch, summary):
        return
    if not batch.is_terminal and summary.as_of and not _grew(batch, summary, now - summary.as_of):
        return
    write_if_possible(lambda: nudge(summary))


def on_end(batch: Batch) -> None:
    """A batch ended: let a worker sum it up, whether somebody looks or not. One row is written, the ticker finds it."""
    if batch.done:
        summary, is_new = Summary.objects.get_or_create(batch=batch, defaults={"next_look_at": timezone.now()})
        if not is_new:
            Summary.objects.filter(pk=summary.pk).update(next_look_at=timezone.now())


def _grew(batch: Batch, summary: Summary, age: timedelta) -> bool:
    rows = (summary.shown or {}).get("sums", [0, 0, 0, 0])[3]
    return age > PAUSE and batch.succeeded > rows * GROWTH


def nudge(summary: Summary) -> None:
    """Look at it now."""
    now = timezone.now()
    if summary._state.adding:
        summary.pk = Summary.objects.get_or_create(batch=summary.batch)[0].pk
    Summary.objects.filter(pk=summary.pk).update(next_look_at=now)
    summary.next_look_at = now
    enqueue(Job("batchsite.results.tasks.sum_up", (summary.pk,), "long"))


# ---- the step ----------------------------------------------------------------------------------------


def step(summary_id: int) -> None:
    """Some seconds of summing up. Raises Busy, LeaseLost."""
    with claimed(Summary, summary_id) as claim:
        summary = Summary.objects.select_related("batch__dataset").get(pk=summary_id)
        mark = mark_of(summary.batch, summary)
        if summary.doing != mark and summary.mark != mark:
            _begin(claim, mark)
        if summary.mark != mark and not _go_on(claim):
            claim.next_look_at = timezone.now()
            return
        _correct(claim)
        if row_orders.sort_next(claim):
            claim.next_look_at = timezone.now()


def _begin(claim: Claim[Summary], mark: str) -> None:
    with claim.locked() as summary:
        Codes.objects.filter(summary=summary).exclude(edition=summary.edition).delete()
        summary.doing, summary.through, summary.tally = mark, 0, None
        summary.save(update_fields=["doing", "through", "tally"])


def _go_on(claim: Claim[Summary]) -> bool:
    """Sum up slices until the time is over; whether the end was reached."""
    summary = Summary.objects.select_related("batch__dataset").get(pk=claim.pk)
    batch, deadline = summary.batch, time.monotonic() + STEP_SECONDS
    tally = tallies.load(summary.tally) if summary.tally else new_tally(batch, summary)
    pages: list[Codes] = []
    last, through = last_row(batch), summary.through
    while through < last and (not pages or time.monotonic() < deadline):
        first, through = through + 1, min(through + SLICE, last)
        codes = tally.add(list(seen(batch, first, through)))
        pages += [
            Codes(summary=summary, edition=summary.edition + 1, name=name, first=first, data=tallies.packed(data))
            for name, data in codes.items()
        ]
    with claim.locked() as fresh:
        Codes.objects.bulk_create(pages, batch_size=200)
        fresh.through, fresh.tally = through, tally.dump()
        if through >= last:
            _show(fresh)
        fresh.save(update_fields=["through", "tally", "shown", "mark", "doing", "edition", "as_of"])
    return through >= last


def _show(summary: Summary) -> None:
    """What was summed up takes the place of what was shown."""
    summary.shown, summary.tally = summary.tally, None
    summary.mark, summary.doing = summary.doing, ""
    summary.edition += 1
    summary.as_of = timezone.now()
    Codes.objects.filter(summary=summary).exclude(edition=summary.edition).delete()


def new_tally(batch: Batch, summary: Summary) -> Tally:
    """An empty one, with the values that the shape names in their order."""
    names, compared = answer_fields.field_names(batch), compared_field(batch, summary)
    return Tally({name: tallies.Values() for name in names}, compared)


def compared_field(batch: Batch, summary: Summary) -> str:
    """Which field is held against the expected column; blank where none is expected."""
    if batch.expected_column not in batch.dataset.columns:
        return ""
    names = answer_fields.field_names(batch)
    if summary.expected_field in names:
        return summary.expected_field
    named = [name for name in names if name in answer_fields.kinds_of(batch)]
    return (named or [*names])[0]


def last_row(batch: Batch) -> int:
    """The number of the batch's last row in its dataset."""
    return batch.rows.last


def seen(batch: Batch, first: int, last: int) -> Iterator[Seen]:
    """What became of rows `first`..`last`, one by one."""
    shape = answer_fields.shape_in(batch)
    expected = expected_cells(batch, first, last)
    found = Result.objects.filter(batch_id=batch.pk, row__gte=first, row__lte=last).values_list(
        "row", "state", "answer", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_ticks"
    )
    results: dict[int, Any] = {row: rest for row, *rest in found}
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
    """What is expected of rows `first`..`last`; nothing where no column says."""
    if batch.expected_column not in batch.dataset.columns:
        return []
    column = batch.dataset.columns.index(batch.expected_column)
    return [cells[column] for _, rows in batch.dataset.slices(first, last) for cells in rows]


# ---- corrected answers against what was expected ------------------------------------------------------


def _correct(claim: Claim[Summary]) -> None:
    summary = Summary.objects.select_related("batch__dataset").get(pk=claim.pk)
    found = corrections(summary.batch, summary)
    with claim.locked() as fresh:
        fresh.corrections = found
        fresh.save(update_fields=["corrections"])


def corrections(batch: Batch, summary: Summary) -> dict[str, int]:
    """How corrected answers stand to what was expected: {"rows", "were_right", "are_right"}."""
    name = compared_field(batch, summary)
    if not name:
        return {}
    judged = Judgement.objects.filter(batch=batch, corrected__isnull=False).order_by("row")
    corrected = dict(judged.values_list("row", "corrected")[:MOST_CORRECTIONS])
    answers = _answers(batch, list(corrected))
    cells = batch.dataset.pick(corrected)
    column, shape = batch.dataset.columns.index(batch.expected_column), answer_fields.shape_in(batch)
    sums = {"rows": 0, "were_right": 0, "are_right": 0}
    for row, said in corrected.items():
        wanted = answer_fields.label(cells[row][column]) if row in cells else ""
        given = answer_fields.values_in(shape, answers.get(row, "")).get(name, "")
        if wanted and said and row in answers:
            sums["rows"] += 1
            sums["were_right"] += answer_fields.label(given) == wanted
            sums["are_right"] += answer_fields.label(said.get(name, given)) == wanted
    return sums


def _answers(batch: Batch, rows: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(rows), 900):
        some = Result.objects.filter(batch_id=batch.pk, row__in=rows[start : start + 900], state=RowState.SUCCEEDED)
        found.update(some.values_list("row", "answer"))
    return found
