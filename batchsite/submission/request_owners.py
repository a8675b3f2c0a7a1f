"""Which row a request id stands for."""

from __future__ import annotations

from collections.abc import Iterable

from batchsite.batches.models import Batch, RequestId, Result, Submission
from batchsite.recipes.recipe import row_of


def owners(submission: Submission, ids: Iterable[str]) -> dict[str, int]:
    """Returns the row by request id, for those ids that this submission sent."""
    found = rows_of(submission, ids)
    if submission.retry_of is None:
        return found
    taken = Result.objects.filter(
        batch_id=submission.batch_id, row__in=list(found.values()), submission_id=submission.pk
    )
    mine = set(taken.values_list("row", flat=True))
    return {request_id: row for request_id, row in found.items() if row in mine}


def rows_of(submission: Submission, ids: Iterable[str]) -> dict[str, int]:
    """Returns the row by request id, for those ids that are of rows in the submission's range."""
    first, last = submission.first_row, submission.last_row
    found = rows_in(submission.batch, ids)
    return {request_id: row for request_id, row in found.items() if first <= row <= last}


def rows_in(batch: Batch, ids: Iterable[str]) -> dict[str, int]:
    """Returns the row by request id, for those ids that have the form of the batch's."""
    if batch.id_column:
        known = RequestId.objects.filter(batch_id=batch.pk, request_id__in=list(ids))
        return dict(known.values_list("request_id", "row"))
    rows = ((request_id, row_of(request_id, batch.id_prefix)) for request_id in ids)
    return {request_id: row for request_id, row in rows if row is not None}
