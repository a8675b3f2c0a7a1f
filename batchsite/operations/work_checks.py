"""Does work flow: queue, workers, ticker, what is due, what is held?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import RUNNING, TERMINAL, State
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.operations.findings import Finding, ago, first_line, ok, problem, warning
from batchsite.processes.heartbeats import seconds_since_beat
from batchsite.processes.leases import MOST_TRIES, free
from batchsite.processes.models import Leadership, Work
from batchsite.processes.queue import QUEUES
from batchsite.timeouts import timeouts

START = "Start batchsite: make run (or manage.py up). If it runs, look into log/ in the data folder."
BACKLOG = 50
"""Messages that may wait without anybody being told."""
SLOW, SILENT = 20.0, 60.0
"""Seconds since a beat: from the first it is worth a word, from the second nobody seems to be there."""
LATE = timedelta(seconds=60)
MOST_NAMED = 10


def examine_queue() -> Iterator[Finding]:
    for queue in QUEUES:
        about = f"queue {queue}"
        try:
            broker = get_broker(settings.QUEUES[queue])
            waiting, oldest = int(broker.queue_size() or 0), _oldest(broker)
        except Exception as error:  # noqa: BLE001  redis has errors of its own
            does = "Check that Redis runs and that REDIS_URL is right. Nothing is lost: what is due is sent again."
            yield problem(about, f"The broker does not answer: {first_line(error)}", does)
            return
        if waiting > BACKLOG or (oldest and timezone.now() - oldest > LATE):
            since = f", the oldest since {ago(oldest)[:-4]}" if oldest else ""
            yield warning(about, f"{waiting} messages wait{since}.", f"Is a worker running? {START}")
        else:
            yield ok(about, f"The broker answers; {waiting} messages wait.")


def _oldest(broker: Any) -> datetime | None:
    """When the first message that waits was sent; None where none does, or nobody can tell."""
    if not settings.OPTIONS.redis_url:
        waiting = OrmQ.objects.filter(key=broker.list_key, lock__lte=timezone.now())
        found: datetime | None = waiting.aggregate(first=models.Min("lock"))["first"]
        return found
    message = broker.connection.lindex(broker.list_key, 0)
    sent: datetime | None = SignedPackage.loads(message.decode())["started"] if message else None
    return sent


def examine_workers() -> Iterator[Finding]:
    for queue in QUEUES:
        about, seconds = f"worker {queue}", seconds_since_beat(queue)
        if seconds is None:
            yield problem(about, "None has ever shown a sign of life.", START)
        elif seconds > SILENT:
            yield problem(about, f"No sign of life for {seconds:.0f} s.", START)
        elif seconds > SLOW:
            does = "Wait a moment: a worker may be starting, or the queue is long. If it stays, look into log/."
            yield warning(about, f"No sign of life for {seconds:.0f} s.", does)
        else:
            yield ok(about, f"Alive {seconds:.0f} s ago.")


def examine_ticker() -> Iterator[Finding]:
    """Who hands out what is due."""
    leader = Leadership.objects.filter(name="ticker").first()
    if leader is None or leader.until < timezone.now():
        since = f" since {ago(leader.until)[:-4]}" if leader else ""
        yield problem("ticker", f"Nobody hands out due work{since}.", START)
    else:
        yield ok("ticker", "Hands out due work.")


def examine_due_work() -> Iterator[Finding]:
    """Steps that nobody makes, or that somebody began again and again without getting to their end."""
    yield from _late(Submission.objects.filter(ended_at=None), "Steps of batches")
    yield from _late(Dataset.objects.filter(state=DatasetState.IMPORTING), "Imports")
    for row in islice(_tried(), MOST_NAMED):
        level = problem if row.tries >= MOST_TRIES else warning
        does = "Look for its number in log/worker-*.log: something ends its worker, perhaps for want of memory."
        yield level("steps", f"{_named(row)}: begun {row.tries} times without coming to an end.", does)


def _late(rows: models.QuerySet[Any], what: str) -> Iterator[Finding]:
    now = timezone.now()
    late = rows.filter(free(now), next_look_at__lt=now - LATE).order_by("next_look_at")
    first = late.first()
    if first is None:
        yield ok("due work", f"{what}: none waits for more than a minute.")
    else:
        says = f"{what}: {late.count()} are due and not taken, the first since {ago(first.next_look_at)[:-4]}."
        yield problem("due work", says, START)


def _tried() -> Iterator[Work]:
    yield from Submission.objects.select_related("batch").filter(ended_at=None, tries__gte=3).order_by("pk")
    yield from Dataset.objects.filter(state=DatasetState.IMPORTING, tries__gte=3).order_by("pk")


def _named(row: Work) -> str:
    if isinstance(row, Submission):
        return f"Batch {row.batch_id} “{row.batch.name}”, submission {row.number}"
    return f"Import of dataset {row.pk} “{row}”"


def examine_held() -> Iterator[Finding]:
    """What waits for a person."""
    held = Batch.objects.filter(deleted_at=None, state__in=RUNNING).exclude(held_reason="").order_by("pk")
    for batch in held[:MOST_NAMED]:
        since = f" since {ago(batch.held_since)[:-4]}" if batch.held_since else ""
        does = "Mend the cause; it goes on by itself, or at once with “Go on” on its page."
        yield warning("held", f"Batch {batch.pk} “{batch.name}”{since}: {batch.held_reason}", does)
    for dataset in Dataset.objects.filter(state=DatasetState.IMPORTING).exclude(held_reason="")[:MOST_NAMED]:
        yield warning("held", f"Import of dataset {dataset.pk} “{dataset}”: {dataset.held_reason}", "Mend the cause.")
    for submission in _stalled()[:MOST_NAMED]:
        does = "xAI promises no time: wait, or “Finish with what is there” on the batch's page."
        moved = ago(submission.changed_at) if submission.changed_at else "never"
        says = f"Batch {submission.batch_id} “{submission.batch.name}”: nothing moved at xAI, last {moved}."
        yield warning("stalled", says, does)
    running = Batch.objects.filter(deleted_at=None, state__in=RUNNING).count()
    yield ok("batches", f"{running} running, {held.count()} held.")


def _stalled() -> models.QuerySet[Submission]:
    since = timezone.now() - timedelta(seconds=timeouts().stalled)
    watched = Submission.objects.select_related("batch").exclude(state__in=TERMINAL)
    return watched.filter(state=State.PROCESSING, batch__held_reason="", changed_at__lt=since).order_by("pk")
