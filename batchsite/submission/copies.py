"""Identical requests are sent once: rows that repeat another one's request are copies, and get its answer.

They are found when rows are planned, by a digest of the request, within one batch at xAI. A copy is in no chunk: its
result is pending, and names its original, until a submission ends; then it gets what the original has. Copies follow
their original through retries, as the number of its attempt tells whether they have its latest answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from batchsite.batches.course import record_progress
from batchsite.batches.models import Batch, RequestDigest, Result, Submission
from batchsite.batches.signals import copies_given
from batchsite.batches.states import RowState
from batchsite.batches.tool_use import of_a_copy
from batchsite.recipes.recipe import Recipe
from batchsite.submission import result_records
from batchsite.submission.result_records import Record
from batchsite.submission.retriable import retriable_results
from batchsite.submission.step_context import LocalStep

SLICE = 2_000
"""Copies that are given their answers in one transaction."""
PARTS = 8
"""Parts in which digests are removed."""


# ---- planning ----------------------------------------------------------------------------------------------


def find(submission: Submission, digests: Mapping[int, bytes]) -> dict[int, int]:
    """Returns {row: the row that it repeats}, and remembers the requests that are new.

    `digests` are by row, ascending. Call it once for each row, in the transaction that plans it.
    """
    first: dict[bytes, int] = {}
    for row, digest in digests.items():
        first.setdefault(digest, row)
    known = RequestDigest.objects.filter(submission=submission, digest__in=list(first))
    before = {bytes(digest): row for digest, row in known.values_list("digest", "row")}
    _remember(submission, {digest: row for digest, row in first.items() if digest not in before})
    originals = first | before
    return {row: originals[digest] for row, digest in digests.items() if originals[digest] != row}


def _remember(submission: Submission, rows: Mapping[bytes, int]) -> None:
    """Inserts digests in one statement, ten times faster than through Django's models."""
    if not rows:
        return
    into = f"INSERT INTO {RequestDigest._meta.db_table} (submission_id, digest, {connection.ops.quote_name('row')})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            values: list[Any] = [submission.pk, list(rows), list(rows.values())]
            cursor.execute(f"{into} SELECT %s, * FROM unnest(%s::bytea[], %s::bigint[])", values)  # noqa: S608
        else:
            marks = [(submission.pk, digest, row) for digest, row in rows.items()]
            cursor.executemany(f"{into} VALUES (%s, %s, %s)", marks)


def kept_digests(submission: Submission, recipe: Recipe) -> dict[int, bytes]:
    """Returns the digests of rows that were answered when they were tried: what repeats them is not sent, either."""
    batch = submission.batch
    kept = Result.objects.filter(batch_id=batch.pk, submission=None, state=RowState.SUCCEEDED)
    rows = kept.filter(row__gte=submission.first_row, row__lte=submission.last_row).values_list("row", flat=True)
    return {row: recipe.likeness(cells) for row, cells in sorted(batch.dataset.pick(rows).items())}


def write_pending(submission: Submission, copies: Mapping[int, int]) -> None:
    """Records which rows are copies, in the transaction that plans the others."""
    if not copies:
        return
    records = [
        result_records.unanswered(submission.batch_id, row, submission.pk)._replace(copy_of=original)
        for row, original in copies.items()
    ]
    result_records.write(records)
    Batch.objects.filter(pk=submission.batch_id).update(copies=F("copies") + len(records))


def forget_digests(context: LocalStep) -> bool:
    """Removes what only planning needs, part by part. Returns whether all is gone."""
    if not context.submission.batch.sent_once:
        return True
    digests = RequestDigest.objects.filter(submission_id=context.submission.pk)
    width = 256 // PARTS
    for start in range(0, 256, width):
        if context.is_over:
            return False
        part = digests.filter(digest__gte=bytes([start]))
        if start + width < 256:
            part = part.filter(digest__lt=bytes([start + width]))
        part.delete()
    return True


# ---- answers -------------------------------------------------------------------------------------------------


def give_answers(context: LocalStep) -> bool:
    """Gives copies what their originals have, as far as the step goes. Returns whether all copies are up to date."""
    batch_id, after = context.submission.batch_id, 0
    if not Batch.objects.filter(pk=batch_id, copies__gt=0).exists():
        return True
    while rows := list(_behind(batch_id).filter(row__gt=after).order_by("row").values_list("row", flat=True)[:SLICE]):
        if context.is_over:
            return False
        with context.locked():
            _give(batch_id, rows)
        after = rows[-1]
    return True


def _behind(batch_id: int) -> QuerySet[Result]:
    """Returns the copies whose originals have a newer answer."""
    original = Result.objects.filter(batch_id=OuterRef("batch_id"), row=OuterRef("copy_of"))
    original = original.exclude(state=RowState.PENDING)
    copies = Result.objects.filter(batch_id=batch_id, copy_of__isnull=False)
    return copies.filter(
        Q(Exists(original), state=RowState.PENDING) | Exists(original.exclude(attempt=OuterRef("attempt")))
    )


def _give(batch_id: int, rows: Sequence[int]) -> None:
    """Writes the results of copies, and what they change in the sums, in the caller's transaction."""
    copies = list(Result.objects.filter(batch_id=batch_id, row__in=rows, copy_of__isnull=False))
    originals = Result.objects.filter(batch_id=batch_id, row__in={copy.copy_of for copy in copies})
    by_row = {original.row: original for original in originals.exclude(state=RowState.PENDING)}
    pairs = [(copy, by_row[copy.copy_of]) for copy in copies if copy.copy_of in by_row]
    records = [_record(copy, original) for copy, original in pairs]
    if not records:
        return
    moves: Counter[str] = Counter(record.state for record in records)
    moves.update(result_records.flaws_in(records))
    moves.subtract(Counter(copy.state for copy, _ in pairs if copy.state != RowState.PENDING))
    moves.subtract(result_records.flaws_in(copy for copy, _ in pairs))
    result_records.write(records)
    copies_given.send(Batch, batch_id=batch_id, copies={copy.row: copy.copy_of for copy, _ in pairs})
    changed = {name: F(name) + move for name, move in moves.items() if move}
    Batch.objects.filter(pk=batch_id).update(**changed)
    batch = Batch.objects.get(pk=batch_id)
    record_progress(batch_id, batch.done, batch.started_at)


def _record(copy: Result, original: Result) -> Record:
    """Returns what a copy gets: all but the cost and the tokens, which are the original's."""
    return result_records.unanswered(copy.batch_id, copy.row, original.submission_id)._replace(
        copy_of=copy.copy_of,
        state=original.state,
        attempt=original.attempt,
        answer=original.answer,
        error=original.error,
        cause=original.cause,
        misfit=original.misfit,
        others=result_records.as_json(original.others),
        finish_reason=original.finish_reason,
        answered_by=original.answered_by,
        cost_ticks=copy.cost_ticks,
        raw_page_id=original.raw_page_id,
        earlier=result_records.as_json(original.earlier),
        tool_use=result_records.as_json(of_a_copy(original.tool_use)),
    )


# ---- rows that are tried again -----------------------------------------------------------------------------------


def without_followers(submission: Submission, results: Sequence[Result]) -> list[Result]:
    """Returns those of the results that are to be sent again; the others are copies that follow one that is.

    A copy whose original is not tried again is sent itself, as the original of those that repeat it.
    """
    copied = {result.copy_of for result in results if result.copy_of is not None}
    if not copied:
        return list(results)
    tried = set(retriable_results(submission).filter(row__in=copied).values_list("row", flat=True))
    pending = Result.objects.filter(batch_id=submission.batch_id, row__in=copied, state=RowState.PENDING)
    tried |= set(pending.values_list("row", flat=True))
    sent, moved = [], dict[int, int]()
    for result in results:
        if result.copy_of is None:
            sent.append(result)
        elif result.copy_of in tried:
            continue
        elif result.copy_of in moved:
            Result.objects.filter(batch_id=submission.batch_id, row=result.row).update(copy_of=moved[result.copy_of])
        else:
            moved[result.copy_of] = result.row
            sent.append(result)
    Batch.objects.filter(pk=submission.batch_id).update(copies=F("copies") - len(moved))
    return sent
