"""Reading the results: previews while a batch runs, and the full walk at the end that counts (rule 4).

A submission is done when the counters have settled and a walk from page one accounts for every row that was sent.
Results may trail the counters, rows may be "not yet visible", a cursor may repeat or miss late rows (facts 2.7). So
the walk is repeated until every row has its result or the time is up; then each row left is declared, with a reason.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.utils import timezone

from batchsite.batches.causes import STOPPED
from batchsite.batches.models import ChunkState, EndedBy, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import move, update
from batchsite.recipes.recipe import numbers
from batchsite.submission import results_store
from batchsite.submission.actions import go_on_with_stopped, retry_by_itself
from batchsite.submission.checked_page import check_page
from batchsite.submission.copies import give_answers
from batchsite.submission.page_reader import Arrival, PageReader
from batchsite.submission.reconcile import (
    chunks_of,
    look_for_rows,
    missed_twice,
    seconds_to_second_look,
    send_again,
)
from batchsite.submission.step_context import LocalStep, StepContext
from batchsite.submission.watch import MOST_READDS
from batchsite.timeouts import doubling, timeouts

LEAST_WALKS = 2
"""Walks before a row is given up: one may have started long ago, and paused while no worker ran."""
PATIENCE = 10
"""Seconds without a page after which the lease is made longer."""
CIRCLING_FACTOR = 4
"""How many times `results_trail` to wait before giving up a row that no walk has reached."""


class Walked(enum.Enum):
    PART = "the step ended first; the next one continues from there"
    CIRCLED = "the cursor kept leading back: what comes after it is unknown"
    WHOLE = "to the last page"


def preview(context: StepContext) -> float:
    """Reads the results that exist while the batch still runs. Returns seconds until the next look."""
    ended = _walk(context) is not Walked.PART
    if not ended and not context.submission.walk_is_preview:
        return 0
    if ended:
        with context.locked() as submission:
            done = submission.succeeded + submission.failed + submission.cancelled
            update(submission, walk_is_preview=False, walk_token="", walk_pages=0, previewed=max(1, done))
        return timeouts().poll
    return 0


def collect(context: StepContext) -> float | None:
    """Walks, then decides about what is still open. Returns seconds until the next look, None at the end."""
    submission = context.submission
    if submission.declared_through:
        return declare(context)
    if submission.ending and _is_nowhere(submission):
        return declare(context)
    walked = Walked.WHOLE
    if not submission.walks or submission.accounted < submission.total or _unread(submission):
        walked = _walk(context)
        if walked is Walked.PART:
            return 0
        with context.locked() as submission:
            update(submission, walks=submission.walks + 1, walk_token="", walk_pages=0)
    is_accounted = submission.accounted >= submission.total
    if not _unread(submission):
        if is_accounted:
            return finish(context)
        if submission.ending and walked is Walked.WHOLE:
            return _end_without(context)
    if _waited(submission) < timeouts().results_trail * (CIRCLING_FACTOR if walked is Walked.CIRCLED else 1):
        return doubling(timeouts().first_look, submission.walks)
    if submission.walks < LEAST_WALKS:
        return 0
    if is_accounted:
        _say_unread(submission)
        return finish(context)
    if submission.ending:
        return _end_without(context)
    return _judge(context)


# ---- the walk ----------------------------------------------------------------------------------------------


def _walk(context: StepContext) -> Walked:
    """Reads pages from where the last step stopped."""
    submission = context.submission
    ask = partial(context.client.read_results, submission.remote_id, _page_rows(submission))
    with PageReader(ask, submission.walk_token, lambda: context.is_over) as reader:
        while (arrived := reader.take(PATIENCE)) is not None:
            if not arrived:
                context.claim.extend()
                continue
            _store(context, arrived)
            last = arrived[-1]
            if last.ended and not last.page.next_token:
                return Walked.WHOLE
            if last.ended or context.submission.walk_pages > _most_pages(submission):
                return Walked.CIRCLED
    return Walked.PART


def _store(context: StepContext, arrived: Sequence[Arrival]) -> None:
    """Stores pages, and how far the walk has come."""
    rows = [row for arrival in arrived for row in check_page(context.submission, arrival.page.items)]
    onward = [arrival for arrival in arrived if not arrival.circle]
    with context.locked() as submission:
        results_store.store_rows(submission, rows)
        if submission.not_found_since:
            update(submission, not_found_since=None)
        if len(onward) < len(arrived):
            note(submission.batch_id, "circle", "xAI’s results repeated themselves; they are being read again")
        if onward:
            token = onward[-1].page.next_token or ""
            update(submission, walk_token=token, walk_pages=submission.walk_pages + len(onward))


def _page_rows(submission: Submission) -> int:
    """Returns the page size: smaller in later walks, as another size may lead around a broken cursor."""
    return max(1, settings.OPTIONS.page_rows // (1 + submission.walks % 3))


def _most_pages(submission: Submission) -> int:
    """Returns far more pages than there can be, even if xAI serves smaller ones than asked for."""
    return 100 + 20 * (submission.total // settings.OPTIONS.page_rows + 1)


# ---- rows without a result -----------------------------------------------------------------------------------


def _waited(submission: Submission) -> float:
    """Returns seconds since anything changed, counted from when the counters settled."""
    since = max(moment for moment in (submission.settled_at, submission.changed_at) if moment)
    return (timezone.now() - since).total_seconds()


def _unread(submission: Submission) -> int:
    """Returns how many answers and errors the counters promise that no walk has found.

    While there are any, elapsed time decides nothing: it may have passed while no worker ran. A walk comes first.
    """
    promised = (submission.num_success or 0) + (submission.num_error or 0)  # also of adds whose reply was lost
    return max(0, min(promised, submission.total) - submission.succeeded - submission.failed)


def _say_unread(submission: Submission) -> None:
    """Reports rows that stay cancelled but may be billed: they were read before xAI took the cancel back."""
    words = f"xAI counts {_unread(submission):,} of its cancelled rows as answered and gives no results for them"
    if not submission.batch.events.filter(kind="unread", submission=submission).exists():  # this step may run twice
        note(submission.batch_id, "unread", words, submission=submission)


def _is_nowhere(submission: Submission) -> bool:
    """Whether there is nothing to walk through: it was never created, or it vanished (`steps._vanished`)."""
    vanished = submission.not_found_since and submission.walks and not _unread(submission)
    return not submission.remote_id or bool(vanished)


def _end_without(context: StepContext) -> float | None:
    """Ends with the answers so far. Returns what `_declare` does.

    Retrying rows that xAI counts as answered may cost twice, so the reason says so to the person who decides. If it
    counts all open rows as answered, none of them was cancelled.
    """
    with context.locked() as submission:
        unread = _unread(submission)
        if 0 < submission.total - submission.accounted <= unread:
            reason = "xAI counts this row as answered and gives no result for it."
            update(submission, declare_as=RowState.MISSING, ending_reason=reason)
        elif unread:
            counts = f"xAI counts {unread:,} of these rows as answered and gives no results for them."
            if counts not in submission.ending_reason:  # this step may run twice
                update(submission, ending_reason=f"{submission.ending_reason} {counts}")
    return declare(context)


def _judge(context: StepContext) -> float | None:
    """The results have lagged for too long: xAI's list of requests decides about the open rows."""
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
    if findings.pending:
        with context.locked() as submission:
            move(submission, State.PROCESSING)
        return timeouts().poll_later
    reason = "xAI lists this row as ended and gives no result for it."
    if findings.absent:
        reason = "xAI took this row several times and does not list it."
    with context.locked() as submission:
        update(submission, ending=State.COMPLETED, declare_as=RowState.MISSING, ending_reason=reason)
    return declare(context)


_CAUSES = {RowState.MISSING: "missing", RowState.CANCELLED: "cancelled", RowState.FAILED: "batch failed"}


def declare(context: LocalStep, unsent: str = "") -> float | None:
    """Gives every row without a result one of our own, chunk by chunk; then the submission ends.

    `unsent`: the reason for rows that were never sent, if it differs.
    """
    state = RowState(context.submission.declare_as or RowState.MISSING)
    cause = "expired" if context.submission.ending == State.EXPIRED else _CAUSES[state]
    cause = STOPPED if context.submission.ended_by == EndedBy.CAP else cause
    for chunk in chunks_of(context.submission, *ChunkState, after_row=context.submission.declared_through):
        if context.is_over:
            return 0
        with context.locked() as submission:
            reason = unsent if unsent and chunk.state == ChunkState.PLANNED else submission.ending_reason
            results_store.declare(submission, numbers(chunk.ranges), state, reason, cause)
            update(submission, declared_through=chunk.first_row)
    return finish(context)


def finish(context: LocalStep) -> float | None:
    """Ends the submission: every row is accounted for, and copies have the answers of their originals."""
    if not give_answers(context):
        return 0
    with context.locked() as submission:
        ending = State(submission.ending or State.COMPLETED)
        if ending == State.CANCELLED and not submission.cancelled:
            ending = State.COMPLETED  # the cancel came too late: every row has its answer
        if ending == State.FAILED:
            submission.batch.failure = submission.ending_reason
            submission.batch.save(update_fields=["failure"])
        retry_by_itself(submission)
        go_on_with_stopped(submission)
        move(submission, ending)
    return None
