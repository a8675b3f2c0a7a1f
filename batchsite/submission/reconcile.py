"""What xAI really has: its list of requests decides, never our record of a call.

Used after an add whose outcome is unknown, and when fewer rows show up than were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

from django.utils import timezone

from batchsite.batches.models import Chunk, ChunkState, Result, Submission
from batchsite.batches.states import RowState
from batchsite.batches.timeline import note
from batchsite.batches.transitions import update
from batchsite.recipes.recipe import numbers, ranges
from batchsite.submission.request_owners import owners
from batchsite.submission.restore import must_be_confirmed
from batchsite.submission.step_context import StepContext
from batchsite.timeouts import timeouts

PAGE = 1000


def listed_rows(context: StepContext) -> Iterator[tuple[int, str]]:
    """Yields (row, state) of every request of ours that xAI lists. Holds one page in memory, and keeps the lease."""
    submission = context.submission
    listed = context.client.iter_requests(submission.remote_id)
    while page := list(islice(listed, PAGE)):
        context.claim.extend()
        rows = owners(submission, [meta.batch_request_id for meta in page])
        yield from ((rows[meta.batch_request_id], meta.state) for meta in page if meta.batch_request_id in rows)


# ---- adds whose outcome is unknown -----------------------------------------------------------------


def resolve_unknown(context: StepContext) -> float | None:
    """Finds out what became of chunks that were in flight when something broke.

    Returns seconds to wait while it is too early to tell; None once nothing is unknown any more.
    """
    chunks = list(context.submission.chunks.filter(state=ChunkState.SENDING).order_by("first_row"))
    if not chunks:
        return None
    latest = max(chunk.sent_at for chunk in chunks if chunk.sent_at)
    wait = timeouts().after_unknown - (timezone.now() - latest).total_seconds()
    wait = max(wait, seconds_to_second_look(context.submission))
    if wait > 0:
        return wait
    open_rows = {row for chunk in chunks for row in numbers(chunk.ranges)}
    present: set[int] = set()
    for row, _ in listed_rows(context):
        if row in open_rows:
            present.add(row)
        if len(present) == len(open_rows):
            break
    wait, absent = missed_twice(context, sorted(open_rows - present))
    if wait:
        return wait
    with context.locked():
        for chunk in chunks:
            _resolve(context, chunk, absent)
        note(
            context.batch.pk,
            "reconciled",
            "A reply was lost; xAI's own list told what it has",
            submission=context.submission,
            detail=f"{len(open_rows) - len(absent):,} of {len(open_rows):,} rows had arrived",
        )
        if not absent or not must_be_confirmed(context.submission):
            return None
        update(context.submission, absent_rows=len(absent))
    return 0  # the next step waits for a person


def _resolve(context: StepContext, chunk: Chunk, absent: AbstractSet[int]) -> None:
    """Counts rows that arrived as sent, and plans the others again. An add takes all or none (facts 2.5), mostly."""
    here = _split_off(chunk, absent)
    if here:
        update(context.submission, sent=context.submission.sent + here)


def _split_off(chunk: Chunk, absent: AbstractSet[int]) -> int:
    """Plans the rows of `absent` again, in a chunk of their own if others arrived. Returns how many arrived."""
    rows = numbers(chunk.ranges)
    here, gone = [row for row in rows if row not in absent], [row for row in rows if row in absent]
    if here and gone:
        kept, other = (here, gone) if rows[0] in here else (gone, here)
        state = ChunkState.PLANNED if other is gone else ChunkState.SENT
        Chunk.objects.create(
            submission_id=chunk.submission_id, first_row=other[0], ranges=ranges(other), count=len(other), state=state
        )
        rows = kept
    chunk.ranges, chunk.count = ranges(rows), len(rows)
    chunk.state = ChunkState.PLANNED if rows[0] in absent else ChunkState.SENT
    chunk.save(update_fields=["ranges", "count", "state"])
    return len(here)


# ---- two looks ---------------------------------------------------------------------------------------
# The list may lag. Whether adding the same rows twice costs nothing is unproven (facts 2.5):
# they are sent again only after two looks, with time between, both missed them.


def seconds_to_second_look(submission: Submission) -> float:
    """Returns how long to wait before looking again after a first look missed something; 0 if it is time."""
    if submission.missed_at is None:
        return 0
    return max(0.0, timeouts().look_twice - (timezone.now() - submission.missed_at).total_seconds())


def missed_twice(
    context: StepContext, missed: Sequence[int], *, all_of_them: bool = True
) -> tuple[float, AbstractSet[int]]:
    """Returns (seconds until another look is needed, rows that this look and the one before both missed).

    The rows mean something only where the seconds are 0. Another look is needed until a look misses nothing that the
    one before has not missed; unless `all_of_them`, until both have missed something.
    """
    submission = context.submission
    both = set(missed) & set(numbers(submission.missed_rows))
    if missed and not (both if not all_of_them else len(both) == len(missed)):
        with context.locked() as submission:
            update(submission, missed_at=timezone.now(), missed_rows=ranges(missed))
        return timeouts().look_twice, set()
    with context.locked() as submission:
        update(submission, missed_at=None, missed_rows=[])
    return 0, both


# ---- rows that do not show up ------------------------------------------------------------------------


@dataclass
class RowFindings:
    """What xAI says about the rows that have no result yet."""

    pending: int = 0
    silent: int = 0
    """Listed as ended, without a readable result."""
    absent: list[int] = field(default_factory=list)
    """Rows that the provider does not list, ascending."""


def look_for_rows(context: StepContext) -> RowFindings:
    """Compares every row without a result with xAI's list. Takes one byte of memory a row."""
    submission = context.submission
    first = submission.first_row
    seen = bytearray(submission.last_row - first + 1)
    for row, state in listed_rows(context):
        seen[row - first] = _ENDED if state in _ENDED_STATES else _LISTED
    findings = RowFindings()
    for chunk in chunks_of(submission, ChunkState.SENT):
        rows = _open_rows(context, numbers(chunk.ranges))
        states = [seen[row - first] for row in rows]
        findings.pending += states.count(_LISTED)
        findings.silent += states.count(_ENDED)
        findings.absent += [row for row, state in zip(rows, states, strict=True) if not state]
    return findings


_LISTED, _ENDED = 1, 2


def chunks_of(submission: Submission, *states: ChunkState, after_row: int = 0) -> Iterator[Chunk]:
    """Yields chunks in order of their first row, reading a few at a time: see Dataset.slices."""
    found = submission.chunks.filter(state__in=states).order_by("first_row")
    while some := list(found.filter(first_row__gt=after_row)[:20]):
        yield from some
        after_row = some[-1].first_row


_ENDED_STATES = {"succeeded", "failed", "cancelled"}


def _open_rows(context: StepContext, rows: Sequence[int]) -> list[int]:
    """Returns those of `rows` that have no result."""
    ended = Result.objects.filter(batch_id=context.batch.pk, row__in=rows).exclude(state=RowState.PENDING)
    known = set(ended.values_list("row", flat=True))
    return [row for row in rows if row not in known]


def send_again(context: StepContext, absent: AbstractSet[int]) -> None:
    """Plans rows again that the provider took and does not list; only these, as it may charge twice for the others."""
    submission = context.submission
    chunks = [chunk for chunk in chunks_of(submission, ChunkState.SENT) if absent & set(numbers(chunk.ranges))]
    with context.locked() as submission:
        for chunk in chunks:
            _split_off(chunk, absent)
        update(submission, sent=submission.sent - len(absent), readds=submission.readds + 1)
        note(
            submission.batch_id,
            "readded",
            f"xAI does not list {len(absent):,} rows that it had taken; they are sent again",
            submission=submission,
        )
