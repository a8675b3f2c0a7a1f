"""Puts work on the queue. A message is a hint that carries an id; our own rows say what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Literal, TypeVar, get_args

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from batchsite.processes.leases import free
from batchsite.processes.models import Work

Queue = Literal["short", "long"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
W = TypeVar("W", bound=Work)

RESEND = timedelta(seconds=20)
"""A message without effect is sent again after this long: brokers lose messages, and workers die with them."""
MOST_WAITING = 300
"""Messages that may wait in a queue. As they are sent again, they would pile up where no worker runs."""


@dataclass(frozen=True)
class Job:
    """A task: its dotted path, its arguments (ids), and its queue."""

    path: str
    args: tuple[Any, ...] = ()
    queue: Queue = "short"


def enqueue(job: Job) -> None:
    """Sends the job once the surrounding transaction is committed.

    If the process dies first or the broker does not answer, the row is still due and the ticker finds it.
    """
    transaction.on_commit(lambda: send(job), robust=True)


def send(job: Job) -> None:
    """Sends the job now. Raises what the broker raises."""
    async_task(job.path, *job.args, broker=broker_of(job.queue))


@cache
def broker_of(queue: str) -> Any:
    """The broker of a queue, one per process: django-q would open a new connection to Redis for every message."""
    return get_broker(settings.QUEUES[queue])


def take_due(rows: models.QuerySet[W], now: datetime, limit: int = 200) -> list[W]:
    """The rows that are due and not being worked on, each given to this caller only.

    Their `next_look_at` moves to when the message counts as lost.
    """
    due = rows.filter(free(now), next_look_at__lte=now).order_by("next_look_at")[:limit]
    return [row for row in due if take(row, now)]


def take(row: Work, now: datetime) -> bool:
    """Gives a due row to the caller. False if another process took it first or began a step on it."""
    unchanged = type(row)._default_manager.filter(free(now), pk=row.pk, next_look_at=row.next_look_at)
    return unchanged.update(next_look_at=now + RESEND) == 1


def all_due(now: datetime) -> Iterable[Job]:
    """The jobs that are due in all rooms (`settings.DUE_SOURCES`). Raises a room's error after all were asked."""
    errors: list[Exception] = []
    for path in settings.DUE_SOURCES:
        module, name = path.rsplit(".", 1)
        try:
            yield from getattr(import_module(module), name)(now)
        except Exception as error:  # noqa: BLE001  one room's error must not starve the others
            errors.append(error)
    if errors:
        raise errors[0]


def tick() -> int:
    """Enqueues what is due as far as the queues have room. Returns the number of jobs.

    A job for which there is no room is due again after `RESEND`, as if its message had been lost.
    """
    sent: Counter[Queue] = Counter()
    waiting: dict[Queue, int] = {}
    for job in all_due(timezone.now()):
        if job.queue not in waiting:
            waiting[job.queue] = int(broker_of(job.queue).queue_size() or 0)
        if waiting[job.queue] + sent[job.queue] < MOST_WAITING:
            enqueue(job)
            sent[job.queue] += 1
    return sent.total()
