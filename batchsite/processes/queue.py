"""Puts work on the queue. A message is a hint that carries an id; our own rows say what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeVar, get_args

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django_q.brokers import get_broker
from django_q.tasks import async_task

from batchsite.processes.leases import free
from batchsite.processes.models import Work

log = logging.getLogger(__name__)
Queue = Literal["short", "long"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
W = TypeVar("W", bound=Work)

RESEND = timedelta(seconds=20)
"""A message without effect is sent again after this long: brokers lose messages, and workers die with them."""
MOST_WAITING: Mapping[Queue, int] = {"short": 4, "long": 2}
"""Messages that may wait in a queue. Few, as a message cannot be overtaken: what is due waits in the database, and goes
from there to the queue by turns of the teams, when a worker is about to be free. Enough for the quarter of a second
until the ticker looks again.
"""
SPARE = 8
"""More messages that may wait, of jobs that belong to no team or were taken already."""


@dataclass(frozen=True)
class Job:
    """A task: its dotted path, its arguments (ids), and its queue."""

    path: str
    args: tuple[Any, ...] = ()
    queue: Queue = "short"
    is_hint: bool = False
    """No row was taken for it: its room reports it as due until it is done."""


def enqueue(job: Job) -> None:
    """Sends the job once the surrounding transaction is committed, if its queue has room.

    If it has none, the process dies first or the broker does not answer, the row is still due and the ticker finds it.
    """

    def send_if_there_is_room() -> None:
        if has_room(job.queue):
            send(job)

    transaction.on_commit(send_if_there_is_room, robust=True)


def has_room(queue: Queue) -> bool:
    return room(queue) > 0


def waiting(queue: Queue) -> int | None:
    """Returns how many messages wait in the queue. None if the broker does not answer."""
    try:
        return int(broker_of(queue).queue_size() or 0)
    except Exception as error:  # noqa: BLE001  each broker has errors of its own
        log.warning("the broker does not answer: %s", error)
        return None


def room(queue: Queue) -> int:
    """Returns how many messages the queue has room for, 0 if the broker does not answer: what is due stays due."""
    count = waiting(queue)
    return 0 if count is None else max(0, MOST_WAITING[queue] - count)


def send(job: Job) -> None:
    """Sends the job now. Raises what the broker raises."""
    async_task(job.path, *job.args, broker=broker_of(job.queue))


@cache
def broker_of(queue: str) -> Any:
    """The broker of a queue, one per process: django-q would open a new connection to Redis for every message."""
    return get_broker(settings.QUEUES[queue])


Lane = Callable[[W], Queue | None]


def take_due(
    rows: models.QuerySet[W],
    now: datetime,
    *,
    team: str = "",
    lane: Lane[W] | None = None,
    slots: models.QuerySet[W] | None = None,
    limit: int = 200,
) -> list[W]:
    """Returns the due rows that nobody works on, each to this caller only, as far as their queues have room.

    `team` is the path from a row to its team. The teams take turns: the first row of each, then the second of each,
    counting those in work, so that many small batches of one do not delay the ten rows of another. `lane` says which
    queue a row goes to; None needs no room. Of the rows in `slots`, each of which takes long, a team has one at a time
    in work.
    A row that is given has its `next_look_at` moved to when the message counts as lost.
    """
    due = rows.filter(free(now), next_look_at__lte=now).order_by("next_look_at", "pk")
    if team and not due.exists():
        return []  # the usual case; building the SQL of the turns below takes Django several times as long
    if team:
        due = _by_turns(due, team)
    if slots is not None:
        due = due.exclude(**{f"{team}__in": slots.filter(_in_work(now)).values(team)}).filter(turn=1)
    rooms: dict[Queue, int] = {}
    taken = []
    for row in _least_served_first(rows, list(due[:limit]), team, now):
        queue = lane(row) if lane else None
        if queue and queue not in rooms:
            rooms[queue] = room(queue)
        if queue and rooms[queue] <= 0:
            continue  # it stays due
        if _take(row, now):
            taken.append(row)
            if queue:
                rooms[queue] -= 1
    return taken


def _by_turns(due: models.QuerySet[W], team: str) -> Any:
    """The rows with the `turn` of their team that they are, ordered by it."""
    turn = Window(RowNumber(), partition_by=F(team), order_by=[F("next_look_at").asc(), F("pk").asc()])
    return due.annotate(turn=turn, team_of=F(team)).order_by("turn", "next_look_at", "pk")


def _least_served_first(rows: models.QuerySet[W], due: list[Any], team: str, now: datetime) -> list[Any]:
    """Puts rows of teams with little in work first. Otherwise, with room for just one row at a time, it would always be
    the turn of the team that has waited longest."""
    if not team or len({row.team_of for row in due}) < 2:
        return due
    in_work = dict(rows.filter(_in_work(now)).order_by().values_list(team).annotate(Count("pk")))
    return sorted(due, key=lambda row: row.turn + in_work.get(row.team_of, 0))


def _in_work(now: datetime) -> Q:
    """Rows that a worker has, or whose message was sent just now and has not arrived."""
    sent = Q(lease_token="", tries=0, next_look_at__gt=now, next_look_at__lte=now + RESEND)
    return Q(lease_until__gt=now) | sent


def take(row: Work, now: datetime, queue: Queue) -> bool:
    """Takes a due row for the caller. False if its queue has no room, or another process took it or began a step."""
    return has_room(queue) and _take(row, now)


def _take(row: Work, now: datetime) -> bool:
    unchanged = type(row)._default_manager.filter(free(now), pk=row.pk, next_look_at=row.next_look_at)
    return unchanged.update(next_look_at=now + RESEND) == 1
