"""One step of one submission: what its state asks for, and what an error means for the batch.

Every step starts from the database, holds a lease, does a bounded amount of work, records how far it got, and says
when to look again. Any process may die between any two lines; the next step continues from what is recorded.
"""

from __future__ import annotations

import logging

from django.utils import timezone

from batchsite.batches.batchable import remember
from batchsite.batches.generation import DatabaseWentBack
from batchsite.batches.models import EndedBy, Submission
from batchsite.batches.states import HeldFor, RowState, State
from batchsite.batches.timeline import NO_BATCHES, NO_SUCH_MODEL, SLOWED, note
from batchsite.batches.transitions import ask_to_end, hold, move, resume, update
from batchsite.media.shelf import FileGone
from batchsite.pricing import budgets
from batchsite.processes.leases import MOST_TRIES, Claim, claimed
from batchsite.processes.memory_limit import OutOfMemory, within_memory
from batchsite.setup import logging_about
from batchsite.submission.cap_guard import watch_spending
from batchsite.submission.chunk_plan import plan
from batchsite.submission.collect import collect, preview
from batchsite.submission.live import run_live
from batchsite.submission.phase import is_last_day
from batchsite.submission.provider_calls import hold_code, hold_words, is_hold, is_lasting
from batchsite.submission.provider_teams import cannot_tell, is_ours_to_see, mismatch
from batchsite.submission.restore import begin_anew, unconfirmed
from batchsite.submission.step_context import LocalStep, StepContext, WaitsForPerson, begin_step
from batchsite.submission.submit import submit, withdraw
from batchsite.submission.unseen_end import end_unseen
from batchsite.submission.watch import watch
from batchsite.teams.accounts import AccountMissing
from batchsite.teams.network_faults import fault_of, sentence
from batchsite.timeouts import doubling, soon, timeouts
from batchsite.xai.errors import (
    InvalidRequest,
    ModelNotBatchable,
    ModelUnknown,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    XaiError,
)
from batchsite.xai.types import RemoteBatch

log = logging.getLogger(__name__)


def advance(submission_id: int, looked: RemoteBatch | XaiError | None = None) -> bool:
    """Takes one step. `looked` is the batch at xAI, or the error, if it was polled just before.

    Returns whether the next step is due at once. Raises Busy when another process holds the lease, LeaseLost when this
    one was too slow.
    """
    batch_id = Submission.objects.filter(pk=submission_id).values_list("batch_id", flat=True).first()
    try:
        with logging_about(batch=batch_id, submission=submission_id), claimed(Submission, submission_id) as claim:
            wait = _step_or_hold(claim, looked)
            claim.next_look_at = None if wait is None else soon(wait)
    except DatabaseWentBack:
        begin_anew()
        return False
    return wait == 0


def _step_or_hold(claim: Claim[Submission], looked: RemoteBatch | XaiError | None) -> float | None:
    try:
        with within_memory():
            return _step(claim, looked)
    except FileGone as error:
        batch_id = Submission.objects.values_list("batch_id", flat=True).get(pk=claim.pk)
        hold(batch_id, f"{error} Put the file back from a backup, then press Resume.")
        return timeouts().longest
    except AccountMissing as error:  # an MCP server that was removed
        hold(Submission.objects.values_list("batch_id", flat=True).get(pk=claim.pk), str(error))
        return timeouts().longest
    except OutOfMemory as error:
        batch_id = Submission.objects.values_list("batch_id", flat=True).get(pk=claim.pk)
        hold(batch_id, f"a step {error}. Ask whoever runs batchsite for more, then press Resume.")
        return timeouts().longest


def _step(claim: Claim[Submission], looked: RemoteBatch | XaiError | None) -> float | None:
    submission = Submission.objects.select_related("batch__dataset").get(pk=claim.pk)
    if submission.ended_at:
        return None
    if claim.tries > MOST_TRIES:
        hold(submission.batch_id, "a worker crashed on it repeatedly. Check the logs, then press Resume.")
        return timeouts().longest
    if submission.ended_by == EndedBy.HERE:
        return end_unseen(LocalStep(claim, submission))
    try:
        context = begin_step(claim)
    except AccountMissing as error:
        hold(submission.batch_id, str(error), held_for=HeldFor.KEY)
        return timeouts().held_probe
    if words := mismatch(context):
        if context.submission.cancel_asked_at:
            return end_unseen(context)
        hold(submission.batch_id, words, held_for=HeldFor.KEY)
        return timeouts().held_probe
    words, held_for = _word_wanted(context.submission)
    if words:
        hold(submission.batch_id, words, held_for=held_for)
        return timeouts().held_probe
    try:
        if isinstance(looked, XaiError):
            raise looked
        wait = _do(context, looked)
    except XaiError as error:
        return _on_error(context, error)
    except WaitsForPerson as waiting:
        hold(submission.batch_id, str(waiting), held_for=waiting.held_for)
        return waiting.seconds
    if context.submission.faults or context.batch.held_reason:
        with context.locked() as fresh:
            update(fresh, faults=0)
            resume(fresh.batch_id)
    return 0 if watch_spending(context) else wait


def _word_wanted(submission: Submission) -> tuple[str, HeldFor]:
    """Returns why a submission waits for a person, and the code of that; "" if it does not."""
    if words := unconfirmed(submission):
        return words, HeldFor.RESTORE
    return budgets.waits(submission), HeldFor.BUDGET


def _do(context: StepContext, looked: RemoteBatch | None) -> float | None:
    """Does what the state asks for. Returns seconds until the next step, None if there is none."""
    submission = context.submission
    if submission.state == State.QUEUED:
        return plan(context)
    if submission.is_live:
        return run_live(context)
    if submission.state == State.SUBMITTING:
        return withdraw(context) if submission.cancel_asked_at else submit(context)
    if submission.state == State.COLLECTING:
        return collect(context)
    if submission.walk_is_preview:
        return preview(context)
    return watch(context, looked)


# ---- errors --------------------------------------------------------------------------------------------


def _on_error(context: StepContext, error: XaiError) -> float | None:
    """Does what an error of the provider means for the batch. Returns seconds until the next try, None at the end."""
    is_gone = isinstance(error, NotFound) and bool(context.submission.remote_id)
    says_nothing = is_gone and not is_ours_to_see(context)
    with context.locked() as submission:
        update(submission, faults=submission.faults + 1)
        faults = submission.faults
        if is_hold(error):
            words, held_for = hold_words(error, context.account), hold_code(error)
            hold(submission.batch_id, words, error.message, error.trace_id, held_for=held_for)
            return doubling(timeouts().held_probe, faults - 1)
        fault = fault_of(error)
        words = sentence(fault, context.account.base_url) if fault else error.what
        if fault and is_lasting(error, fault, faults):
            hold(submission.batch_id, words, error.message, error.trace_id, held_for=HeldFor.NETWORK)
            return doubling(1, faults)
        note(
            submission.batch_id,
            SLOWED if isinstance(error, RateLimited) else "error",
            words,
            submission=submission,
            detail=error.message,
            trace_id=error.trace_id,
        )
        if says_nothing and not _is_given_up(submission):
            hold(submission.batch_id, cannot_tell(context), error.message, error.trace_id, held_for=HeldFor.KEY)
            return doubling(timeouts().held_probe, faults - 1)
        if is_gone and not says_nothing:
            _vanished(submission)
        elif submission.state == State.SUBMITTING and isinstance(error, _REFUSALS):
            _remember_refusal(context, error)
            ask_to_end(submission, State.FAILED, RowState.FAILED, error.message)
    if says_nothing:
        return end_unseen(context)
    if context.submission.state == State.SUBMITTING and isinstance(error, PermissionDenied):
        return _forbidden(context, error)
    return max(error.retry_after or 0.0, doubling(1, faults))


def _remember_refusal(context: StepContext, error: XaiError) -> None:
    """Remembers that xAI does not take the model in batches, so that no other batch has to find out."""
    if not isinstance(error, ModelNotBatchable):
        return
    batch, is_unknown = context.batch, isinstance(error, ModelUnknown)
    kind = NO_SUCH_MODEL if is_unknown else NO_BATCHES
    note(batch.pk, kind, error.what, submission=context.submission, detail=error.message)
    if not is_unknown and not batch.dataset.holds_requests:  # their bodies name models of their own
        remember(context.account.base_url, batch.model, takes_batches=False, words=error.message)


_REFUSALS = (ModelNotBatchable, InvalidRequest, PreconditionFailed)


def _is_given_up(submission: Submission) -> bool:
    """Whether a person wants the batch ended and xAI has not known it for long enough: a 404 may be temporary."""
    if not submission.cancel_asked_at:
        return False
    now = timezone.now()
    since = submission.not_found_since or now
    update(submission, not_found_since=since)
    return (now - since).total_seconds() >= timeouts().vanished


def _vanished(submission: Submission) -> None:
    """Gives up a batch that xAI has not known for long enough: a 404 may be temporary."""
    now = timezone.now()
    since = submission.not_found_since or now
    update(submission, not_found_since=since)
    if (now - since).total_seconds() < timeouts().vanished:
        return
    if submission.state != State.COLLECTING:
        if submission.state == State.SUBMITTING:
            move(submission, State.CANCELLING)
        move(submission, State.COLLECTING, settled_at=now)
    update(submission, walks=max(1, submission.walks), num_success=0, num_error=0)
    if not submission.ending:
        reason = "xAI no longer has this batch, so it can’t be known whether the row was answered."
        update(submission, ending=State.FAILED, declare_as=RowState.MISSING, ending_reason=reason)


def _forbidden(context: StepContext, error: PermissionDenied) -> float:
    """Finds out what a 403 to an add means: cancelled by others, expired, or not allowed (facts 2.5, 2.12).

    Returns seconds until the next try.
    """
    remote = context.client.get_batch(context.submission.remote_id) if context.submission.remote_id else None
    with context.locked() as submission:
        if remote is not None and (remote.cancel_time or remote.cancel_by_xai_message):
            words = remote.cancel_by_xai_message or "Somebody cancelled the batch at xAI before all rows were sent."
            ask_to_end(submission, State.CANCELLED, RowState.CANCELLED, words)
            return 0
        if remote is not None and is_last_day(remote, timezone.now().date()):
            words = "The batch expired at xAI before all rows were sent."
            ask_to_end(submission, State.EXPIRED, RowState.CANCELLED, words)
            return 0
        words = f"xAI does not allow this key to add requests: {error.message}"
        hold(submission.batch_id, words, held_for=HeldFor.KEY)
        return doubling(timeouts().held_probe, submission.faults - 1)
