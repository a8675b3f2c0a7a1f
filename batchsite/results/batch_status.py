"""The status of a batch, as the head of its page shows it. Only reads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from django.utils import timezone

from batchsite.batches.answer_flaws import DECLINED, TRUNCATED
from batchsite.batches.models import Batch, Event, Submission
from batchsite.batches.states import INCOMPLETE, RULES, TERMINAL, RowState, State
from batchsite.batches.time_left import is_moving, moved_at, reported, time_left
from batchsite.pricing.cache_use import CacheUse, cache_use
from batchsite.pricing.estimate import came_out
from batchsite.results import progress
from batchsite.results.batch_notices import Notice, notices_of
from batchsite.wording import many

EVENTS = 200
EVERY = 2
"""Seconds between two polls: an ended batch is on the page within 3 s, however long nothing moved before."""
"""Most events of the timeline that are shown, the latest ones."""


@dataclass(frozen=True)
class Count:
    """Rows of one kind, with the query that filters by it."""

    rows: int
    label: str
    query: str
    tone: str = ""


@dataclass(frozen=True)
class BatchStatus:
    """The status of a batch; counts are rows."""

    batch: Batch
    submissions: Sequence[Submission]
    title: str
    left: str
    """Time left, in words; empty if unknown, if nothing moves, or if a notice is shown instead."""
    unmoved_since: datetime | None
    """When the last answer came, if three polls brought none since."""
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
        seen = (
            batch.state,
            batch.name,
            batch.failed,
            batch.flawed,
            batch.missing,
            batch.cancelled,
            batch.misfits,
            kinds,
            last,
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]

    @property
    def counts(self) -> list[Count]:
        """Succeeded, failed and pending rows, and every other kind that there is."""
        batch = self.batch
        counts = [
            Count(batch.succeeded, "succeeded", "state=succeeded", "good"),
            Count(batch.failed, "failed", "state=failed", "bad"),
        ]
        rare = [
            Count(batch.missing, "missing", "state=missing", "warn"),
            Count(batch.cancelled, batch.row_label(RowState.CANCELLED).lower(), "state=cancelled", "rest"),
            Count(batch.skipped, "skipped, not sent", "state=skipped", "rest"),
            Count(batch.no_answer, "without an answer", "fit=empty", "warn"),
            Count(batch.declined, "refused by the model", f"cause={quote(DECLINED)}", "warn"),
            Count(batch.truncated, "cut off", f"cause={quote(TRUNCATED)}", "warn"),
            Count(batch.misfits, "in the wrong format", "fit=misfit", "warn"),
            Count(batch.pending, "pending", "state=pending", "rest"),
            Count(batch.copies, "repeats of another row", "fit=copy", "rest"),
        ]
        return counts + [count for count in rare if count.rows]

    @property
    def came_out(self) -> str:
        """How the cost compares with the estimate, once the batch ended."""
        return came_out(self.batch)

    @property
    def cache_use(self) -> CacheUse | None:
        """How much of the prompts was billed at the cached price."""
        return cache_use(self.batch)

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
    idle = (now - moved_at(batch, running)).total_seconds()
    notices = notices_of(batch, submissions, events, idle)
    is_waiting = batch.state == State.PROCESSING and bool(batch.done + ahead) and not is_moving(batch, running, now)
    return BatchStatus(
        batch=batch,
        submissions=submissions,
        title=_title(batch, running, ahead),
        left="" if notices else time_left(batch, submissions, now),
        unmoved_since=moved_at(batch, running) if is_waiting else None,
        ahead=ahead,
        took=progress.busy((submission.created_at, submission.ended_at or now) for submission in submissions),
        projected=_projected(batch) if batch.is_running else None,
        every=EVERY if batch.is_running else 0,
        notices=notices,
        events=events,
    )


def _projected(batch: Batch) -> int | None:
    """Returns the cost of the whole batch in ticks; copies cost nothing. None while unknown."""
    sent = batch.total - batch.copies
    return progress.projected(batch.cost_ticks, min(batch.succeeded, sent), sent)


def done_so_far(batch: Batch) -> int:
    """Returns the rows that are done, including those that xAI reports but that have not been read yet."""
    return batch.done + _ahead(list(batch.submissions.exclude(state__in=TERMINAL)))


def _ahead(running: Sequence[Submission]) -> int:
    return max(0, sum(map(reported, running)) - sum(submission.accounted for submission in running))


# ---- in words --------------------------------------------------------------------------------------


def _title(batch: Batch, running: Sequence[Submission], ahead: int) -> str:
    """Returns how far the batch is, and whether only a retry is left."""
    if not batch.is_running:
        return str(State(batch.state).label)
    words = _how_far(batch, running, ahead)
    if not running or not all(submission.retry_of for submission in running) or batch.state == State.CANCELLING:
        return words
    rows = sum(submission.total for submission in running)
    what = f"Retrying {many(rows, 'row')}" if rows else "Retrying"
    return f"{what}: {words[:1].lower()}{words[1:]}"


def _how_far(batch: Batch, running: Sequence[Submission], ahead: int) -> str:
    planned = sum(len(batch.rows.within(part.first_row, part.planned_through)) for part in running if not part.planned)
    sent, total = sum(part.sent for part in running), sum(part.total for part in running)
    if batch.state == State.QUEUED:
        return f"Checking the rows: {planned:,} of {batch.total:,}" if planned else "Waiting for a worker"
    if batch.state == State.SUBMITTING:
        verb = "Asking" if all(part.is_live for part in running) else "Sending"
        return f"{verb}: {sent:,} of {total:,} rows"
    if batch.state == State.PROCESSING and not batch.done + ahead:
        return "Sent; waiting for the first answer"
    share = 100 * (batch.done + ahead) // batch.total if batch.total else 0
    done = "Less than 1 % done" if not share and batch.done + ahead else f"{share} % done"
    if batch.state == State.CANCELLING:
        finishing = any(submission.ending == State.COMPLETED for submission in running)
        return f"{'Finishing' if finishing else 'Cancelling'}, {done[:1].lower()}{done[1:]}"
    if batch.state == State.COLLECTING:
        return f"{batch.done:,} of {batch.total:,} read"
    return done


EVENT_TONES = {
    "error": "warn",
    "held": "warn",
    "suspect": "warn",
    "stray": "warn",
    "circle": "warn",
    "unread": "warn",
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
