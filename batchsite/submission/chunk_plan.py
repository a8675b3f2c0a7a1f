"""Planning: which rows travel together. Every row is looked at before the first one is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Chunk, RawPage, RequestId, Result, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch, move, update
from batchsite.recipes.recipe import Recipe, RowProblem, check_row, empty_column, ranges
from batchsite.recipes.row_set import RowSet
from batchsite.submission import copies, result_records, results_store
from batchsite.submission.retriable import retriable_results
from batchsite.submission.step_context import LocalStep
from batchsite.timeouts import timeouts

SLICE = 10_000
"""Rows planned in one transaction."""
PROBLEMS_KEPT = 200


def plan(context: LocalStep) -> float | None:
    """Plans the next rows. Returns seconds until the next look, None if the batch went back to its draft."""
    while not context.is_over:
        submission = context.submission
        if submission.planned or submission.ended_at:
            return None if submission.ended_at else 0
        if submission.retry_of is not None:
            _plan_retry(context)
        elif submission.planned_through < submission.last_row:
            _plan_slice(context)
        else:
            return _end_planning(context)
    return 0


def _plan_slice(context: LocalStep) -> None:
    """Checks and plans the next slice of rows that were never sent."""
    submission, batch = context.submission, context.batch
    rows = batch.rows.within(submission.first_row, submission.last_row)
    piece = rows.after(max(submission.first_row - 1, submission.planned_through), SLICE)
    checked = _check_rows(batch, piece)
    kept = (
        copies.kept_digests(submission, recipe_of(batch)) if batch.sent_once and not submission.planned_through else {}
    )
    with context.locked() as submission:
        problems = checked.problems
        if checked.ids and not problems:
            problems = _take_ids(batch, checked.ids)
        if problems:
            _keep_problems(batch, problems)
        results_store.skip(submission, checked.skipped)
        if kept:
            copies.find(submission, kept)
        repeated = copies.find(submission, checked.digests) if checked.digests else {}
        copies.write_pending(submission, repeated)
        _add_chunks(submission, _spans(piece.without(sorted([*checked.left_out, *repeated])), checked.rows_at_once))
        update(submission, planned_through=piece.last)


@dataclass
class SliceCheck:
    """What was found in a slice of rows."""

    problems: list[RowProblem] = field(default_factory=list)
    ids: list[tuple[str, int]] = field(default_factory=list)
    """(id, row), where a column holds the ids."""
    skipped: dict[int, str] = field(default_factory=dict)
    """The reason by row, for rows that are not sent."""
    digests: dict[int, bytes] = field(default_factory=dict)
    """The digest of each row's request, if identical ones are sent once."""
    left_out: list[int] = field(default_factory=list)
    """Rows that are in no chunk, ascending: skipped ones, and those that were answered when they were tried."""
    rows_at_once: int = 1


def _check_rows(batch: Batch, piece: RowSet) -> SliceCheck:
    """Checks a slice of rows. Slow, so it runs outside of any transaction."""
    recipe, most = recipe_of(batch), settings.OPTIONS.request_bytes
    checked = SliceCheck(rows_at_once=_rows_at_once(recipe))
    answered = Result.objects.filter(batch_id=batch.pk, row__gte=piece.first, row__lte=piece.last)
    kept = set(answered.values_list("row", flat=True))
    for start, rows in batch.dataset.slices_in(piece.spans):
        for number, cells in enumerate(rows, start):
            if number in kept:
                checked.left_out.append(number)
                continue
            if batch.skip_empty and (empty := empty_column(recipe, cells)) is not None:
                checked.left_out.append(number)
                checked.skipped[number] = f"The column “{batch.dataset.columns[empty]}” is empty in this row."
                continue
            if batch.sent_once:
                checked.digests[number] = recipe.likeness(cells)
            problem = check_row(recipe, number, cells, most)
            if problem:
                checked.problems.append(problem)
            if recipe.id_column is not None:
                checked.ids.append((recipe.request_id(number, cells), number))
    return checked


def _take_ids(batch: Batch, ids: Sequence[tuple[str, int]]) -> list[RowProblem]:
    """Stores which row each id stands for. Returns a problem for every further row with the same id."""
    wanted = [request_id for request_id, _ in ids]
    taken = dict(RequestId.objects.filter(batch_id=batch.pk, request_id__in=wanted).values_list("request_id", "row"))
    problems, fresh = [], []
    for request_id, row in ids:
        if taken.setdefault(request_id, row) != row:
            problems.append(RowProblem(row, f"The id “{request_id}” is already used by row {taken[request_id]:,}."))
        else:
            fresh.append(RequestId(batch_id=batch.pk, request_id=request_id, row=row))
    RequestId.objects.bulk_create(fresh, ignore_conflicts=True)
    return problems


def _keep_problems(batch: Batch, problems: Sequence[RowProblem]) -> None:
    kept = Batch.objects.values_list("problems", flat=True).get(pk=batch.pk)
    kept += [{"row": problem.row, "message": problem.message} for problem in problems[: PROBLEMS_KEPT - len(kept)]]
    Batch.objects.filter(pk=batch.pk).update(problems=kept, problem_count=F("problem_count") + len(problems))


def _rows_at_once(recipe: Recipe) -> int:
    return recipe.rows_at_once(settings.OPTIONS.chunk_rows, settings.OPTIONS.chunk_bytes)


def _spans(rows: RowSet, at_once: int) -> Iterable[list[list[int]]]:
    """Returns the rows cut into chunks: [[first, last], …] for each."""
    return (piece.as_lists() for piece in rows.pieces(at_once))


def _add_chunks(submission: Submission, spans: Iterable[list[list[int]]]) -> None:
    chunks = [
        Chunk(submission=submission, first_row=span[0][0], ranges=span, count=sum(b - a + 1 for a, b in span))
        for span in spans
    ]
    Chunk.objects.bulk_create(chunks)
    submission.total += sum(chunk.count for chunk in chunks)
    submission.save(update_fields=["total"])


def _end_planning(context: LocalStep) -> float | None:
    """Continues with sending, or goes back to the draft if any row of the batch cannot be sent."""
    if not copies.forget_digests(context):
        return 0
    with context.locked() as submission:
        others = Submission.objects.filter(batch_id=submission.batch_id, retry_of=None).exclude(pk=submission.pk)
        if others.filter(planned_through__lt=F("last_row")).exists():
            return timeouts().poll  # nothing is sent before every row was looked at
        batch = lock_batch(submission.batch_id)
        if batch.problem_count:
            _back_to_draft(batch)
            return None
        if submission.total:
            move(submission, State.SUBMITTING, planned=True)
            return 0
    return _end_unsent(context)


def _end_unsent(context: LocalStep) -> float | None:
    """Ends a submission without a row to send: all are skipped, or have the answer of a row that was tried."""
    if not copies.give_answers(context):
        return 0
    with context.locked() as submission:
        move(submission, State.COMPLETED, planned=True)
    return None


_FLAWS = ("misfits", "no_answer", "truncated", "declined", "several")
_SUMS = ("total", "succeeded", "skipped", "copies", "cost_ticks", "cached_tokens", *_FLAWS, *result_records.TOKENS)


def _back_to_draft(batch: Batch) -> None:
    """Undoes the submit. Tried rows that were kept are written again with the next submit."""
    Result.objects.filter(batch_id=batch.pk).delete()
    RawPage.objects.filter(batch_id=batch.pk).delete()
    batch.submissions.all().delete()
    RequestId.objects.filter(batch_id=batch.pk).delete()
    cleared = dict.fromkeys(_SUMS, 0) | {"state": State.DRAFT, "started_at": None, "first_result_at": None}
    Batch.objects.filter(pk=batch.pk).update(**cleared)
    note(batch.pk, "refused", f"Not sent: {batch.problem_count:,} rows can’t be sent as they are")


# ---- rows that are tried again --------------------------------------------------------------------


def _plan_retry(context: LocalStep) -> None:
    """Takes the next results to retry, and plans chunks of their rows."""
    at_once = _rows_at_once(recipe_of(context.batch))
    with context.locked() as submission:
        again = retriable_results(submission).filter(row__gt=submission.planned_through).order_by("row")
        candidates = list(again[:SLICE])
        results = _fit_to_send(context.batch, copies.without_followers(submission, candidates))
        for start in range(0, len(results), at_once):
            part = results[start : start + at_once]
            _add_chunks(submission, [ranges(result.row for result in part)])
        if candidates:
            _reopen(submission, results)
            update(submission, planned_through=candidates[-1].row)
        if len(candidates) < SLICE:
            move(submission, State.SUBMITTING if submission.total else State.COMPLETED, planned=True)


def _fit_to_send(batch: Batch, results: list[Result]) -> list[Result]:
    """Returns the results without those of skipped rows that cannot be sent; skipped rows were never checked."""
    skipped = [result.row for result in results if result.state == RowState.SKIPPED]
    if not skipped:
        return results
    recipe, cells = recipe_of(batch), batch.dataset.pick(skipped)
    checked = [check_row(recipe, row, cells[row], settings.OPTIONS.request_bytes) for row in skipped]
    problems = [problem for problem in checked if problem]
    bad = {problem.row for problem in problems}
    if recipe.id_column is not None:
        ids = [(recipe.request_id(row, cells[row]), row) for row in skipped if row not in bad]
        problems += _take_ids(batch, ids)
    for problem in problems:
        Result.objects.filter(batch_id=batch.pk, row=problem.row).update(error=f"Skipped. {problem.message}")
    bad = {problem.row for problem in problems}
    return [result for result in results if result.row not in bad]


def _reopen(submission: Submission, results: Sequence[Result]) -> None:
    """Sets rows back to pending; they remember their earlier attempts."""
    counts: Counter[str] = Counter(result.state for result in results)
    counts.update(result_records.flaws_in(results))
    if results:
        result_records.write([_again(submission, result) for result in results])
    Batch.objects.filter(pk=submission.batch_id).update(**{state: F(state) - count for state, count in counts.items()})


def _again(submission: Submission, result: Result) -> result_records.Record:
    before = {
        "attempt": result.attempt,
        "submission": result.submission_id,
        "state": result.state,
        "error": result.error,
        "cause": result.cause,
        "misfit": result.misfit,
        "raw_page": result.raw_page_id,
        "answer": result.answer,
        "until": timezone.now().isoformat(timespec="seconds"),
    }
    return result_records.pending_record(submission, result, [*(result.earlier or []), before])
