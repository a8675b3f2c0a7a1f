"""The one place where states change.

Everything here runs inside a transaction of the caller, who has locked the batch and the submission.

Locks are always taken in this order: batch (`lock_batch`), then its submissions, then everything else (team, spend,
summaries, events). Whoever reads rows and then decides what is sent locks the batch first, so that two people, or a
person and a worker, decide one after the other. All locks are NO KEY UPDATE: a plain FOR UPDATE would also block the
foreign keys of rows that others insert, and deadlock with their commits.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from batchsite.batches.end_records import record_end
from batchsite.batches.models import Batch, Submission
from batchsite.batches.signals import batch_ended, batch_held
from batchsite.batches.states import INCOMPLETE, TERMINAL, HeldFor, RowState, State, may_follow
from batchsite.batches.timeline import note
from batchsite.teams.models import User

log = logging.getLogger(__name__)
LINE = (State.QUEUED, State.SUBMITTING, State.PROCESSING, State.COLLECTING)


class NotAllowed(RuntimeError):
    """A change that the table of states does not allow: a bug in one of our steps."""


def move(submission: Submission, to: State, **values: object) -> None:
    """Moves a locked submission to a state, writes other columns with it, and updates its batch's state."""
    if not may_follow(submission.state, to):
        raise NotAllowed(f"{submission}: {submission.state} → {to}")
    log.info("moved", extra={"batch": submission.batch_id, "submission": submission.pk, "to": str(to)})
    if to in TERMINAL:
        values["ended_at"] = timezone.now()
    update(submission, state=to, **values)
    refresh(submission.batch_id)


def update(submission: Submission, **values: object) -> None:
    """Writes columns of a locked submission to the database and to this object."""
    for name, value in values.items():
        setattr(submission, name, value)
    submission.save(update_fields=list(values))


def lock_batch(batch_id: int) -> Batch:
    """Returns the batch, fresh and locked until the end of the transaction. Raises Batch.DoesNotExist."""
    return Batch.objects.select_for_update(no_key=True).get(pk=batch_id)


def refresh(batch_id: int) -> None:
    """Derives the batch's state from its submissions."""
    batch = lock_batch(batch_id)
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
    """Ends the batch after its last submission. The rows decide how: a retry may have fixed an earlier failure."""
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
        _set(batch, state, ended_at=timezone.now(), held_reason="", held_for="", held_since=None)
        note(
            batch.pk,
            "ended",
            f"{batch.label}: {outcome(batch)}{_outcome_of_retry(batch)}",
            outcome=_outcome_code(batch),
        )
        record_end(batch, _outcome_code(batch))
        batch_ended.send(Batch, batch=batch)


def _outcome_of_retry(batch: Batch) -> str:
    """Returns what came of the retry with which the batch ended. Blank if it was none."""
    last = batch.submissions.order_by("number").last()
    return f". Retry: {last.succeeded:,} of {last.total:,} answered" if last and last.retry_of else ""


def _outcome_code(batch: Batch) -> str:
    """Returns the state that the batch ended in, or `INCOMPLETE`."""
    if batch.is_lost:
        return State.FAILED
    lacks_answers = batch.unanswered or batch.without_answer
    return INCOMPLETE if batch.state == State.COMPLETED and lacks_answers else batch.state


def outcome(batch: Batch) -> str:
    """Returns how many rows ended in which way, such as `9,966 succeeded, 37 failed`."""
    counts = (
        (batch.succeeded - batch.flawed, "succeeded"),
        (batch.no_answer, "without an answer"),
        (batch.declined, "refused by the model"),
        (batch.truncated, "cut off"),
        (batch.failed, "failed"),
        (batch.cancelled, batch.row_label(RowState.CANCELLED).lower()),
        (batch.missing, "missing"),
        (batch.skipped, "skipped"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in counts if count) or "no rows"


def _set(batch: Batch, state: State, **values: object) -> None:
    """Set the state of a batch. It follows its submissions, which may skip states; only a person leaves a draft."""
    if batch.state == state and not values:
        return
    if batch.is_terminal and state not in TERMINAL:
        values["ended_at"] = None
    batch.state = state
    for name, value in values.items():
        setattr(batch, name, value)
    batch.save(update_fields=["state", *values])


# ---- holding and ending early -----------------------------------------------------------------------------------


def hold(
    batch_id: int, reason: str, detail: str = "", trace_id: str = "", *, held_for: HeldFor = HeldFor.OTHER
) -> None:
    """Holds a batch in its state until the cause is gone. No row fails because of it. `reason` is for people."""
    held = Batch.objects.filter(pk=batch_id).exclude(held_reason=reason, held_for=held_for)
    with transaction.atomic():
        if not held.update(held_reason=reason, held_for=held_for, held_since=timezone.now()):
            return
        note(batch_id, "held", f"Held: {reason}", detail=detail, trace_id=trace_id)
        batch_held.send(Batch, batch=Batch.objects.get(pk=batch_id))
    log.warning("held", extra={"batch": batch_id, "reason": reason})


def resume(batch_id: int, by: User | None = None) -> None:
    """Resumes a held batch: the cause is gone."""
    held = Batch.objects.filter(pk=batch_id).exclude(held_reason="")
    if held.update(held_reason="", held_for="", held_since=None):
        note(batch_id, "resumed", "Resumed" if by else "Resumed automatically", by=by)


def ask_to_end(submission: Submission, ending: State, rest: RowState, reason: str, by: str = "") -> None:
    """Records on a locked submission that it is to end with the answers it has, and what becomes of the other rows."""
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
