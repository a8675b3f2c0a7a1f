"""What people do to a batch: start, cancel, finish early, retry, go on, delete. Each is one short transaction.

Nothing here talks to the provider: actions record what is wanted, and workers carry it out. Every action locks the
batch before it reads anything that it decides by (transitions.py has the order of locks).
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from batchsite.batches.answer_flaws import COUNTERS
from batchsite.batches.causes import STOPPED, TRANSIENT
from batchsite.batches.draft_fingerprint import draft_fingerprint
from batchsite.batches.models import Batch, EndedBy, LiveRequest, LiveState, Submission
from batchsite.batches.signals import batch_starting
from batchsite.batches.states import TERMINAL, UNREACHABLE, HeldFor, RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import ask_to_end, lock_batch, refresh, resume, update
from batchsite.pricing.budgets import refusal_of
from batchsite.pricing.estimate import Estimate
from batchsite.pricing.lessons import prompt_fingerprint
from batchsite.pricing.repeated_rows import sends_once
from batchsite.recipes.given_requests import ID_COLUMN
from batchsite.recipes.recipe import id_prefix
from batchsite.submission.retriable import Retry, untaken
from batchsite.teams.accounts import AccountMissing, payer_of
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.wording import exact, many
from batchsite.xai.bodies import CHAT, EDIT, GENERATION, RESPONSES, VIDEO

HAS_ENDED = "This batch has already ended."
DELETED = "This batch was deleted."
STILL_RUNS = "A running batch can’t be deleted. Cancel it first."
REACHABLE = "xAI can be asked about this batch. Cancel it instead, so that no row keeps running there."


class NotNow(RuntimeError):
    """The action does not fit the state of the batch. The message says why."""


def start(
    batch: Batch,
    user: User | None,
    price: Estimate | None,
    *,
    spend_cap: int | None = None,
    key: ProviderKey | None = None,
) -> None:
    """Queues a draft at the price that was computed for it. What is sent never changes afterwards.

    `spend_cap`: ticks that it may cost. `key`: one of the team's, else what pays by default.

    Raises NotNow when the draft was submitted or changed since `batch` was read, or does not fit the team's budget.
    """
    priced, sent_once = draft_fingerprint(batch), sends_once(batch)
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        if batch.deleted_at:
            raise NotNow(f"{DELETED} Nothing was sent.")
        if batch.state != State.DRAFT:
            raise NotNow("This batch was already submitted.")
        if draft_fingerprint(batch) != priced:
            raise NotNow("The draft has changed since you opened it. This is the current version; nothing was sent.")
        team = Team.objects.select_for_update(no_key=True).get(
            pk=batch.team_id
        )  # two batches must not share what is left
        if team.delete_at:
            raise NotNow(f"{team} will be deleted. An owner can keep it on the Team page.")
        if words := refusal_of(team, price, user):
            raise NotNow(words)
        rows, now = batch.rows, timezone.now()
        batch.state, batch.started_at, batch.started_by, batch.total = State.QUEUED, now, user, len(rows)
        batch.ranges = rows.as_lists() if batch.ranges else None
        batch.account, batch.key = _payer(batch, key)
        batch.request_kind = _request_kind(batch)
        batch.cache_key = _cache_key(batch)
        batch.id_prefix = id_prefix(batch.dataset.name)
        batch.id_column = ID_COLUMN if batch.dataset.holds_requests else batch.id_column
        batch.problems, batch.problem_count, batch.sent_once = [], 0, sent_once
        batch.spend_cap_ticks, batch.is_near_cap = spend_cap, False
        batch.save()
        batch_starting.send(Batch, batch=batch)
        for number, part in enumerate(rows.pieces(settings.OPTIONS.requests_per_submission), 1):
            spans = {"first_row": part.first, "last_row": part.last, "is_live": batch.runs_live}
            Submission.objects.create(batch=batch, number=number, next_look_at=now, **spans)
        how = ", to run live" if batch.runs_live else ""
        how += f", to stop at {exact(spend_cap)}" if spend_cap is not None else ""
        note(batch.pk, "submitted", f"Submitted with {many(batch.total, 'row')}{how}", by=user)


def _payer(batch: Batch, key: ProviderKey | None) -> tuple[str, ProviderKey | None]:
    """Raises NotNow."""
    try:
        return payer_of(batch.team, key)
    except AccountMissing as error:
        raise NotNow(f"{error} Nothing was sent.") from error


def _request_kind(batch: Batch) -> str:
    if batch.makes_videos:
        return VIDEO
    if batch.makes_media:
        return EDIT if batch.picture_column else GENERATION
    return CHAT if batch.runs_live else settings.OPTIONS.xai_request_kind


def _cache_key(batch: Batch) -> str:
    """Returns the key under which xAI may keep what the requests share: the same prompt has the same one."""
    goes_as_responses = batch.request_kind == RESPONSES or batch.tools
    if not goes_as_responses or batch.dataset.holds_requests or not settings.OPTIONS.prompt_cache_key:
        return ""
    return f"bs-{batch.team_id}-{prompt_fingerprint(batch)}"[:40]


def cancel(batch: Batch, user: User | None) -> None:
    """Stops what is pending. What is done stays, and is billed."""
    reason = "Cancelled before it was answered."
    _end_early(batch, user, State.CANCELLED, RowState.CANCELLED, reason, "Cancellation requested")


def finish_early(batch: Batch, user: User | None) -> None:
    """Cancels, keeps the answers so far, and declares the other rows missing, so that they can be retried."""
    reason = "Still pending when the batch was finished early."
    _end_early(batch, user, State.COMPLETED, RowState.MISSING, reason, "Finished early")


def end_here(batch: Batch, user: User | None) -> None:
    """Ends a batch that waits for a key or a network that may never come back, without asking or telling xAI.

    Raises NotNow if xAI can be reached: cancelling is better then.
    """
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        running = list(batch.submissions.select_for_update(no_key=True).exclude(state__in=TERMINAL))
        if not running:
            raise NotNow(HAS_ENDED)
        if batch.held_for not in UNREACHABLE:
            raise NotNow(REACHABLE)
        for submission in running:
            ending = State(submission.ending or State.COMPLETED)
            ask_to_end(submission, ending, RowState.MISSING, "", by=EndedBy.HERE)
        refresh(batch.pk)
        resume(batch.pk, by=user)
        note(batch.pk, "cancel", "Ended here, without asking xAI", by=user)


def _end_early(batch: Batch, user: User | None, ending: State, rest: RowState, reason: str, words: str) -> None:
    with transaction.atomic():
        lock_batch(batch.pk)
        running = list(batch.submissions.select_for_update(no_key=True).exclude(state__in=TERMINAL))
        if not running:
            raise NotNow(HAS_ENDED)
        for submission in running:
            if not submission.cancel_asked_at:
                ask_to_end(submission, ending, rest, reason)
            elif submission.ended_by == EndedBy.CAP:  # what it stopped is not wanted any more
                update(submission, ending=ending, declare_as=rest, ending_reason=reason, ended_by="")
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
    output_cap: int | None = None,
    live: bool | None = None,
) -> Submission:
    """Retries rows within the same batch: all without an answer, or those with some causes, or these rows.

    Skipped rows are tried only if `rows` or `states` name them; `misfits` are answers that do not fit the shape.
    `output_cap` takes the place of the batch's cap on output tokens, for answers that were cut off. `live` says
    whether the rows run live; None: as the batch does.
    Raises NotNow when nothing is left to try again, or all of it is being tried again already.
    """
    states = states or _states_to_retry(rows, misfits, causes)
    wanted: Retry = {
        "states": [str(state) for state in states],
        "causes": causes,
        "rows": rows,
        "fit": "misfit" if misfits else "",
        "output_cap": output_cap,
    }
    is_live = batch.runs_live if live is None else live
    if is_live and batch.tools:
        raise NotNow("Live runs can’t use tools: retry these rows in a batch.")
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        if batch.deleted_at:
            raise NotNow(DELETED)
        if live and (batch.tools or batch.dataset.holds_requests):
            raise NotNow("Rows with tools, and rows that are requests themselves, can’t be retried live.")
        results, wanted = untaken(batch, wanted)
        if not results.exists():
            waiting = "These rows are already being retried."
            raise NotNow(waiting if wanted.get("ahead") else "There is nothing to retry.")
        submission = _add_retry(batch, wanted, is_live=is_live)
        default = "answers that do not fit" if misfits else "all that did not succeed"
        what = f"row {rows[0]:,}" if rows and len(rows) == 1 else ", ".join(causes or [default])
        what += f", with up to {output_cap:,} tokens an answer" if output_cap else ""
        what += ", live" if submission.is_live and not batch.runs_live else ""
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


def _add_retry(batch: Batch, wanted: Retry, *, is_live: bool) -> Submission:
    number = batch.submissions.order_by("-number").values_list("number", flat=True)[0] + 1
    first, last = batch.rows.first, batch.rows.last
    spans = {"first_row": first, "last_row": last, "is_live": is_live}
    submission = Submission.objects.create(
        batch=batch, number=number, retry_of=dict(wanted), next_look_at=timezone.now(), **spans
    )
    Batch.objects.filter(pk=batch.pk).exclude(archived_at=None).update(archived_at=None)  # what runs is in the list
    refresh(batch.pk)
    return submission


def retry_by_itself(submission: Submission) -> None:
    """Retries transient failures when a submission ends, as often as a person chose.

    The batch and the submission are locked.
    """
    batch = Batch.objects.get(pk=submission.batch_id)
    used = batch.submissions.filter(retry_of__by_itself=True).count()
    if used >= batch.auto_retries or submission.cancel_asked_at or batch.state == State.CANCELLING:
        return
    wanted: Retry = {
        "states": [str(RowState.FAILED)],
        "causes": sorted(TRANSIENT),
        "rows": None,
        "by_itself": True,
        "output_cap": (submission.retry_of or {}).get("output_cap"),
    }
    results, wanted = untaken(batch, wanted)
    if results.exists():
        again = _add_retry(batch, wanted, is_live=submission.is_live)
        note(batch.pk, "retried", "Automatic retry: temporary failures", submission=again)


def go_on_with_stopped(submission: Submission) -> None:
    """Moves what the spending cap stopped at xAI to a further submission, which waits. Both are locked."""
    if submission.ended_by != EndedBy.CAP:
        return
    wanted: Retry = {"states": [str(RowState.CANCELLED)], "causes": [STOPPED], "rows": None}
    wanted["output_cap"] = (submission.retry_of or {}).get("output_cap")
    results, wanted = untaken(Batch.objects.get(pk=submission.batch_id), wanted)
    if results.exists():
        _add_retry(submission.batch, wanted, is_live=False)


def set_spend_cap(batch: Batch, ticks: int | None, user: User | None) -> None:
    """Sets what the batch may cost (None: no limit). A batch that was held for its cap continues."""
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        if batch.spend_cap_ticks == ticks:
            return
        Batch.objects.filter(pk=batch.pk).update(spend_cap_ticks=ticks, is_near_cap=False)
        words = "Spending cap removed" if ticks is None else f"Spending cap set to {exact(ticks)}"
        note(batch.pk, "cap_set", words, by=user)
        if batch.held_for == HeldFor.CAP:
            resume(batch.pk, by=user)
        look_now(batch)


def go_on(batch: Batch, user: User | None) -> None:
    """Resumes a held batch now."""
    with transaction.atomic():
        lock_batch(batch.pk)
        resume(batch.pk, by=user)
        Batch.objects.filter(pk=batch.pk).update(must_confirm=False)
        lost = LiveRequest.objects.filter(submission__batch=batch, state=LiveState.LOST)
        lost.update(state=LiveState.ENDED)  # a person knows of them, and wants the others asked
        look_now(batch)


def wake_held(team: Team) -> None:
    """Resumes every held batch of the team now: a key was set, or the budget was raised."""
    for batch in Batch.objects.filter(team=team).exclude(held_reason=""):
        with transaction.atomic():
            lock_batch(batch.pk)
            look_now(batch)


def look_now(batch: Batch) -> None:
    """Makes every running submission due. The batch is locked."""
    batch.submissions.exclude(state__in=TERMINAL).update(next_look_at=timezone.now(), faults=0, tries=0)


def rename(batch: Batch, name: str, user: User | None = None) -> None:
    """Renames the batch here. Its name at xAI was set when it was created there, and stays."""
    if name == batch.name:
        return
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(name=name)
        note(batch.pk, "renamed", f"Renamed, from “{batch.name}”", by=user)


def delete(batch: Batch, user: User | None) -> None:
    """Hides a draft, or a batch that has ended; a worker removes it. Raises NotNow while it runs."""
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        if batch.is_running:
            raise NotNow(STILL_RUNS)
        batch.deleted_at = timezone.now()
        batch.save(update_fields=["deleted_at"])
