"""When xAI refuses an add call, the rows at fault are found by halving, and only they fail.

Admission is atomic: one bad row refuses its whole call, and nothing of it was taken (facts 2.5).
"""

from __future__ import annotations

from collections.abc import Mapping

from batchsite.batches.causes import REFUSED
from batchsite.batches.models import Chunk, ChunkState, Submission
from batchsite.batches.states import RowState
from batchsite.batches.timeline import note
from batchsite.recipes.recipe import numbers, ranges
from batchsite.submission import results_store
from batchsite.xai.errors import InvalidRequest, ModelNotBatchable, XaiError

HOPELESS = 3
"""After this many single rows were refused and none accepted, the rows are not the cause."""


def concerns_rows(error: XaiError) -> bool:
    """Whether other rows could still be taken."""
    return isinstance(error, InvalidRequest) and not isinstance(error, ModelNotBatchable)


def cut(chunk: Chunk, after: int = 0) -> None:
    """Cuts a chunk in two, in the middle or after this many rows, inside the caller's transaction."""
    rows = numbers(chunk.ranges)
    half = after or len(rows) // 2
    Chunk.objects.create(
        submission_id=chunk.submission_id,
        first_row=rows[half],
        ranges=ranges(rows[half:]),
        count=len(rows) - half,
    )
    _become(chunk, rows[:half])


def _become(chunk: Chunk, rows: list[int]) -> None:
    chunk.ranges, chunk.count, chunk.state = ranges(rows), len(rows), ChunkState.PLANNED
    chunk.sha256, chunk.size = "", 0
    chunk.save(update_fields=["ranges", "count", "state", "sha256", "size"])


def drop(submission: Submission, chunk: Chunk, why: Mapping[int, str]) -> None:
    """Fails rows of a planned chunk, {row: why}, which are not sent. The submission is locked."""
    fail(submission, why)
    left = [row for row in numbers(chunk.ranges) if row not in why]
    if not left:
        chunk.delete()
        return
    chunk.first_row = left[0]
    chunk.save(update_fields=["first_row"])
    _become(chunk, left)


def fail(submission: Submission, why: Mapping[int, str]) -> None:
    """Fails rows, {row: why}. The submission is locked."""
    for words in dict.fromkeys(why.values()):
        rows = [row for row, reason in why.items() if reason == words]
        results_store.declare(submission, rows, RowState.FAILED, words, REFUSED)


def isolate(submission: Submission, chunk: Chunk, error: XaiError) -> bool:
    """Halves a refused chunk; a single row fails, with xAI's words.

    Returns False, and changes nothing, if every row seems to be refused: then the batch is at fault.
    """
    if chunk.count > 1:
        cut(chunk)
        return True
    if not submission.sent and submission.failed + 1 >= HOPELESS:
        return False
    results_store.declare(submission, numbers(chunk.ranges), RowState.FAILED, error.message, REFUSED)
    chunk.delete()
    note(
        submission.batch_id,
        "refused_row",
        "xAI refused individual rows when they were sent",
        submission=submission,
        detail=error.message,
        trace_id=error.trace_id,
    )
    return True
