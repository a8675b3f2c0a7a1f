"""What people ask for: start, cancel, finish early, retry, go on, delete. Each is one short transaction.

Nothing here talks to the provider: intentions are written down, and workers carry them out.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batchsite.batches.answer_flaws import COUNTERS
from batchsite.batches.causes import TRANSIENT
from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch, Result, Submission
from batchsite.batches.signals import batch_starting
from batchsite.batches.states import TERMINAL, RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import ask_to_end, refresh, resume
from batchsite.pricing.budgets import refusal_of
from batchsite.pricing.estimate import Estimate
from batchsite.recipes.given_requests import ID_COLUMN
from batchsite.recipes.recipe import id_prefix
from batchsite.teams.accounts import account_kind
from batchsite.teams.models import Team, User
from batchsite.wording import many


class NotNow(RuntimeError):
    """What was asked for does not fit the state that the batch is in; the text says why."""


def start(batch: Batch, user: User | None, price: Estimate | None) -> None:
    """Queue a draft at the price that was computed for it. What is sent does not change from here on.

    Raises NotNow when the draft was submitted or changed since `batch` was read, or does not fit the team's budget.
    """
    priced = draft_fingerprint(batch)
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        if batch.state != State.DRAFT:
            raise NotNow("This batch was submitted already.")
        if draft_fingerprint(batch) != priced:
            raise NotNow("The draft was changed since you looked. This is how it stands now; nothing was sent.")
        team = Team.objects.select_for_update().get(pk=batch.team_id)  # two batches must not share what is left
        if words := refusal_of(team, price):
            raise NotNow(words)
        rows, now = batch.rows, timezone.now()
        batch.state, batch.started_at, batch.started_by, batch.total = State.QUEUED, now, user, len(rows)
        batch.ranges = rows.as_lists() if batch.ranges else None
        batch.account, batch.request_kind = account_kind(batch.team), settings.OPTIONS.xai_request_kind
        batch.id_prefix = id_prefix(batch.dataset.name)
        batch.id_column = ID_COLUMN if batch.dataset.holds_requests else batch.id_column
        batch.problems, batch.problem_count = [], 0
        batch.save()
        batch_starting.send(Batch, batch=batch)
        for number, some in enumerate(rows.pieces(settings.OPTIONS.requests_per_submission), 1):
            Submission.objects.create(
                batch=batch, number=number, first_row=some.first, last_row=some.last, next_look_at=now
            )
        note(batch.pk, "submitted", f"Submitted with {many(batch.total, 'row')}", by=user)


def cancel(batch: Batch, user: User | None) -> None:
    """Stop what is pending. What is done stays, and is billed."""
    reason = "Cancelled before it was answered."
    _end_early(batch, user, State.CANCELLED, RowState.CANCELLED, reason, "Cancel asked for")


def finish_early(batch: Batch, user: User | None) -> None:
    """Cancel, keep what is there, and declare the rest missing, so that it can be retried."""
    reason = "Still pending when the batch was finished with what was there."
    _end_early(batch, user, State.COMPLETED, RowState.MISSING, reason, "Finish with what is there")


def _end_early(batch: Batch, user: User | None, ending: State, rest: RowState, reason: str, words: str) -> None:
    with transaction.atomic():
        running = list(batch.submissions.select_for_update().exclude(state__in=TERMINAL))
        if not running:
            raise NotNow("This batch has ended already.")
        for submission in running:
            if not submission.cancel_asked_at:
                ask_to_end(submission, ending, rest, reason)
        refresh(batch.pk)
        note(batch.pk, "cancel", words, by=user)


def retry(
    batch: Batch,
    user: User | None,
    *,
    causes: list[str] | None = None,
    rows: list[int] | None = None,
    states: tuple[str, ...] = (),
    misfits: bool = False,
) -> Submission:
    """Try rows again into the same batch: all that did not succeed, or those of some causes, or some rows.

    Skipped rows only where they are named, by `rows` or `states`; `misfits` are answers that do not fit the shape.
    Raises NotNow when there is nothing to try again.
    """
    states = states or _states_to_retry(rows, misfits, causes)
    wanted: dict[str, Any] = {"states": [str(state) for state in states], "causes": causes, "rows": rows}
    wanted["fit"] = "misfit" if misfits else ""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        results = Result.objects.filter(batch=batch, state__in=states)
        results = results.filter(cause__in=causes) if causes else results
        results = results.filter(row__in=rows) if rows else results
        results = results.exclude(misfit="") if misfits else results
        if not results.exists():
            raise NotNow("There is nothing to try again.")
        submission = _again(batch, wanted)
        rest = "answers that do not fit" if misfits else "all that did not succeed"
        what = f"row {rows[0]:,}" if rows and len(rows) == 1 else ", ".join(causes or [rest])
        note(batch.pk, "retried", f"Retry: {what}", by=user, submission=submission)
    return submission


def _states_to_retry(rows: list[int] | None, misfits: bool, causes: list[str] | None) -> tuple[str, ...]:
    """Succeeded rows are retried for a misfit, or by a cause that only flawed answers have."""
    if misfits:
        return (RowState.SUCCEEDED,)
    if causes and COUNTERS.keys() & set(causes):
        return (*_WITHOUT_ANSWER, RowState.SUCCEEDED)
    return (*_WITHOUT_ANSWER, RowState.SKIPPED) if rows else _WITHOUT_ANSWER


_WITHOUT_ANSWER = (RowState.FAILED, RowState.CANCELLED, RowState.MISSING)


def _again(batch: Batch, wanted: dict[str, Any]) -> Submission:
    number = batch.submissions.order_by("-number").values_list("number", flat=True)[0] + 1
    first, last = batch.rows.first, batch.rows.last
    submission = Submission.objects.create(
        batch=batch, number=number, first_row=first, last_row=last, retry_of=wanted, next_look_at=timezone.now()
    )
    refresh(batch.pk)
    return submission


def retry_by_itself(submission: Submission) -> None:
    """A standing choice: when a submission ends, transient failures are tried again, up to the chosen number."""
    batch = Batch.objects.get(pk=submission.batch_id)
    used = batch.submissions.filter(retry_of__by_itself=True).count()
    if used >= batch.auto_retries or submission.cancel_asked_at or batch.state == State.CANCELLING:
        return
    transient = {"states": [str(RowState.FAILED)], "causes": sorted(TRANSIENT), "rows": None}
    found = Result.objects.filter(batch=batch, state=RowState.FAILED, cause__in=TRANSIENT)
    if found.exists():
        again = _again(batch, transient | {"by_itself": True})
        note(batch.pk, "retried", "Retry by itself: transient failures", submission=again)


def go_on(batch: Batch, user: User | None) -> None:
    """Try a held batch again now."""
    with transaction.atomic():
        resume(batch.pk, by=user)
        _look_now(batch)


def wake_held(team: Team) -> None:
    """A key was set: every held batch of the team is tried now."""
    for batch in Batch.objects.filter(team=team).exclude(held_reason=""):
        _look_now(batch)


def _look_now(batch: Batch) -> None:
    batch.submissions.exclude(state__in=TERMINAL).update(next_look_at=timezone.now(), faults=0, tries=0)


def rename(batch: Batch, name: str, user: User | None = None) -> None:
    """Give it another name here. What it is called at xAI was written down when it was made, and stays."""
    if name == batch.name:
        return
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(name=name)
        note(batch.pk, "renamed", f"Renamed, from “{batch.name}”", by=user)


def delete(batch: Batch, user: User | None) -> None:
    """Hide a batch that ended, or a draft; a worker removes it. Raises NotNow while it runs."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        if batch.is_running:
            raise NotNow("A running batch cannot be deleted. Cancel it first.")
        batch.deleted_at = timezone.now()
        batch.save(update_fields=["deleted_at"])
