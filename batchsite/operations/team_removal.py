"""Removing teams whose seven days are over, in small steps: batches, then datasets, then the rest.

Batches and datasets are removed by the workers that remove those which people delete.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from batchsite.batches.models import Batch, DailySpend
from batchsite.batches.queries import IS_RUNNING
from batchsite.datasets.dataset_removal import UNDO
from batchsite.datasets.models import Dataset
from batchsite.processes.queue import Job
from batchsite.teams.models import Team

log = logging.getLogger(__name__)
SLICE = 5_000
"""Lines of the ledger removed in one transaction."""


def due(now: datetime) -> Iterable[Job]:
    """Yields one job for a team whose seven days are over. Running it twice does no harm."""
    team = Team.objects.filter(delete_at__lte=now).order_by("pk").values_list("pk", flat=True).first()
    if team is not None:
        yield Job("batchsite.operations.team_removal.remove", (team,), is_hint=True)


def remove(team_id: int) -> None:
    """Removes the next part of a team, and the team itself once nothing else is left of it."""
    now = timezone.now()
    team = Team.objects.filter(pk=team_id, delete_at__lte=now).first()
    if team is None or not _hide_batches(team, now) or not _hide_datasets(team, now):
        return
    while lines := list(DailySpend.objects.filter(team=team).values_list("pk", flat=True)[:SLICE]):
        DailySpend.objects.filter(pk__in=lines).delete()
    with transaction.atomic():
        team.delete()
    log.info("team removed", extra={"team": team_id})


def _hide_batches(team: Team, now: datetime) -> bool:
    """Has batches removed as if they had been deleted long ago. Returns whether none is left."""
    batches, long_ago = Batch.objects.filter(team=team), now - UNDO - timedelta(minutes=1)
    fresh = batches.filter(Q(deleted_at=None) | Q(deleted_at__gt=long_ago))
    fresh.exclude(IS_RUNNING).update(deleted_at=long_ago)
    return not batches.exists()


def _hide_datasets(team: Team, now: datetime) -> bool:
    datasets, long_ago = Dataset.objects.filter(team=team), now - UNDO - timedelta(minutes=1)
    fresh = datasets.filter(Q(deleted_at=None) | Q(deleted_at__gt=long_ago))
    fresh.update(deleted_at=long_ago, lease_token="", lease_until=None, next_look_at=now)
    return not datasets.exists()
