"""The ticker: a process that about every second hands out what is due. It needs a database, and waits for one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, connections
from django.utils import timezone
from django_q.models import OrmQ, Task

from batchsite.processes.heartbeats import beat, run_file, touch
from batchsite.processes.leadership import lead, this_place
from batchsite.processes.models import Heartbeat
from batchsite.processes.queue import QUEUES, Job, send, tick

log = logging.getLogger(__name__)

PERIOD = 1.0
AFTER_AN_ERROR = 2.0
SAME_ERROR = 60.0
"""Seconds for which an error that stays the same is not logged again."""
RENEW = 3.0
BEATS = 5.0
LOST_BEAT = timedelta(seconds=60)
"""A beat that did not come back by then is sent again. Not earlier: they would pile up while no worker runs."""
PRUNING = 3600.0
KEEP_TASKS = 200
STALE = timedelta(hours=1)


class Ticker:
    """`round` again and again. Only the leader among all machines' tickers does the work."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._leads = False
        self._beats = Beats()
        self._due: dict[Callable[[], None], float] = {}

    def round(self) -> bool:
        """Hand out what is due, if this ticker leads; whether it does. Raises whatever the database raises."""
        self._every(RENEW, self._renew)
        if self._leads:
            tick()
            self._every(BEATS, self._beats.send)
            self._every(PRUNING, prune)
        return self._leads

    def _renew(self) -> None:
        self._leads = False  # should the database not answer
        self._leads = lead("ticker", self._token)

    def _every(self, seconds: float, action: Callable[[], None]) -> None:
        if time.monotonic() >= self._due.get(action, 0.0):
            action()
            self._due[action] = time.monotonic() + seconds


class Beats:
    """Sends each queue a beat through the broker, the next when the last has come back."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[datetime, datetime | None]] = {}

    def send(self) -> None:
        seen = dict(Heartbeat.objects.values_list("queue", "beat_at"))
        now = timezone.now()
        for queue in QUEUES:
            sent_at, seen_then = self._sent.get(queue, (now - LOST_BEAT, None))
            if seen.get(queue) != seen_then or now - sent_at >= LOST_BEAT:
                send(Job("batchsite.processes.heartbeats.beat", (queue,), queue))
                self._sent[queue] = (now, seen.get(queue))


def prune() -> None:
    """Keep django-q's tables small: it saves every failure for ever, and a queue that nobody reads only grows."""
    kept = list(Task.objects.order_by("-stopped").values_list("pk", flat=True)[:KEEP_TASKS])
    Task.objects.exclude(pk__in=kept).delete()
    OrmQ.objects.filter(lock__lt=timezone.now() - STALE).delete()  # hints only: what is due is sent again


def run_ticker() -> None:
    """Tick until the process is ended. ErrorLog of the database or the broker are waited out."""
    ticker = Ticker(this_place())
    errors = ErrorLog()
    while True:
        touch(run_file("heartbeat-ticker"))
        try:
            ticker.round()
        except Exception as error:  # noqa: BLE001  whatever it is, the next round may be better
            errors.tell(error)
            connections.close_all()
            time.sleep(AFTER_AN_ERROR)
        else:
            touch(run_file("ticker-succeeded"))
            time.sleep(PERIOD)


class ErrorLog:
    """Says each error in one line, and not again while it stays the same."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def tell(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if time.monotonic() - self._said.get(text, -SAME_ERROR) >= SAME_ERROR:
            self._said[text] = time.monotonic()
            expected = isinstance(error, DatabaseError | ConnectionError | OSError)
            log.error("the ticker waits: %s", text, exc_info=None if expected else error)


def fallback() -> None:
    """What a bare `manage.py qcluster` calls every minute by its own schedule, where no ticker runs."""
    beat("short")
    tick()
