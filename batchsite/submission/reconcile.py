"""What does the provider really have? Its list of requests decides, never our memory of a call.

Used after an add whose outcome is unknown, and where fewer rows show up than were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.utils import timezone

from batchsite.batches.models import Chunk, ChunkState, Result, Submission
from batchsite.batches.states import RowState
from batchsite.batches.timeline import note
from batchsite.batches.transitions import update
from batchsite.recipes.recipe import numbers, ranges
from batchsite.submission.request_owners import owners
from batchsite.submission.step_context import StepContext
from batchsite.timeouts import timeouts

PAGE = 1000


def listed_rows(context: StepContext) -> Iterator[tuple[int, str]]:
    """(row, state) of every request of ours that the provider lists. Holds one page, and keeps the lease."""
    submission = context.submission
    listed = context.client.iter_requests(submission.remote_id)
    while page := list(islice(listed, PAGE)):
        context.claim.extend()
        rows = owners(submission, [meta.batch_request_id for meta in page])
        yield from ((rows[meta.batch_request_id], meta.state) for meta in page if meta.batch_request_id in rows)


# ---- adds whose outcome is unknown -----------------------------------------------------------------


def resolve_unknown(context: StepContext) -> float | None:
    """Find out what became of chunks that were on their way when something broke.

    Seconds to wait where it is too early to look; None once nothing is unknown any more.
    """
    chunks = list(context.submission.chunks.filter(state=ChunkState.SENDING).order_by("first_row"))
    if not chunks:
        return None
    latest = max(chunk.sent_at for chunk in chunks if chunk.sent_at)
    wait = timeouts().after_unknown - (timezone.now() - latest).total_seconds()
    if wait > 0:
        return wait
    open_rows = {row for chunk in chunks for row in numbers(chunk.ranges)}
    present: set[int] = set()
    for row, _ in listed_rows(context):
        if row in open_rows:
            present.add(row)
        if len(present) == len(open_rows):
            break
    with context.locked():
        for chunk in chunks:
            _resolve(context, chunk, present)
        note(
            context.batch.pk,
            "reconciled",
            "A reply was lost; xAI's own list told what it has",
            submission=context.submission,
            detail=f"{len(present):,} of {len(open_rows):,} rows had arrived",
        )
    return None


def _resolve(context: StepContext, chunk: Chunk, present: set[int]) -> None:
    """Rows that arrived count as sent; the others are planned again. An add takes all or none (facts 2.5), mostly."""
    rows = numbers(chunk.ranges)
    here = [row for row in rows if row in present]
    gone = [row for row in rows if row not in present]
    if here and gone:
        rest, rows = (gone, here) if rows[0] in present else (here, gone)
        state = ChunkState.PLANNED if rest is gone else ChunkState.SENT
        Chunk.objects.create(
            submission_id=chunk.submission_id, first_row=rest[0], ranges=ranges(rest), count=len(rest), state=state
        )
    chunk.ranges, chunk.count = ranges(rows), len(rows)
    chunk.state = ChunkState.SENT if rows[0] in present else ChunkState.PLANNED
    chunk.save(update_fields=["ranges", "count", "state"])
    if here:
        update(context.submission, sent=context.submission.sent + len(here))


# ---- rows that do not show up ------------------------------------------------------------------------


@dataclass
class Findings:
    """Of the rows that have no result yet, what the provider says of them."""

    pending: int = 0
    silent: int = 0
    """Listed as ended, without a readable result."""
    absent: list[int] = field(default_factory=list)
    """Primary keys of chunks with rows that the provider does not list."""


def look_for_rows(context: StepContext) -> Findings:
    """Compare every row without a result with the provider's list. One byte of memory for a row."""
    submission = context.submission
    first = submission.first_row
    seen = bytearray(submission.last_row - first + 1)
    for row, state in listed_rows(context):
        seen[row - first] = _ENDED if state in _ENDED_STATES else _LISTED
    findings = Findings()
    for chunk in chunks_of(submission, ChunkState.SENT):
        rows = _open_rows(context, numbers(chunk.ranges))
        marks = [seen[row - first] for row in rows]
        findings.pending += marks.count(_LISTED)
        findings.silent += marks.count(_ENDED)
        if not all(marks):
            findings.absent.append(chunk.pk)
    return findings


_LISTED, _ENDED = 1, 2


def chunks_of(submission: Submission, *states: ChunkState, after_row: int = 0) -> Iterator[Chunk]:
    """Chunks in order of their first row. A few at a time, each read a query of its own: see Dataset.slices."""
    found = submission.chunks.filter(state__in=states).order_by("first_row")
    while some := list(found.filter(first_row__gt=after_row)[:20]):
        yield from some
        after_row = some[-1].first_row


_ENDED_STATES = {"succeeded", "failed", "cancelled"}


def _open_rows(context: StepContext, rows: Sequence[int]) -> list[int]:
    """Those of `rows` whose fate is not known."""
    ended = Result.objects.filter(batch_id=context.batch.pk, row__in=rows).exclude(state=RowState.PENDING)
    known = set(ended.values_list("row", flat=True))
    return [row for row in rows if row not in known]


def send_again(context: StepContext, chunk_pks: Sequence[int]) -> None:
    """Plan chunks again that the provider took and does not have. The same bytes, so that rows it has are no-ops."""
    with context.locked() as submission:
        chunks = Chunk.objects.filter(pk__in=chunk_pks, state=ChunkState.SENT)
        count = sum(chunk.count for chunk in chunks)
        chunks.update(state=ChunkState.PLANNED)
        update(submission, sent=submission.sent - count, readds=submission.readds + 1)
        note(
            submission.batch_id,
            "readded",
            f"xAI does not list {count:,} rows that it had taken; they are sent again",
            submission=submission,
        )
