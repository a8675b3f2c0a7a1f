"""What a person should know of a batch: held, failing, stalled, ending, over the budget. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.batches.causes import LOST_ANSWER, LOST_REQUEST
from batchsite.batches.models import Batch, EndedBy, Event, Result, Submission
from batchsite.batches.states import TERMINAL, UNREACHABLE, HeldFor, RowState, State
from batchsite.batches.time_left import moved_at
from batchsite.batches.timeline import NO_BATCHES, NO_SUCH_MODEL, SLOWED
from batchsite.pricing import budgets
from batchsite.pricing.retry_cost import cost_of
from batchsite.processes.heartbeats import seconds_since_any_beat
from batchsite.submission.key_moves import other_accounts
from batchsite.teams.accounts import AccountKind
from batchsite.timeouts import timeouts
from batchsite.wording import dollars, exact, many

RECENT = timedelta(hours=1)
"""For this long after a retry, the page says what came of it."""
TROUBLE = 2
"""Consecutive failed calls before the page mentions them: a single one is normal."""


@dataclass(frozen=True)
class Notice:
    """Something a person should know: what happened, why, and what they can do."""

    kind: str
    tone: str
    title: str
    text: str
    since: datetime | None = None
    moves: tuple[str, ...] = ()
    """Actions to offer: go-on, wait, finish, end-here, retry, use-key, set-key, set-budget, raise-cap,
    another-model."""
    words: str = ""
    """To be shown verbatim: the provider's own words, or commands."""


def notices_of(batch: Batch, submissions: Sequence[Submission], events: Sequence[Event], idle: float) -> list[Notice]:
    """Returns what there is to know now. `submissions` by number, `idle` in seconds since anything moved."""
    if not batch.is_running:
        return _at_the_end(batch, submissions, events)
    running = [submission for submission in submissions if submission.state not in TERMINAL]
    if no_worker := _no_worker(batch, idle):
        return [no_worker]
    if batch.held_reason:
        return [_held(batch, running, events)]
    if batch.state == State.CANCELLING:
        by_request = sorted(running, key=lambda submission: submission.cancel_asked_at is None)
        return [_ending(submission) for submission in by_request[:1]]  # none if the last one has just ended
    notices = [_trouble(running, events), _stalled(batch, running, events, idle), _near_cap(batch), _over_budget(batch)]
    return [notice for notice in notices if notice]


_AFTER = {
    HeldFor.RESTORE: "Until then nothing is sent.",
    HeldFor.CAP: "What is answered is kept. Nothing more is sent until then.",
    HeldFor.LOST: "Answers to rows already sent are still read.",
}
"""What happens meanwhile if a person has to decide; otherwise it is retried automatically."""


def _held(batch: Batch, running: Sequence[Submission], events: Sequence[Event]) -> Notice:
    title, _, advice = batch.why_held.partition(". ")
    after = _AFTER.get(HeldFor(batch.held_for or "other"), "No rows are lost: we retry automatically.")
    words = next((event.detail for event in reversed(events) if event.kind == "held"), "")
    if batch.held_for in UNREACHABLE and any(submission.cancel_asked_at for submission in running):
        after = "It ends as soon as xAI can be asked about it. If that will never happen, end it here."
    moves = _moves_of_held(batch, running)
    text = f"{advice} {after}".strip()
    return Notice("held", "warn", f"Held: {title.rstrip('.')}", text, batch.held_since, moves, words)


_DECIDED_BY = {HeldFor.LOST: "go-on", HeldFor.CAP: "raise-cap"}
"""What a person has to do if only they can let it continue."""


def _moves_of_held(batch: Batch, running: Sequence[Submission]) -> tuple[str, ...]:
    if batch.held_for in _DECIDED_BY:
        return (_DECIDED_BY[HeldFor(batch.held_for)], "finish")
    moves = ["use-key"] if batch.held_for == HeldFor.KEY and other_accounts(batch) else []
    moves += ["set-key"] if batch.held_for == HeldFor.KEY and batch.account == AccountKind.TEAM else []
    moves += ["set-budget"] if batch.held_for == HeldFor.BUDGET else []
    if not all(submission.cancel_asked_at for submission in running):
        moves.append("finish")
    if batch.held_for in UNREACHABLE:
        moves.append("end-here")
    return tuple(moves)


def _no_worker(batch: Batch, idle: float) -> Notice | None:
    """No worker shows a sign of life: nothing moves until the operator starts them."""
    silent = seconds_since_any_beat()
    if silent is None:  # no worker ever ran: then a batch waits in the queue
        silent = idle if batch.state == State.QUEUED else 0
    if silent <= timeouts().no_worker:
        return None
    text = "No worker is running. No rows are lost: the batch continues as soon as one does. Whoever runs batchsite "
    text += "starts everything with the first command; the second says what is wrong."
    since = timezone.now() - timedelta(seconds=silent)
    words = "python manage.py up\npython manage.py doctor"
    return Notice("no-worker", "bad", "Nothing is being worked on", text, since, words=words)


def _at_the_end(batch: Batch, submissions: Sequence[Submission], events: Sequence[Event]) -> list[Notice]:
    kinds = {event.kind for event in events}
    if batch.state == State.FAILED and kinds & {NO_BATCHES, NO_SUCH_MODEL}:
        text = "Nothing was sent or billed. Create a draft with everything copied, and choose another model there"
        text += ", or run it live." if NO_BATCHES in kinds else "."
        does_not = "take {} in batches" if NO_BATCHES in kinds else "offer {} to this team"
        title = f"xAI does not {does_not.format(batch.model)}"
        return [Notice("no-batches", "bad", title, text, None, ("another-model",), batch.failure)]
    if batch.state == State.FAILED:
        words = batch.failure or "xAI gave no reason."
        return [Notice("failed", "bad", "The batch failed", "Earlier answers are kept.", words=words)]
    if batch.state == State.EXPIRED:
        text = "Earlier answers are kept. The other rows can be retried."
        return [Notice("expired", "warn", "The batch expired at xAI before every row was answered", text)]
    lost = _lost(batch) if batch.missing and any(submission.is_live for submission in submissions) else None
    retried = [_retried(last) for last in submissions[-1:] if last.retry_of and _is_recent(last)]
    return [lost, *retried] if lost else retried


def _lost(batch: Batch) -> Notice | None:
    """Rows that ran live and may have been paid for without an answer."""
    lost = Result.objects.filter(batch=batch, state=RowState.MISSING, cause__in=[LOST_REQUEST, LOST_ANSWER]).count()
    if not lost:
        return None
    cost = cost_of(batch, lost)
    price = f" for about {dollars(cost)}" if cost else ""
    title = f"{many(lost, 'row')} may have been billed{price}, without an answer"
    text = "xAI hands out a live answer only once and keeps no list to check. Each row says what is known. They "
    text += "aren’t sent again automatically; a retry may pay for them twice."
    return Notice("lost", "warn", title, text, None, ("retry",))


def _is_recent(submission: Submission) -> bool:
    return submission.ended_at is not None and timezone.now() - submission.ended_at < RECENT


def _retried(submission: Submission) -> Notice:
    """What came of the last retry, for a while."""
    answered, total = submission.succeeded, submission.total
    text = "Every row has an answer now." if answered == total else "Results shows the reason of each row."
    title = f"Retry finished: {answered:,} of {total:,} answered this time"
    return Notice("retried", "" if answered == total else "warn", title, text)


def _ending(submission: Submission) -> Notice:
    """A person, a deadline or xAI ends the batch before every row is answered."""
    text = "Answered rows are kept and billed. The remaining rows settle in about two minutes."
    if submission.ended_by == EndedBy.CAP:
        text += " What was not answered then waits for a higher cap."
        return Notice("ending", "warn", "Stopping at the spending cap", text)
    if submission.is_live:
        text = "Nothing more is sent. Rows that xAI is working on can’t be called back: they are billed, and we wait "
        text += "for their answers."
    reason = submission.ending_reason
    if submission.ending == State.COMPLETED:
        early = f"{reason} " if submission.ended_by == EndedBy.DEADLINE else ""
        return Notice("ending", "", "Finishing early", early + text)
    if submission.ending == State.FAILED:
        return Notice("ending", "warn", "xAI refused it; the rows sent so far are being withdrawn", text, words=reason)
    return Notice("ending", "", "Cancelling", text)


def _trouble(running: Sequence[Submission], events: Sequence[Event]) -> Notice | None:
    """Calls keep failing, and are retried automatically."""
    if max((submission.faults for submission in running), default=0) < TROUBLE:
        return None
    last = next((event for event in reversed(events) if event.kind in {"error", SLOWED}), None)
    if last and last.kind == SLOWED:
        text = "It limits how often it is called. We keep asking, at growing intervals. Rows at xAI keep running."
        return Notice("trouble", "", "xAI asks us to slow down", text, last.at, ("go-on",))
    text = "We retry automatically, at growing intervals. Nothing is lost and nothing is sent twice."
    title = f"xAI is not responding properly: {last.text}" if last else "xAI is not responding properly"
    return Notice("trouble", "warn", title, text, last.at if last else None, ("go-on",), last.detail if last else "")


_USUAL_TIME = {
    False: "xAI promises no time; most batches finish within a day, but a row can hang forever",
    True: "Live answers usually arrive within a minute, but xAI may be slow or a row may hang",
}
"""By whether the rows run live: how long answers take."""


def _stalled(batch: Batch, running: Sequence[Submission], events: Sequence[Event], idle: float) -> Notice | None:
    """Nothing has moved for long, or xAI's counters contradict its list."""
    if batch.state != State.PROCESSING:
        return None
    moved = moved_at(batch, running)
    suspect = next((event for event in reversed(events) if event.kind == "suspect"), None)
    if suspect and suspect.last_at > moved and idle <= timeouts().stalled:
        text = "We keep checking automatically. If nothing changes, finish with the answers it has and retry the rest."
        return Notice("suspect", "warn", suspect.text, text, suspect.at, ("wait", "finish"))
    if idle > timeouts().unmoved:
        tone = "warn" if idle > timeouts().stalled else ""
        text = f"{_USUAL_TIME[batch.runs_live]}. You can wait, or take the answers it has: the rest is cancelled "
        text += "and marked missing, and can be retried."
        return Notice("stalled", tone, "No new answers for a while", text, moved, ("wait", "finish"))
    return None


def _near_cap(batch: Batch) -> Notice | None:
    """The soft line of the spending cap is passed: it will stop there, unless the cap is raised."""
    if not batch.is_near_cap or batch.spend_cap_ticks is None:
        return None
    text = f"{dollars(batch.cost_ticks)} of {exact(batch.spend_cap_ticks)} is billed. At the cap the batch stops."
    return Notice("near-cap", "warn", "The spending cap is near", text, moves=("raise-cap",))


def _over_budget(batch: Batch) -> Notice | None:
    """A budget is reached: this batch continues, but the next one would be refused. Or its soft line is passed."""
    budget = budgets.reached(batch)
    if budget is not None:
        text = f"{dollars(budget.spent)} of {exact(budget.limit)} is spent. This batch is already running and "
        title = f"{budget.whose_title} budget for {budget.month} is reached"
        return Notice("budget", "warn", title, f"{text}continues; a new one is refused.")
    for budget in budgets.near_budgets(batch):
        text = f"{dollars(budget.spent)} of {exact(budget.limit)} is spent. At the limit, new batches are refused."
        return Notice("near-budget", "warn", f"{budget.whose_title} budget for {budget.month} is nearly used up", text)
    return None
