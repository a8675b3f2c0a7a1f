"""The ends of batches, for the rail, which counts those that their submitter has not seen. Mails and webhooks have
rows of their own (`notifications`).
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from batchsite.batches.models import Batch, BatchEnd
from batchsite.processes.outages import write_if_possible
from batchsite.teams.models import Team, User

NEWS = timedelta(days=14)
"""After this long, an unseen end is no longer news."""
MOST_UNSEEN = 99


def record_end(batch: Batch, outcome: str) -> None:
    """Writes down that the batch ended, as not seen yet. Runs in the transaction in which it ends."""
    end = BatchEnd(
        batch=batch, team_id=batch.team_id, person_id=batch.started_by_id, outcome=outcome, ended_at=timezone.now()
    )
    fields = ["person", "outcome", "ended_at", "seen_at"]
    BatchEnd.objects.bulk_create([end], update_conflicts=True, unique_fields=["batch"], update_fields=fields)


def unseen_ends(team: Team, person: User) -> frozenset[int]:
    """Returns the ids of the batches that the person submitted and has not seen since they ended, the latest 99."""
    ends = BatchEnd.objects.filter(team=team, person=person, seen_at=None, ended_at__gt=timezone.now() - NEWS)
    shown = ends.filter(batch__deleted_at=None, batch__archived_at=None).order_by("-ended_at")
    return frozenset(shown.values_list("batch_id", flat=True)[:MOST_UNSEEN])


def mark_seen(batch: Batch, person: User) -> None:
    """Records that the person has seen the batch, if it has ended. Skipped if the database cannot be written now."""
    unseen = BatchEnd.objects.filter(batch=batch, person=person, seen_at=None)
    if batch.is_terminal and unseen.exists():
        write_if_possible(lambda: unseen.update(seen_at=timezone.now()))
