"""What pages read. Every query starts from a team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.states import RUNNING, TERMINAL, State
from batchsite.datasets.models import Dataset
from batchsite.teams.models import Team

LATELY = timedelta(days=7)
SHOWN = 6
"""Entries of a list on the dashboard; the whole list is one click away."""


@dataclass(frozen=True)
class Dashboard:
    """What a person wants to see first."""

    needs_hand: list[Batch]
    """Held, sent back because rows cannot be sent, or ended within a week with rows that have no answer."""
    running: list[Batch]
    finished: list[Batch]
    """The other ended ones, the latest first."""
    datasets: list[Dataset]
    is_new: bool
    """The team has neither a dataset nor a batch yet."""


def batches_of(team: Team) -> QuerySet[Batch]:
    """The batches of a team that are not deleted."""
    return Batch.objects.filter(team=team, deleted_at=None)


def running_count(team: Team) -> int:
    return batches_of(team).filter(state__in=RUNNING).count()


def dashboard(team: Team) -> Dashboard:
    mine = batches_of(team).select_related("dataset", "started_by").order_by("-pk")
    held = mine.filter(state__in=RUNNING).exclude(held_reason="")
    sent_back = mine.filter(state=State.DRAFT, problem_count__gt=0)
    ended = mine.filter(state__in=TERMINAL).order_by("-ended_at", "-pk")
    in_trouble = Q(state__in=[State.FAILED, State.EXPIRED]) | Q(state=State.COMPLETED, succeeded__lt=F("total"))
    in_trouble &= Q(ended_at__gt=timezone.now() - LATELY)
    datasets = list(Dataset.objects.filter(team=team, deleted_at=None).order_by("-created_at", "-pk")[:SHOWN])
    return Dashboard(
        needs_hand=[*held[:SHOWN], *sent_back[:SHOWN], *ended.filter(in_trouble)[:SHOWN]],
        running=list(mine.filter(state__in=RUNNING, held_reason="")[:SHOWN]),
        finished=list(ended.exclude(in_trouble)[:SHOWN]),
        datasets=datasets,
        is_new=not datasets and not mine.exists(),
    )
