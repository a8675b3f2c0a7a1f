"""The timeline of a batch: what happened to it, for people to read."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from batchsite.batches.models import Event, Submission
from batchsite.batches.signals import event_noted
from batchsite.teams.models import User

NO_BATCHES = "model_takes_no_batches"
"""Kind of the event that xAI refused the model of a batch when its first rows were added: nothing was admitted."""
NO_SUCH_MODEL = "model_unknown"
"""Kind of the event that xAI does not offer the model to the team at all."""
SLOWED = "slowed"
"""Kind of the event that xAI limits the rate of calls (429)."""
_SAME_EVENT = timedelta(hours=6)
_LONGEST_DETAIL = 4_000
_LONGEST_TRACE_ID = 100
"""Characters; PostgreSQL refuses a longer one."""


def note(
    batch_id: int,
    kind: str,
    text: str,
    *,
    submission: Submission | None = None,
    by: User | None = None,
    detail: str = "",
    trace_id: str = "",
    outcome: str = "",
) -> None:
    """Adds an event to the timeline. If it repeats the latest one, that one's counter grows instead."""
    now = timezone.now()
    detail, trace_id = detail[:_LONGEST_DETAIL], trace_id[:_LONGEST_TRACE_ID]
    last = Event.objects.filter(batch_id=batch_id).order_by("-pk").first()
    if last and (last.kind, last.text) == (kind, text) and last.last_at > now - _SAME_EVENT:
        Event.objects.filter(pk=last.pk).update(
            times=F("times") + 1, last_at=now, detail=detail or last.detail, trace_id=trace_id or last.trace_id
        )
        return
    with transaction.atomic():
        Event.objects.create(
            batch_id=batch_id,
            submission=submission,
            kind=kind,
            text=text,
            by=by,
            detail=detail,
            trace_id=trace_id,
            outcome=outcome,
            at=now,
            last_at=now,
        )
        event_noted.send(Event, batch_id=batch_id, kind=kind)
