"""Holding a batch's spending cap: before rows are sent, and while they run.

Rows that no longer fit below the cap are not sent. They go to a further submission, which waits until the cost of
rows at xAI is known, and finally for a person. If rows at xAI are likely to exceed the cap, they are cancelled there,
and the unanswered ones wait in the same way (`actions.go_on_with_stopped`).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Sum

from batchsite.batches.models import Batch, Chunk, ChunkState, EndedBy, Result, Submission
from batchsite.batches.states import HeldFor, RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import ask_to_end, update
from batchsite.pricing.budgets import newly_near
from batchsite.pricing.spend_caps import SpendCap, spend_cap_of
from batchsite.recipes.recipe import numbers
from batchsite.submission import bisect
from batchsite.submission.step_context import StepContext, WaitsForPerson
from batchsite.timeouts import timeouts
from batchsite.wording import dollars, exact, many

RAISE_IT = "Raise the spending cap to continue with the rest, or finish with the answers it has"
STOPPED_WORDS = "Not answered before the batch was stopped at its spending cap."


def held_words(cap: SpendCap) -> str:
    """Returns why nothing more is sent."""
    row = f", and another row may cost {dollars(cap.highest)}" if cap.billed < cap.limit and cap.highest else ""
    return f"its spending cap is reached: {dollars(cap.billed)} of {exact(cap.limit)} is billed{row}. {RAISE_IT}."


def seconds_to_room(submission: Submission) -> float | None:
    """Returns how long to wait before another row may be sent; None if one fits now.

    Raises WaitsForPerson if only a higher cap would make room.
    """
    cap = _cap_of(submission.batch)
    if cap is None or cap.fits or submission.cancel_asked_at:
        return None
    if cap.in_flight or _others_run(submission):
        return timeouts().poll
    raise WaitsForPerson(held_words(cap), HeldFor.CAP, timeouts().held_probe)


def _cap_of(batch: Batch) -> SpendCap | None:
    """Returns where the batch stands. Queries the database only if the batch had a cap when it was read."""
    return None if batch.spend_cap_ticks is None else spend_cap_of(batch.pk)


def _others_run(submission: Submission) -> bool:
    """Whether other submissions of the batch are at xAI: their cost is not final yet."""
    others = Submission.objects.filter(batch=submission.batch_id, ended_at=None).exclude(pk=submission.pk)
    return others.exclude(create_tried_at=None, remote_id="").exists()


# ---- before rows are sent -------------------------------------------------------------------------------


def chunks_that_fit(context: StepContext, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Returns the first of these chunks that fit below the cap; the very first is cut to what fits."""
    cap = _cap_of(context.batch)
    if cap is None:
        return list(chunks)
    fit, room = [], cap.fits
    for chunk in chunks:
        if chunk.count > room:
            break
        fit.append(chunk)
        room -= chunk.count
    if chunks and not fit and room:
        with context.locked():
            bisect.cut(chunks[0], room)
        return [chunks[0]]
    return fit


def still_fits(batch: Batch, rows: int) -> bool:
    """Whether so many rows may be sent now. The batch is locked, so that nobody else takes the same room."""
    cap = _cap_of(batch)
    return cap is None or rows <= cap.fits


def leave_rest(context: StepContext) -> float | None:
    """Moves what does not fit to a further submission, so that this one continues with what it has sent.

    Returns seconds to wait if it has sent nothing; None once it may continue. Raises WaitsForPerson.
    """
    if not context.submission.chunks.filter(state=ChunkState.PLANNED).exists():
        return None
    if not context.submission.sent:
        return seconds_to_room(context.submission) or 0
    with context.locked() as submission:
        rest = _further(submission)
        planned = submission.chunks.filter(state=ChunkState.PLANNED)
        moved = planned.aggregate(sum=Sum("count"))["sum"] or 0
        if submission.retry_of is not None:
            for ranges in planned.values_list("ranges", flat=True):
                taken = Result.objects.filter(batch_id=submission.batch_id, row__in=numbers(ranges))
                taken.filter(state=RowState.PENDING).update(submission=rest)
        planned.update(submission=rest)
        update(submission, total=submission.total - moved)
        update(rest, total=moved)
        words = f"{many(moved, 'row')} not sent yet: they may not fit below the spending cap"
        note(submission.batch_id, "cap_waits", words, submission=rest)
    return None


def _further(submission: Submission) -> Submission:
    """Creates a submission for rows that are planned and not sent."""
    numbers_taken = Submission.objects.filter(batch=submission.batch_id).order_by("-number")
    retry = submission.retry_of
    return Submission.objects.create(
        batch=submission.batch,
        number=numbers_taken.values_list("number", flat=True)[0] + 1,
        state=State.SUBMITTING,
        first_row=submission.first_row,
        last_row=submission.last_row,
        planned_through=submission.last_row,
        planned=True,
        retry_of=None if retry is None else {"states": [], "output_cap": retry.get("output_cap")},
        next_look_at=submission.next_look_at,
    )


# ---- while they run -----------------------------------------------------------------------------------------


def watch_spending(context: StepContext) -> bool:
    """Reports passed soft lines, and cancels at xAI what is likely to exceed the cap. Returns whether it did."""
    _say_near_budgets(context)
    if context.batch.spend_cap_ticks is None:
        return False
    with context.locked() as submission:
        batch = Batch.objects.get(pk=submission.batch_id)
        cap = spend_cap_of(batch.pk)
        if cap is None:
            return False
        if cap.is_near and not batch.is_near_cap:
            Batch.objects.filter(pk=batch.pk).update(is_near_cap=True)
            note(batch.pk, "cap_near", f"{dollars(cap.billed)} of the spending cap of {exact(cap.limit)} is billed")
        is_at_xai = submission.state == State.PROCESSING and not submission.is_live
        if not is_at_xai or submission.cancel_asked_at or not cap.will_pass:
            return False
        ask_to_end(submission, State.CANCELLED, RowState.CANCELLED, STOPPED_WORDS, by=EndedBy.CAP)
        words = f"Stopped at the spending cap: {dollars(cap.billed)} of {exact(cap.limit)} is billed"
        note(batch.pk, "cap_stopped", f"{words}, and running rows would pass it", submission=submission)
    return True


def _say_near_budgets(context: StepContext) -> None:
    """Reports once a month that the soft line of one of the batch's budgets is passed."""
    with transaction.atomic():
        for budget in newly_near(context.batch):
            spent = f"{dollars(budget.spent)} of {budget.whose} budget of {exact(budget.limit)}"
            note(context.batch.pk, "budget_near", f"{spent} for {budget.month} is spent")
