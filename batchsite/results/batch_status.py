"""The status of a batch, as the head of its page shows it. Only reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.batches.models import Batch, EndedBy, Event, Submission
from batchsite.batches.states import INCOMPLETE, RULES, TERMINAL, State
from batchsite.pricing import budgets
from batchsite.pricing.estimate import came_out
from batchsite.results import progress
from batchsite.timeouts import timeouts
from batchsite.wording import dollars

EVENTS = 200
"""Most events of the timeline that are shown, the latest ones."""
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
    """Actions to offer: go-on, wait, finish, retry."""
    words: str = ""
    """The provider's own words, verbatim."""


@dataclass(frozen=True)
class BatchStatus:
    """The status of a batch; counts are rows."""

    batch: Batch
    submissions: Sequence[Submission]
    title: str
    left: str
    """Time left, in words; empty if unknown, or if a notice is shown instead."""
    ahead: int
    """Rows that xAI reports as done but that have not been read yet."""
    took: timedelta
    """Time spent on it so far."""
    projected: int | None
    every: int
    """Seconds until the page polls again; 0 if there is nothing to wait for."""
    notices: Sequence[Notice]
    events: Sequence[Event]

    @property
    def fingerprint(self) -> str:
        """Changes when anything but the figures changes: then the page renews more than its progress."""
        batch = self.batch
        last = [(event.pk, event.times) for event in self.events[-1:]]
        kinds = [(notice.kind, notice.title) for notice in self.notices]
        seen = (batch.state, batch.name, batch.failed, batch.missing, batch.cancelled, batch.misfits, kinds, last)
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]

    @property
    def came_out(self) -> str:
        """How the cost compares with the estimate, once the batch ended."""
        return came_out(self.batch)

    @property
    def remote_ids(self) -> list[str]:
        return [submission.remote_id for submission in self.submissions if submission.remote_id]


def status_of(batch: Batch) -> BatchStatus:
    """Returns the status of `batch` now."""
    now = timezone.now()
    submissions = list(batch.submissions.order_by("number"))
    events = list(batch.events.select_related("by").order_by("-pk")[:EVENTS])[::-1]
    running = [submission for submission in submissions if submission.state not in TERMINAL]
    ahead = _ahead(running)
    idle = (now - _moved_at(batch, running)).total_seconds()
    notices = _notices(batch, running, events, idle)
    return BatchStatus(
        batch=batch,
        submissions=submissions,
        title=_title(batch, running, ahead),
        left=_left(batch, submissions, now) if batch.state == State.PROCESSING and not notices else "",
        ahead=ahead,
        took=progress.busy((submission.created_at, submission.ended_at or now) for submission in submissions),
        projected=progress.projected(batch.cost_ticks, batch.succeeded, batch.total) if batch.is_running else None,
        every=progress.pause(idle) if batch.is_running else 0,
        notices=notices,
        events=events,
    )


def done_so_far(batch: Batch) -> int:
    """Returns the rows that are done, including those that xAI reports but that have not been read yet."""
    return batch.done + _ahead(list(batch.submissions.exclude(state__in=TERMINAL)))


def _ahead(running: Sequence[Submission]) -> int:
    return max(0, sum(map(_reported, running)) - sum(submission.accounted for submission in running))


def _reported(submission: Submission) -> int:
    """Returns the rows that are done by the provider's counters, or by our own count if that is more.

    Cancelled rows do not count: their fate is only known once they were read, and no answer is waiting.
    """
    counted = (submission.num_success or 0) + (submission.num_error or 0)
    return max(min(counted, submission.total), submission.accounted)


def _moved_at(batch: Batch, running: Sequence[Submission]) -> datetime:
    """Returns when anything last moved."""
    moments = [batch.created_at, batch.started_at, batch.ended_at]
    for submission in running:
        moments += [submission.created_at, submission.sent_at, submission.changed_at]
    return max(moment for moment in moments if moment)


# ---- in words --------------------------------------------------------------------------------------


def _title(batch: Batch, running: Sequence[Submission], ahead: int) -> str:
    if not batch.is_running:
        return str(State(batch.state).label)
    planned = sum(len(batch.rows.within(part.first_row, part.planned_through)) for part in running if not part.planned)
    sent, total = sum(part.sent for part in running), sum(part.total for part in running)
    if batch.state == State.QUEUED:
        return f"Checking the rows: {planned:,} of {batch.total:,}" if planned else "Waiting for a worker"
    if batch.state == State.SUBMITTING:
        return f"Sending: {sent:,} of {total:,} rows"
    if batch.state == State.PROCESSING and not batch.done + ahead:
        return "Sent; waiting for the first answer"
    share = 100 * (batch.done + ahead) // batch.total if batch.total else 0
    done = "Less than 1 % done" if not share and batch.done + ahead else f"{share} % done"
    if batch.state == State.CANCELLING:
        finishing = any(submission.ending == State.COMPLETED for submission in running)
        return f"{'Finishing' if finishing else 'Cancelling'}, {done[:1].lower()}{done[1:]}"
    if batch.state == State.COLLECTING:
        return f"Reading the results: {batch.done:,} of {batch.total:,}"
    return done


def _left(batch: Batch, submissions: Sequence[Submission], now: datetime) -> str:
    """Returns the time left, at the rate since the first result; for a retry, since it was requested."""
    running = [submission for submission in submissions if submission.state not in TERMINAL]
    began = min(submission.created_at for submission in running)
    if batch.first_result_at and len(running) == len(submissions):
        # The first result is seen up to one poll after it arrived.
        began = max(began, batch.first_result_at - timedelta(seconds=timeouts().poll))
    done, total = sum(map(_reported, running)), sum(submission.total for submission in running)
    return progress.left_in_words(progress.seconds_left(done, total, (now - began).total_seconds()))


# ---- what needs a look ---------------------------------------------------------------------------------


def _notices(batch: Batch, running: Sequence[Submission], events: Sequence[Event], idle: float) -> list[Notice]:
    if not batch.is_running:
        return _at_the_end(batch)
    if batch.held_reason:
        text = "No rows are lost. We retry automatically, and continue from here."
        reason = batch.held_reason[:1].upper() + batch.held_reason[1:]
        words = next((event.detail for event in reversed(events) if event.kind == "held"), "")
        return [Notice("held", "warn", f"Held: {reason}", text, batch.held_since, ("go-on", "finish"), words)]
    if batch.state == State.CANCELLING:
        by_request = sorted(running, key=lambda submission: submission.cancel_asked_at is None)
        return [_ending(submission) for submission in by_request[:1]]  # none if the last one has just ended
    notices = [_trouble(running, events), _stalled(batch, running, events, idle), _over_budget(batch)]
    return [notice for notice in notices if notice]


def _at_the_end(batch: Batch) -> list[Notice]:
    if batch.state == State.FAILED:
        words = batch.failure or "xAI gave no reason."
        return [Notice("failed", "bad", "The batch failed", "Earlier answers are kept.", words=words)]
    if batch.state == State.EXPIRED:
        text = "Earlier answers are kept. The other rows can be retried."
        return [
            Notice("expired", "warn", "The batch expired at xAI before every row was answered", text, None, ("retry",))
        ]
    return []


def _ending(submission: Submission) -> Notice:
    """A person, a deadline or xAI ends the batch before every row is answered."""
    text = "Answered rows are kept and billed. The remaining rows settle in about two minutes."
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
    last = next((event for event in reversed(events) if event.kind == "error"), None)
    text = "We retry automatically, less and less often. Nothing is lost and nothing is sent twice."
    title = f"xAI is not responding properly: {last.text}" if last else "xAI is not responding properly"
    return Notice("trouble", "warn", title, text, last.at if last else None, ("go-on",), last.detail if last else "")


def _stalled(batch: Batch, running: Sequence[Submission], events: Sequence[Event], idle: float) -> Notice | None:
    """Nothing has moved for long, or xAI's counters contradict its list."""
    if batch.state != State.PROCESSING:
        return None
    moved = _moved_at(batch, running)
    if idle > timeouts().stalled:
        text = "xAI guarantees no time; most batches finish within a day, but a row can hang forever. You can wait, or "
        text += "take the answers it has: the rest is cancelled and marked missing, and can be retried."
        return Notice("stalled", "warn", "No new answers for a while", text, moved, ("wait", "finish"))
    suspect = next((event for event in reversed(events) if event.kind == "suspect"), None)
    if suspect and suspect.last_at > moved:
        text = "We keep checking automatically. If nothing changes, finish with the answers it has and retry the rest."
        return Notice("suspect", "warn", suspect.text, text, suspect.at, ("wait", "finish"))
    return None


def _over_budget(batch: Batch) -> Notice | None:
    """The budget is reached: this batch continues, but the next one would be refused."""
    budget = budgets.reached(batch.team)
    if budget is None:
        return None
    text = f"{dollars(budget.spent)} of {dollars(budget.limit)} is spent. This batch is already running and continues; "
    return Notice("budget", "warn", f"The team’s budget for {budget.month} is reached", f"{text}a new one is refused.")


EVENT_TONES = {
    "error": "warn",
    "held": "warn",
    "suspect": "warn",
    "stray": "warn",
    "circle": "warn",
    "readded": "warn",
    "refused": "warn",
}


def tone_of(event: Event) -> str:
    """Returns the colour of an event in the timeline. Completed with unanswered rows is amber, never plain green."""
    if event.outcome == INCOMPLETE:
        return "warn"
    if event.outcome:
        return RULES[State(event.outcome)].tone
    return EVENT_TONES.get(event.kind, "")
