"""Running rows live: each is asked as a deferred completion, and its answer stored as any result (facts 5).

A step that finds a row `sending` holds the lease, so no other process is working on it: the reply was lost. An answer
can be read once; one that xAI no longer has was lost in transit. Both are declared by row, and only a person asks
again.
"""

from __future__ import annotations

from django.utils import timezone

from batchsite.batches.models import EndedBy
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import ask_to_end, move
from batchsite.submission import live_rows
from batchsite.submission.collect import declare, finish
from batchsite.submission.live_calls import Flight
from batchsite.submission.live_losses import give_up
from batchsite.submission.live_pace import room, seconds_to_ask, word_wanted
from batchsite.submission.step_context import StepContext, WaitsForPerson
from batchsite.submission.watch import out_of_time
from batchsite.timeouts import timeouts
from batchsite.wording import many


def run_live(context: StepContext) -> float | None:
    """Asks and reads, as far as one step goes. Returns seconds until the next one, None at the end.

    Raises WaitsForPerson, and XaiError where a call met something that concerns more than its row.
    """
    if context.submission.state == State.COLLECTING:
        return _end(context)
    if out_of_time(context.submission):
        with context.locked() as submission:
            reason = "The deadline of this batch has passed."
            ask_to_end(submission, State.COMPLETED, RowState.MISSING, reason, by=EndedBy.DEADLINE)
    give_up(context)
    flight = Flight(context)
    trouble = flight.run()
    if trouble is not None:
        raise trouble
    return _go_on(context, flight.files_in)


def _go_on(context: StepContext, files_in: float | None) -> float | None:
    """Moves to the next state when it is time. Returns seconds until the next step, None at the end."""
    with context.locked() as submission:
        is_asked = live_rows.close_chunks(submission) or submission.cancel_asked_at is not None
        if submission.state == State.SUBMITTING and is_asked:
            to = State.CANCELLING if submission.cancel_asked_at else State.PROCESSING
            move(submission, to)
            words = f"{many(submission.sent, 'row')} asked live"
            note(submission.batch_id, "sent", words, submission=submission)
        reads = live_rows.seconds_to_read(submission)
        if is_asked and reads is None:
            move(submission, State.COLLECTING, settled_at=timezone.now())
            return 0
    if is_asked:
        return reads
    waits = reads if reads is not None else timeouts().poll
    words, held_for = word_wanted(submission)
    if words:
        raise WaitsForPerson(words, held_for, waits)
    if room(submission) < 1:
        return waits
    asks = max(files_in or 0.0, seconds_to_ask(context.account))
    return asks if reads is None else min(reads, asks)


def _end(context: StepContext) -> float | None:
    """Ends it: every row was asked and read, or it is to end with the answers so far."""
    submission = context.submission
    return finish(context) if submission.accounted >= submission.total else declare(context)
