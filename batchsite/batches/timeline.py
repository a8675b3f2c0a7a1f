"""The timeline of a batch: what happened to it, for people to read."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from batchsite.batches.models import Event, Submission
from batchsite.teams.models import User

_SAME_EVENT = timedelta(hours=6)


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
    """Add a line to the timeline; the same line as the last counts up instead."""
    now = timezone.now()
    last = Event.objects.filter(batch_id=batch_id).order_by("-pk").first()
    if last and (last.kind, last.text) == (kind, text) and last.last_at > now - _SAME_EVENT:
        Event.objects.filter(pk=last.pk).update(
            times=F("times") + 1, last_at=now, detail=detail or last.detail, trace_id=trace_id or last.trace_id
        )
        return
    Event.objects.create(
        batch_id=batch_id,
        submission=submission,
        kind=kind,
        text=text,
        by=by,
        detail=detail[:4000],
        trace_id=trace_id[:100],
        outcome=outcome,
        at=now,
        last_at=now,
    )
