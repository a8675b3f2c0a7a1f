"""Handing work to the queue. A message is a hint that carries an id; what is due stands in our own rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Literal, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from batchsite.processes.models import Work

Queue = Literal["short", "long"]
W = TypeVar("W", bound=Work)

RESEND = timedelta(seconds=20)
"""A message that led to nothing by then is sent again: brokers lose messages, and workers die with them."""


@dataclass(frozen=True)
class Job:
    """A task to run: its dotted path, its arguments (ids), and the queue that it belongs to."""

    path: str
    args: tuple[Any, ...] = ()
    queue: Queue = "short"


def enqueue(job: Job) -> None:
    """Send the job once the transaction around this call is committed.

    Should the process die in between, the row is still due and the ticker finds it.
    """
    cluster = settings.QUEUES[job.queue]
    transaction.on_commit(lambda: async_task(job.path, *job.args, cluster=cluster), robust=True)


def take_due(rows: models.QuerySet[W], now: datetime, limit: int = 200) -> list[W]:
    """The rows that are due and not being worked on, each given to this caller only.

    Their `next_look_at` moves to when the message counts as lost.
    """
    free = Q(lease_token="") | Q(lease_until__lt=now)
    due = rows.filter(free, next_look_at__lte=now).order_by("next_look_at")[:limit]
    return [row for row in due if _take(row, now)]


def _take(row: Work, now: datetime) -> bool:
    seen = type(row)._default_manager.filter(pk=row.pk, next_look_at=row.next_look_at)
    return seen.update(next_look_at=now + RESEND) == 1


def all_due(now: datetime) -> Iterable[Job]:
    """What every room in `settings.DUE_SOURCES` has to do now."""
    for path in settings.DUE_SOURCES:
        module, name = path.rsplit(".", 1)
        yield from getattr(import_module(module), name)(now)


def tick() -> int:
    """Enqueue all that is due; the number of jobs."""
    jobs = list(all_due(timezone.now()))
    for job in jobs:
        enqueue(job)
    return len(jobs)
