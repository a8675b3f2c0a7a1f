"""Whether work gets done: queue, workers, ticker, due work, held batches."""

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
from batchsite.operations.findings import Finding, age, first_line, ok, problem, warning
from batchsite.processes.heartbeats import seconds_since_beat
from batchsite.processes.leases import MOST_TRIES, free
from batchsite.processes.models import Leadership, Work
from batchsite.processes.queue import QUEUES
from batchsite.timeouts import timeouts

START = "Start batchsite: make run (or manage.py up). If it runs, look at log/ in the data folder."
BACKLOG = 50
"""Messages that may wait without a warning."""
SLOW, SILENT = 20.0, 60.0
"""Seconds since the last beat that are a warning, and that are a problem."""
LATE = timedelta(seconds=60)
MOST_NAMED = 10


def examine_queue() -> Iterator[Finding]:
    for queue in QUEUES:
        about = f"queue {queue}"
        try:
            broker = get_broker(settings.QUEUES[queue])
            waiting, oldest = int(broker.queue_size() or 0), _oldest(broker)
        except Exception as error:  # noqa: BLE001  redis has errors of its own
            advice = "Check that Redis runs and that REDIS_URL is right. Nothing is lost: what is due is sent again."
            yield problem(about, f"The broker does not answer: {first_line(error)}", advice)
            return
        if waiting > BACKLOG or (oldest and timezone.now() - oldest > LATE):
            since = f", the oldest for {age(oldest)}" if oldest else ""
            yield warning(about, f"{waiting} messages wait{since}.", f"Is a worker running? {START}")
        else:
            yield ok(about, f"The broker answers; {waiting} messages wait.")


def _oldest(broker: Any) -> datetime | None:
    """When the oldest waiting message was sent. None if none waits, or if it cannot be told."""
    if not settings.OPTIONS.redis_url:
        waiting = OrmQ.objects.filter(key=broker.list_key, lock__lte=timezone.now())
        oldest: datetime | None = waiting.aggregate(oldest=models.Min("lock"))["oldest"]
        return oldest
    message = broker.connection.lindex(broker.list_key, 0)
    sent: datetime | None = SignedPackage.loads(message.decode())["started"] if message else None
    return sent


def examine_workers() -> Iterator[Finding]:
    for queue in QUEUES:
        about, seconds = f"worker {queue}", seconds_since_beat(queue)
        if seconds is None:
            yield problem(about, "No sign of life yet.", START)
        elif seconds > SILENT:
            yield problem(about, f"No sign of life for {seconds:.0f} s.", START)
        elif seconds > SLOW:
            advice = (
                "Wait a moment: a worker may be starting, or the queue is long. If it keeps happening, look at log/."
            )
            yield warning(about, f"No sign of life for {seconds:.0f} s.", advice)
        else:
            yield ok(about, f"Alive {seconds:.0f} s ago.")


def examine_ticker() -> Iterator[Finding]:
    """Whether a ticker enqueues due work."""
    leader = Leadership.objects.filter(name="ticker").first()
    if leader is None or leader.until < timezone.now():
        since = f" for {age(leader.until)}" if leader else ""
        yield problem("ticker", f"No ticker has enqueued due work{since}.", START)
    else:
        yield ok("ticker", "Enqueues due work.")


def examine_due_work() -> Iterator[Finding]:
    """Reports steps that are due and not started, or started again and again without ever finishing."""
    yield from _late(Submission.objects.filter(ended_at=None), "Steps of batches")
    yield from _late(Dataset.objects.filter(state=DatasetState.IMPORTING), "Imports")
    for row in islice(_tried(), MOST_NAMED):
        level = problem if row.tries >= MOST_TRIES else warning
        advice = "Look for its number in log/worker-*.log: something kills its worker, perhaps a lack of memory."
        yield level("steps", f"{_named(row)}: started {row.tries} times without finishing.", advice)


def _late(rows: models.QuerySet[Any], what: str) -> Iterator[Finding]:
    now = timezone.now()
    late = rows.filter(free(now), next_look_at__lt=now - LATE).order_by("next_look_at")
    first = late.first()
    if first is None:
        yield ok("due work", f"{what}: none is overdue by more than a minute.")
    else:
        says = f"{what}: {late.count()} are due but not started, the first for {age(first.next_look_at)}."
        yield problem("due work", says, START)


def _tried() -> Iterator[Work]:
    yield from Submission.objects.select_related("batch").filter(ended_at=None, tries__gte=3).order_by("pk")
    yield from Dataset.objects.filter(state=DatasetState.IMPORTING, tries__gte=3).order_by("pk")


def _named(row: Work) -> str:
    if isinstance(row, Submission):
        return f"Batch {row.batch_id} “{row.batch.name}”, submission {row.number}"
    return f"Import of dataset {row.pk} “{row}”"


def examine_held() -> Iterator[Finding]:
    """Reports what is waiting for a person."""
    held = Batch.objects.filter(deleted_at=None, state__in=RUNNING).exclude(held_reason="").order_by("pk")
    for batch in held[:MOST_NAMED]:
        since = f" for {age(batch.held_since)}" if batch.held_since else ""
        advice = "Fix the cause. It continues automatically, or at once with “Resume” on its page."
        yield warning("held", f"Batch {batch.pk} “{batch.name}”{since}: {batch.held_reason}", advice)
    for dataset in Dataset.objects.filter(state=DatasetState.IMPORTING).exclude(held_reason="")[:MOST_NAMED]:
        yield warning("held", f"Import of dataset {dataset.pk} “{dataset}”: {dataset.held_reason}", "Fix the cause.")
    for submission in _stalled()[:MOST_NAMED]:
        advice = "xAI does not say how long it takes. Wait, or press “Finish early…” on the batch's page."
        moved = f"{age(submission.changed_at)} ago" if submission.changed_at else "never"
        says = f"Batch {submission.batch_id} “{submission.batch.name}”: nothing changed at xAI, last {moved}."
        yield warning("stalled", says, advice)
    running = Batch.objects.filter(deleted_at=None, state__in=RUNNING).count()
    yield ok("batches", f"{running} running, {held.count()} held.")


def _stalled() -> models.QuerySet[Submission]:
    since = timezone.now() - timedelta(seconds=timeouts().stalled)
    watched = Submission.objects.select_related("batch").exclude(state__in=TERMINAL)
    return watched.filter(state=State.PROCESSING, batch__held_reason="", changed_at__lt=since).order_by("pk")
