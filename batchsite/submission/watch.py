"""Watching a batch at xAI until it is clear how it ends. Counters are hints; phase.py decides what they mean."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.batches.models import ChunkState, EndedBy, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import ask_to_end, move, update
from batchsite.submission.phase import Look, Phase, phase
from batchsite.submission.provider_teams import team_of_key
from batchsite.submission.reconcile import look_for_rows, missed_twice, seconds_to_second_look, send_again
from batchsite.submission.step_context import StepContext
from batchsite.timeouts import doubling, next_look, timeouts
from batchsite.xai.errors import InvalidRequest, NotFound, PermissionDenied, PreconditionFailed
from batchsite.xai.types import RemoteBatch

MOST_READDS = 3
"""Rows that the provider took and does not list are added again this often; then they are given up."""


def watch(context: StepContext, looked: RemoteBatch | None = None) -> float:
    """Polls once and acts on it. Returns seconds until the next look."""
    if out_of_time(context.submission):
        with context.locked() as submission:
            reason = "The deadline of this batch has passed."
            ask_to_end(submission, State.COMPLETED, RowState.MISSING, reason, by=EndedBy.DEADLINE)
    if context.submission.cancel_asked_at and not context.submission.cancel_sent_at:
        looked = _send_cancel(context)
    remote = looked or context.client.get_batch(context.submission.remote_id)
    team = context.submission.provider_team or team_of_key(context.account, context.client)
    with context.locked() as submission:
        _take_counters(submission, remote)
        if team != submission.provider_team:  # a key that reads it is of its team
            update(submission, provider_team=team)
    return _act(context, _phase(context.submission, remote), remote)


# ---- what xAI says ----------------------------------------------------------------------------------

_COUNTERS = ("num_requests", "num_pending", "num_success", "num_error", "num_cancelled")


def _take_counters(submission: Submission, remote: RemoteBatch) -> None:
    """Stores the counters, and when they last changed."""
    now = timezone.now()
    fresh: dict[str, object] = {
        "looked_at": now,
        "not_found_since": None,
        "expire_date": remote.expire_time,
        "remote_cancelled": remote.cancel_time is not None,
    }
    if remote.counters is not None:
        counted = {name: getattr(remote.counters, name) for name in _COUNTERS}
        if any(getattr(submission, name) != value for name, value in counted.items()):
            fresh["changed_at"] = now
        fresh |= counted
    update(submission, **fresh)


def _phase(submission: Submission, remote: RemoteBatch) -> Phase:
    look = Look(
        remote,
        submitted=submission.sent + _perhaps_sent(submission),
        readable=submission.succeeded + submission.failed,
        since_sent=_since(submission.sent_at),
        since_change=_since(submission.changed_at),
        today=timezone.now().date(),
    )
    return phase(look, timeouts())


def _perhaps_sent(submission: Submission) -> int:
    """Returns how many rows are in adds whose reply was lost before a cancel: zero counters do not end those."""
    if not submission.cancel_asked_at:
        return 0
    counts = submission.chunks.filter(state=ChunkState.SENDING).values_list("count", flat=True)
    return sum(counts)


def _since(moment: datetime | None) -> float:
    return (timezone.now() - moment).total_seconds() if moment else 0.0


# ---- what follows from it -----------------------------------------------------------------------------


def _act(context: StepContext, seen: Phase, remote: RemoteBatch) -> float:
    words = remote.cancel_by_xai_message
    if seen is Phase.SETTLED:
        return _collect(context)
    if seen is Phase.KILLED:
        return _collect(context, State.FAILED, RowState.FAILED, f"xAI ended the batch: {words}")
    if seen is Phase.CANCELLED:
        reason = f"xAI ended the batch: {words}" if words else "Cancelled before it was answered."
        return _collect(context, State.CANCELLED, RowState.CANCELLED, reason)
    if seen is Phase.EXPIRED:
        reason = "The batch expired at xAI before this row was answered."
        return _collect(context, State.EXPIRED, RowState.CANCELLED, reason)
    if seen is Phase.SUSPECT:
        return _suspect(context)
    with context.locked() as submission:
        if seen is Phase.CANCELLING and submission.state == State.PROCESSING:
            move(submission, State.CANCELLING)
        if _preview_is_due(submission):
            update(submission, walk_is_preview=True, walk_token="", walk_pages=0)
            return 0
        return _pace(submission)


def _pace(submission: Submission) -> float:
    return next_look(_since(submission.sent_at), _since(submission.changed_at))


def _collect(
    context: StepContext, ending: State | None = None, rest: RowState | None = None, reason: str = ""
) -> float:
    """Begins the full walk. It ends in `ending`, unless somebody asked for another ending before.

    Rows without a result are declared as `rest`. Returns seconds until the next look.
    """
    with context.locked() as submission:
        values: dict[str, object] = {"walks": 0, "walk_token": "", "walk_pages": 0, "walk_is_preview": False}
        if ending and not submission.ending:
            values |= {"ending": ending, "declare_as": rest, "ending_reason": reason}
        move(submission, State.COLLECTING, settled_at=timezone.now(), **values)
    return 0


def _suspect(context: StepContext) -> float:
    """The counters show fewer rows than were sent, for too long: xAI's list of requests decides (facts 2.11)."""
    wait = seconds_to_second_look(context.submission)
    if wait:
        return wait
    findings = look_for_rows(context)
    if findings.absent and context.submission.readds < MOST_READDS:
        wait, absent = missed_twice(context, findings.absent, all_of_them=False)
        if wait:
            return wait
        send_again(context, absent)
        with context.locked() as submission:
            move(submission, State.SUBMITTING)
        return 0
    if findings.absent or not findings.pending:
        # Either given up on, or everything is there and only the counters lie: the results tell.
        return _collect(context)
    with context.locked() as submission:
        note(
            submission.batch_id,
            "suspect",
            "xAI's counters stand still, though it lists the rows as pending",
            submission=submission,
        )
        return max(doubling(timeouts().poll, submission.readds), timeouts().poll_later)


def _preview_is_due(submission: Submission) -> bool:
    """Whether to read results in the middle of the run.

    Each preview waits until twice as many rows are done, so that all of them together read no more than the full walk
    at the end. A batch of one page is read whenever it changed.
    """
    done = (submission.num_success or 0) + (submission.num_error or 0)
    if done <= submission.previewed or done <= submission.succeeded + submission.failed:
        return False
    return submission.sent <= 1000 or done >= 2 * submission.previewed


# ---- ending early ----------------------------------------------------------------------------------------


def out_of_time(submission: Submission) -> bool:
    hours, started = submission.batch.deadline_hours, submission.created_at
    return bool(hours and not submission.cancel_asked_at and timezone.now() > started + timedelta(hours=hours))


def _send_cancel(context: StepContext) -> RemoteBatch | None:
    """Asks xAI to cancel. After a refusal, what the batch looks like decides (facts 2.9)."""
    remote = None
    try:
        remote = context.client.cancel_batch(context.submission.remote_id)
    except (InvalidRequest, PermissionDenied, PreconditionFailed, NotFound) as error:
        note(context.batch.pk, "error", "xAI did not take the cancel", detail=error.message, trace_id=error.trace_id)
    with context.locked() as submission:
        now = timezone.now()
        update(submission, cancel_sent_at=now, changed_at=now)
        if submission.state != State.CANCELLING:
            move(submission, State.CANCELLING)
    return remote
