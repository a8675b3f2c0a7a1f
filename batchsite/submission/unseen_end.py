"""Ending a submission that cannot be looked up: its key is gone, or cannot see it. Nothing here asks the provider."""

from __future__ import annotations

from django.utils import timezone

from batchsite.batches.models import Batch, Chunk, ChunkState, LiveRequest, LiveState
from batchsite.batches.states import TERMINAL, RowState, State
from batchsite.batches.transitions import move, update
from batchsite.submission.chunk_plan import plan
from batchsite.submission.collect import declare
from batchsite.submission.step_context import LocalStep

_UNSEEN = (
    "Ended here with a key that cannot see the batch at xAI. It was not cancelled there: the row may still be "
    "answered, and billed."
)
_UNSENT = "Ended here before it was sent to xAI. It cost nothing."


def rows_at_provider(batch: Batch) -> int:
    """Returns how many rows without an answer may have been sent, and may be billed."""
    running = batch.submissions.exclude(state__in=TERMINAL)
    if any(submission.is_live for submission in running):
        return LiveRequest.objects.filter(submission__in=running).exclude(state=LiveState.ENDED).count()
    sent = Chunk.objects.filter(submission__in=running)
    if not batch.restored_at:
        sent = sent.exclude(state=ChunkState.PLANNED)
    done = sum(one.succeeded + one.failed for one in running)
    return max(0, min(batch.pending, sum(sent.values_list("count", flat=True)) - done))


def end_unseen(step: LocalStep) -> float | None:
    """Ends what a person wants ended while it cannot be looked up. Says that rows may continue at xAI.

    Returns seconds until the next step, None at the end.
    """
    if step.submission.state == State.QUEUED and not step.submission.planned:
        return plan(step)
    if step.submission.state != State.COLLECTING:
        with step.locked() as submission:
            if submission.state in {State.QUEUED, State.SUBMITTING}:
                move(submission, State.CANCELLING)
            move(submission, State.COLLECTING, settled_at=timezone.now())
    with step.locked() as submission:
        update(submission, declare_as=RowState.MISSING, ending_reason=_UNSEEN)
    is_known = not step.batch.restored_at and not step.submission.is_live  # of a live chunk some rows may be asked
    return declare(step, unsent=_UNSENT if is_known else "")
