"""What a team's retention may remove: never what runs, is unread at xAI, is in use, or a person wants kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from batchsite.asks.models import Ask
from batchsite.batches.models import Batch, EndedBy, Renewal, Submission
from batchsite.batches.states import TERMINAL
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.prompts.models import Prompt, PromptVersion
from batchsite.teams.models import Team

AT_XAI = timedelta(days=30)
"""How long xAI keeps answers (facts 2.12)."""
LOOKING = Q(ready_at=None, problem="")
"""A search for the rows that a newer dataset adds, while it reads both."""


def batches(team: Team, before: datetime) -> QuerySet[Batch]:
    """Batches that ended before then. One that was ended without asking xAI stays while answers may be unread there."""
    unread = Submission.objects.filter(
        batch=OuterRef("pk"), ended_by=EndedBy.HERE, ended_at__gt=timezone.now() - AT_XAI
    )
    ended = Batch.objects.filter(team=team, deleted_at=None, stays=False, state__in=TERMINAL, ended_at__lte=before)
    return ended.exclude(Exists(unread)).exclude(Exists(Renewal.objects.filter(LOOKING, batch=OuterRef("pk"))))


def datasets(team: Team, before: datetime) -> QuerySet[Dataset]:
    """Datasets that were uploaded before then, and that no batch or draft uses."""
    used = Batch.objects.filter(dataset=OuterRef("pk"), deleted_at=None)
    old = Dataset.objects.filter(team=team, deleted_at=None, stays=False, created_at__lte=before)
    idle = old.exclude(state=DatasetState.IMPORTING).exclude(Exists(used))
    return idle.exclude(Exists(Renewal.objects.filter(LOOKING, dataset=OuterRef("pk"))))


def prompts(team: Team, before: datetime) -> QuerySet[Prompt]:
    """Saved prompts that were last changed before then, and that no batch or draft uses."""
    return _unused(Prompt.objects.filter(team=team, deleted_at=None, stays=False), before)


def asks(team: Team, before: datetime) -> QuerySet[Ask]:
    """Asks that ended before then."""
    return Ask.objects.filter(team=team, stays=False, ended_at__lte=before)


def deleted_prompts(team: Team, before: datetime) -> QuerySet[Prompt]:
    """Prompts that people deleted before then, and that no batch refers to any more."""
    return _unused(Prompt.objects.filter(team=team, deleted_at__lte=before), before)


def _unused(found: QuerySet[Prompt], before: datetime) -> QuerySet[Prompt]:
    changed = PromptVersion.objects.filter(prompt=OuterRef("pk"), created_at__gt=before)
    used = Batch.objects.filter(prompt_version__prompt=OuterRef("pk"), deleted_at=None)
    return found.exclude(Exists(changed)).exclude(Exists(used))


REACH: Mapping[str, Callable[[Team, datetime], QuerySet[Any]]] = {
    "batches": batches,
    "datasets": datasets,
    "prompts": prompts,
    "asks": asks,
}
