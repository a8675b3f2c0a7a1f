"""When a person last visited; what ended since then is news to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.processes.outages import write_if_possible
from batchsite.teams.models import Membership

VISIT = timedelta(minutes=30)
"""After this long an absence, a new visit begins; news is what happened since the previous one."""
OFTEN = timedelta(minutes=1)
"""A visit is recorded at most this often."""


def note_visit(membership: Membership) -> datetime | None:
    """Records the visit. Returns when the previous visit ended, None at the first."""
    now, seen = timezone.now(), membership.seen_at
    if seen is not None and now - seen < OFTEN:
        return membership.seen_before
    if seen is not None and now - seen > VISIT:
        membership.seen_before = seen
    membership.seen_at = now
    row, before = Membership.objects.filter(pk=membership.pk), membership.seen_before
    write_if_possible(lambda: row.update(seen_at=now, seen_before=before))
    return membership.seen_before
