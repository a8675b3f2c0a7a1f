"""Applying retention: what expires is announced a week ahead, and then removed, a few things a step.

Removing works like deleting by hand: batches and datasets go through the workers that remove those.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from batchsite.batches.transitions import lock_batch
from batchsite.datasets import dataset_removal
from batchsite.datasets.dataset_removal import InUse
from batchsite.processes.leases import Claim, claimed
from batchsite.processes.queue import Job, enqueue, take_due
from batchsite.retention.models import Retention
from batchsite.retention.reach import REACH, deleted_prompts
from batchsite.submission import actions
from batchsite.submission.actions import NotNow
from batchsite.teams import security_log
from batchsite.teams.models import Team, User

AHEAD = timedelta(days=7)
"""How long before its removal a thing is announced."""
EVERY = timedelta(hours=1)
SLICE = 40
"""Things removed in one step."""
Days = dict[str, int | None]
ONE_OF = {"batches": "batch", "datasets": "dataset", "prompts": "prompt", "asks": "ask"}


def counts(team: Team, days: Days, at: datetime) -> dict[str, int]:
    """Returns how many things of each kind are over these days at a time."""
    return {kind: _over(team, kind, number, at).count() for kind, number in days.items()}


def set_days(team: Team, days: Days, user: User) -> None:
    """Sets the days. A worker announces at once what they would remove."""
    Retention.objects.update_or_create(team=team, defaults={**days, "set_by": user, "next_look_at": timezone.now()})
    _nudge(team)


def remove_now(team: Team) -> int:
    """Has everything that has expired removed now. Returns how many things."""
    retention, now = retention_of(team), timezone.now()
    found = [_over(team, kind, number, now) for kind, number in retention.days.items()]
    with transaction.atomic():
        count = sum(things.update(remove_at=now) for things in found)
        Retention.objects.filter(pk=retention.pk).update(next_look_at=now)
    _nudge(team)
    return count


def keep(thing: Any, *, stays: bool) -> None:
    """Exempts a batch, dataset, prompt or ask from the team's retention, or withdraws the exemption."""
    type(thing)._default_manager.filter(pk=thing.pk).update(stays=stays, remove_at=None)
    if not stays:
        Retention.objects.filter(team=thing.team_id).update(next_look_at=timezone.now())


def retention_of(team: Team) -> Retention:
    return Retention.objects.filter(team=team).select_related("set_by").first() or Retention(team=team)


def due(now: datetime) -> Iterable[Job]:
    for retention in take_due(Retention.objects.all(), now, team="team", lane=lambda _: "long"):
        yield _job(retention)


def _job(retention: Retention) -> Job:
    return Job("batchsite.retention.tasks.apply", (retention.pk,), "long")


def _nudge(team: Team) -> None:
    for retention in take_due(Retention.objects.filter(team=team), timezone.now(), lane=lambda _: "long"):
        enqueue(_job(retention))


# ---- the step ------------------------------------------------------------------------------------------------


def apply_step(retention_id: int) -> None:
    """Announces what expires within a week, and removes the next expired things. Raises Busy, LeaseLost."""
    with claimed(Retention, retention_id) as claim:
        retention = Retention.objects.select_related("team").get(pk=claim.pk)
        _announce(retention)
        if not any(retention.days.values()):
            return
        is_done = _remove_some(claim, retention)
        claim.next_look_at = timezone.now() + (EVERY if is_done else timedelta())


def _announce(retention: Retention) -> None:
    """Announces when a thing goes; withdraws that if it stays, being in use again or after a change of days."""
    now = timezone.now()
    for kind, days in retention.days.items():
        soon = _over(retention.team, kind, days, now + AHEAD)
        announced = soon.model._default_manager.filter(team=retention.team, remove_at__isnull=False)
        announced.exclude(pk__in=soon.values("pk")).update(remove_at=None)
        soon.filter(remove_at=None).update(remove_at=now + AHEAD)


def _remove_some(claim: Claim[Retention], retention: Retention) -> bool:
    """Removes up to `SLICE` things. Returns whether no expired one is left."""
    now, left = timezone.now(), SLICE
    for kind, days in retention.days.items():
        for found in _whose_time_has_come(retention.team, kind, days, now):
            some = list(found.order_by("pk").values_list("pk", flat=True)[:left])
            for pk in some:
                claim.extend()
                _remove(found, kind, pk)
            left -= len(some)
            if left <= 0:
                return False
    return True


def _whose_time_has_come(team: Team, kind: str, days: int | None, now: datetime) -> list[QuerySet[Any]]:
    found = [_over(team, kind, days, now).filter(remove_at__lte=now)]
    if kind == "prompts" and days is not None:
        found.append(deleted_prompts(team, now - timedelta(days=days)))
    return found


def _over(team: Team, kind: str, days: int | None, at: datetime) -> QuerySet[Any]:
    """Returns the things that have expired by a time; none if nothing is ever removed."""
    found = REACH[kind](team, at - timedelta(days=days or 0))
    return found.none() if days is None else found


def _remove(found: QuerySet[Any], kind: str, pk: int) -> None:
    """Removes one thing, unless a person has just kept it or something has just begun to use it."""
    with transaction.atomic(), contextlib.suppress(InUse, NotNow):
        if kind == "batches":
            lock_batch(pk)
        thing = found.select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
        if thing is None:
            return
        security_log.record("retention_removed", None, team=thing.team_id, by_rule=True, **{ONE_OF[kind]: pk})
        if kind == "batches":
            actions.delete(thing, None)
        elif kind == "datasets":
            dataset_removal.delete(thing)
        else:
            thing.delete()
