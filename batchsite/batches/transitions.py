"""The one place where states change.

Everything here runs inside a transaction of the caller, who holds the submission's row (`Claim.locked`). Locks
are always taken in this order: submission, then batch.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.utils import timezone

from batchsite.batches.models import Batch, Submission
from batchsite.batches.signals import batch_ended
from batchsite.batches.states import INCOMPLETE, TERMINAL, RowState, State, may_follow
from batchsite.batches.timeline import note
from batchsite.teams.models import User

log = logging.getLogger(__name__)
LINE = (State.QUEUED, State.SUBMITTING, State.PROCESSING, State.COLLECTING)


class NotAllowed(RuntimeError):
    """A state change that the table of states does not know: a mistake in our own steps."""


def move(submission: Submission, to: State, **values: object) -> None:
    """Bring a locked submission into a state, with other columns, and its batch after it."""
    if not may_follow(submission.state, to):
        raise NotAllowed(f"{submission}: {submission.state} → {to}")
    log.info("moved", extra={"batch": submission.batch_id, "submission": submission.pk, "to": str(to)})
    if to in TERMINAL:
        values["ended_at"] = timezone.now()
    update(submission, state=to, **values)
    refresh(submission.batch_id)


def update(submission: Submission, **values: object) -> None:
    """Write columns of a locked submission; the object in hand follows."""
    for name, value in values.items():
        setattr(submission, name, value)
    submission.save(update_fields=list(values))


def refresh(batch_id: int) -> None:
    """Derive the batch's state from its submissions."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    parts = list(batch.submissions.values_list("state", "cancel_asked_at"))
    running = [(state, asked) for state, asked in parts if state not in TERMINAL]
    if not running:
        end(batch, [state for state, _ in parts])
        return
    if any(asked or state == State.CANCELLING for state, asked in running):
        _set(batch, State.CANCELLING)
    else:
        _set(batch, next(state for state in LINE if state in {running_state for running_state, _ in running}))


def end(batch: Batch, parts: Collection[str]) -> None:
    """The last submission ended. What became of the rows decides: a retry may have mended an earlier failure."""
    if batch.cancelled and State.EXPIRED in parts:
        state = State.EXPIRED
    elif batch.cancelled:
        state = State.CANCELLED
    elif set(parts) == {State.FAILED} and not batch.succeeded:
        state = State.FAILED
    else:
        state = State.COMPLETED
    if batch.state != state:
        resume(batch.pk)
        _set(batch, state, ended_at=timezone.now(), held_reason="", held_since=None)
        note(batch.pk, "ended", f"{state.label}: {outcome(batch)}", outcome=_outcome_code(batch))
        batch_ended.send(Batch, batch=batch)


def _outcome_code(batch: Batch) -> str:
    """Returns the state that the batch ended in, or `INCOMPLETE`."""
    lacks_answers = batch.unanswered or batch.without_answer
    return INCOMPLETE if batch.state == State.COMPLETED and lacks_answers else batch.state


def outcome(batch: Batch) -> str:
    """`9,966 succeeded, 37 failed`."""
    counts = (
        (batch.succeeded - batch.flawed, "succeeded"),
        (batch.no_answer, "without an answer"),
        (batch.declined, "refused by the model"),
        (batch.truncated, "cut off"),
        (batch.failed, "failed"),
        (batch.cancelled, "cancelled"),
        (batch.missing, "missing"),
        (batch.skipped, "skipped"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in counts if count) or "no rows"


def _set(batch: Batch, state: State, **values: object) -> None:
    """A batch follows its submissions, which may go by leaps; only leaving a draft is the user's own step."""
    if batch.state == state and not values:
        return
    if batch.is_terminal and state not in TERMINAL:
        values["ended_at"] = None
    batch.state = state
    for name, value in values.items():
        setattr(batch, name, value)
    batch.save(update_fields=["state", *values])


# ---- holding -----------------------------------------------------------------------------------


def hold(batch_id: int, reason: str, detail: str = "", trace_id: str = "") -> None:
    """Keep a batch where it stands until the cause is gone. No row fails for it."""
    held = Batch.objects.filter(pk=batch_id).exclude(held_reason=reason)
    if held.update(held_reason=reason, held_since=timezone.now()):
        note(batch_id, "held", f"Held: {reason}", detail=detail, trace_id=trace_id)
        log.warning("held", extra={"batch": batch_id, "reason": reason})


def resume(batch_id: int, by: User | None = None) -> None:
    """The cause is gone."""
    if Batch.objects.filter(pk=batch_id).exclude(held_reason="").update(held_reason="", held_since=None):
        note(batch_id, "resumed", "Went on" if by else "Went on by itself", by=by)


# ---- the timeline ------------------------------------------------------------------------------


def ask_to_end(submission: Submission, ending: State, rest: RowState, reason: str, by: str = "") -> None:
    """Note down, on a locked submission, that it shall end with what is there, and what becomes of the rest."""
    now = timezone.now()
    update(
        submission,
        cancel_asked_at=now,
        ending=ending,
        declare_as=rest,
        ending_reason=reason,
        ended_by=by,
        next_look_at=now,
    )
