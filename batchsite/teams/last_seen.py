"""When a person last looked: what ended since is news to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.processes.outages import write_if_possible
from batchsite.teams.models import Membership

VISIT = timedelta(minutes=30)
"""Whoever was away for so long comes anew: news is what happened since the visit before."""
OFTEN = timedelta(minutes=1)


def note_visit(membership: Membership) -> datetime | None:
    """Note that the person looks now; the end of their visit before this one, None at the first."""
    now, seen = timezone.now(), membership.seen_at
    if seen is not None and now - seen < OFTEN:
        return membership.seen_before
    if seen is not None and now - seen > VISIT:
        membership.seen_before = seen
    membership.seen_at = now
    mine, before = Membership.objects.filter(pk=membership.pk), membership.seen_before
    write_if_possible(lambda: mine.update(seen_at=now, seen_before=before))
    return membership.seen_before
