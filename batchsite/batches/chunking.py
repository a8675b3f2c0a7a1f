"""Planning: which rows travel together. Every row is looked at before the first one is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from batchsite.batches import storing
from batchsite.batches.models import Batch, Chunk, RequestId, Result, Submission
from batchsite.batches.moving import move, note, update
from batchsite.batches.planning import RowProblem, check_row, ranges
from batchsite.batches.states import State
from batchsite.batches.turns import Turn, recipe_of

SLICE = 10_000
"""Rows planned in one transaction."""
PROBLEMS_KEPT = 200


def plan(turn: Turn) -> float | None:
    """Plan the next rows; seconds until the next look, None when the batch went back to its draft."""
    while not turn.over:
        submission = turn.submission
        if submission.planned:
            return 0
        if submission.retry_of is not None:
            _plan_retry(turn)
        elif not _plan_slice(turn):
            return None
    return 0


def _plan_slice(turn: Turn) -> bool:
    """Check and plan the next slice of rows that were never sent. False when problems end it."""
    submission, batch = turn.submission, turn.batch
    first = max(submission.first_row, submission.planned_through + 1)
    last = min(submission.last_row, first + SLICE - 1)
    problems, ids = _look_at_rows(batch, first, last)
    with turn.locked() as submission:
        if ids and not problems:
            problems = _take_ids(batch, ids)
        if problems:
            _keep_problems(batch, problems)
        _add_chunks(submission, _spans(first, last))
        update(submission, planned_through=last)
        if last >= submission.last_row:
            return _end_planning(submission)
    return True


def _look_at_rows(batch: Batch, first: int, last: int) -> tuple[list[RowProblem], list[tuple[str, int]]]:
    """Problems of these rows, and (id, row) where a column holds the ids. Long: outside any transaction."""
    recipe, most = recipe_of(batch), settings.OPTIONS.request_bytes
    problems, ids = [], []
    for number, cells in batch.dataset.rows(first, last):
        problem = check_row(recipe, number, cells, most)
        if problem:
            problems.append(problem)
        if recipe.id_column is not None:
            ids.append((recipe.request_id(number, cells), number))
    return problems, ids


def _take_ids(batch: Batch, ids: Sequence[tuple[str, int]]) -> list[RowProblem]:
    """Remember which row an id stands for; a second row with the same id is a problem."""
    wanted = [request_id for request_id, _ in ids]
    taken = dict(RequestId.objects.filter(batch_id=batch.pk, request_id__in=wanted).values_list("request_id", "row"))
    problems, fresh = [], []
    for request_id, row in ids:
        if taken.setdefault(request_id, row) != row:
            problems.append(RowProblem(row, f"The id “{request_id}” is already that of row {taken[request_id]:,}."))
        else:
            fresh.append(RequestId(batch_id=batch.pk, request_id=request_id, row=row))
    RequestId.objects.bulk_create(fresh, ignore_conflicts=True)
    return problems


def _keep_problems(batch: Batch, problems: Sequence[RowProblem]) -> None:
    kept = Batch.objects.values_list("problems", flat=True).get(pk=batch.pk)
    kept += [{"row": one.row, "message": one.message} for one in problems[: PROBLEMS_KEPT - len(kept)]]
    Batch.objects.filter(pk=batch.pk).update(problems=kept, problem_count=F("problem_count") + len(problems))


def _spans(first: int, last: int) -> Iterable[list[list[int]]]:
    """Rows `first`..`last` cut into chunks."""
    size = settings.OPTIONS.chunk_rows
    return ([[start, min(start + size - 1, last)]] for start in range(first, last + 1, size))


def _add_chunks(submission: Submission, spans: Iterable[list[list[int]]]) -> None:
    chunks = [
        Chunk(submission=submission, first_row=span[0][0], ranges=span, count=sum(b - a + 1 for a, b in span))
        for span in spans
    ]
    Chunk.objects.bulk_create(chunks)
    submission.total += sum(chunk.count for chunk in chunks)
    submission.save(update_fields=["total"])


def _end_planning(submission: Submission) -> bool:
    """All rows were looked at: on to sending, or back to the draft if any row cannot be sent."""
    batch = Batch.objects.select_for_update().get(pk=submission.batch_id)
    if not batch.problem_count:
        move(submission, State.SUBMITTING, planned=True)
        return True
    batch.submissions.all().delete()
    RequestId.objects.filter(batch_id=batch.pk).delete()
    batch.state, batch.total, batch.started_at = State.DRAFT, 0, None
    batch.save(update_fields=["state", "total", "started_at"])
    note(batch.pk, "refused", f"Not sent: {batch.problem_count:,} rows cannot be sent as they are")
    return False


# ---- rows that are tried again --------------------------------------------------------------------


def _plan_retry(turn: Turn) -> None:
    """Take the next results that are to be tried again, and make chunks of their rows."""
    with turn.locked() as submission:
        again = retriable(submission).filter(row__gt=submission.planned_through).order_by("row")
        results = list(again[:SLICE])
        for start in range(0, len(results), settings.OPTIONS.chunk_rows):
            some = results[start : start + settings.OPTIONS.chunk_rows]
            _add_chunks(submission, [ranges(result.row for result in some)])
        if results:
            _reopen(submission, results)
            update(submission, planned_through=results[-1].row)
        if len(results) < SLICE:
            move(submission, State.SUBMITTING if submission.total else State.COMPLETED, planned=True)


def retriable(submission: Submission) -> Any:
    """The results that this submission was asked to try again and has not taken yet."""
    wanted = submission.retry_of or {}
    results = Result.objects.filter(batch_id=submission.batch_id, state__in=wanted["states"])
    if wanted.get("causes"):
        results = results.filter(cause__in=wanted["causes"])
    if wanted.get("rows"):
        results = results.filter(row__in=wanted["rows"])
    return results.exclude(submission_id=submission.pk)


def _reopen(submission: Submission, results: Sequence[Result]) -> None:
    """Rows go back to pending, and remember what became of them before."""
    counts: dict[str, int] = {}
    for result in results:
        counts[result.state] = counts.get(result.state, 0) + 1
    storing.write([_again(submission, result) for result in results])
    Batch.objects.filter(pk=submission.batch_id).update(**{state: F(state) - count for state, count in counts.items()})


def _again(submission: Submission, result: Result) -> storing.Record:
    before = {
        "attempt": result.attempt,
        "submission": result.submission_id,
        "state": result.state,
        "error": result.error,
        "cause": result.cause,
        "raw_page": result.raw_page_id,
        "answer": result.answer,
        "until": timezone.now().isoformat(timespec="seconds"),
    }
    return storing.pending_record(submission, result, [*(result.earlier or []), before])
