"""Live rows whose answer is lost: declared by row, with what is known about the money (facts 5)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from batchsite.batches.causes import LOST_ANSWER, LOST_REQUEST
from batchsite.batches.models import LiveRequest, LiveState, Submission
from batchsite.batches.states import RowState
from batchsite.batches.timeline import note
from batchsite.submission import live_rows, results_store
from batchsite.submission.step_context import StepContext

ASK_WAS_LOST = (
    "xAI’s reply was lost when this row was sent. The row may have been answered and billed, and xAI keeps no list "
    "to check. It isn’t sent again unless somebody retries it."
)
ANSWER_WAS_LOST = (
    "Paid, but the answer was lost in transit: xAI hands out a live answer only once and no longer has it. The row "
    "isn’t sent again unless somebody retries it."
)
NOT_READ = "xAI had not answered this row after 24 hours, and keeps no answer for longer. The row may still be billed."
NOT_WAITED_FOR = (
    "xAI was still working on this row when the batch ended. It can’t be called back, and may still be billed."
)


def give_up(context: StepContext) -> None:
    """Declares what can no longer be found out: requests that a dead process left behind, and answers that never come.

    A dead process says nothing about xAI's replies, so it is no reason to wait for a person.
    """
    submission, now = context.submission, timezone.now()
    left = list(live_rows.requests_of(submission, LiveState.SENDING))
    late = live_rows.given_up(submission, now)
    if not left and not late:
        return
    with context.locked() as submission:
        lose(submission, left, ASK_WAS_LOST, LOST_REQUEST, LiveState.ENDED)
        words = NOT_WAITED_FOR if submission.cancel_asked_at else NOT_READ
        lose(submission, late, words, LOST_ANSWER, LiveState.ENDED)


def lose(
    submission: Submission, requests: Sequence[LiveRequest], words: str, cause: str, state: LiveState, detail: str = ""
) -> None:
    """Declares rows missing, by row. The batch and the submission are locked."""
    if not requests:
        return
    rows = [request.row for request in requests]
    live_rows.set_state(requests, state)
    results_store.declare(submission, rows, RowState.MISSING, f"{words} {detail}".strip(), cause)
    shown = ", ".join(f"{row:,}" for row in rows[:20])
    note(submission.batch_id, "lost_live", f"Rows without an answer: {cause}", submission=submission, detail=shown)
