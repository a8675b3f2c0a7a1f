"""The ticker: a process that enqueues what is due about once a second. If the database is away, it waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone
from django_q.models import OrmQ, Task

from batchsite.processes.dealer import Dealer
from batchsite.processes.heartbeats import beat, run_file, touch
from batchsite.processes.leadership import RENEW, lead, this_place
from batchsite.processes.models import Heartbeat
from batchsite.processes.queue import QUEUES, Job, send

log = logging.getLogger(__name__)

PERIOD = 1.0
BUSY_PERIOD = 0.25
"""Seconds between rounds while there is something to do: the queues hold little."""
AFTER_AN_ERROR = 2.0
SAME_ERROR = 60.0
"""Seconds before the same error is logged again."""
BEATS = 5.0
LOST_BEAT = timedelta(seconds=60)
"""A beat without an answer is sent again after this long. Not earlier, or they would pile up without a worker."""
PRUNING = 3600.0
KEEP_TASKS = 200
STALE = timedelta(hours=1)


class Ticker:
    """Calls `round` again and again. Only the leader among all machines' tickers does the work."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._leads = False
        self.sent = 0
        """Jobs of the last round."""
        self._dealer = Dealer()
        self._beats = Beats()
        self._due: dict[Callable[[], None], float] = {}

    def round(self) -> bool:
        """Enqueues what is due if this ticker leads. Returns whether it does. Raises what the database raises."""
        self._every(RENEW, self._renew)
        self._every(RENEW, on_every_machine)
        self.sent = 0
        if self._leads:
            self.sent = self._dealer.deal()
            self._every(BEATS, self._beats.send)
            self._every(PRUNING, prune)
        return self._leads

    def _renew(self) -> None:
        self._leads = False  # in case the database does not answer
        self._leads = lead("ticker", self._token)

    def _every(self, seconds: float, action: Callable[[], None]) -> None:
        if time.monotonic() >= self._due.get(action, 0.0):
            action()
            self._due[action] = time.monotonic() + seconds


class Beats:
    """Sends each queue a beat through the broker, and the next one once the last was answered."""

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


def on_every_machine() -> None:
    """Does what each machine has to do, whether or not its ticker leads (`settings.ON_EVERY_MACHINE`)."""
    for path in settings.ON_EVERY_MACHINE:
        module, name = path.rsplit(".", 1)
        getattr(import_module(module), name)()


def prune() -> None:
    """Keeps django-q's tables small: it stores every failure, and a queue without a worker only grows."""
    kept = list(Task.objects.order_by("-stopped").values_list("pk", flat=True)[:KEEP_TASKS])
    Task.objects.exclude(pk__in=kept).delete()
    OrmQ.objects.filter(lock__lt=timezone.now() - STALE).delete()  # only hints: what is due is sent again


def run_ticker() -> None:
    """Ticks until the process is ended. Waits while the database or the broker is away."""
    ticker = Ticker(this_place())
    errors = ErrorLog()
    while True:
        touch(run_file("heartbeat-ticker"))
        try:
            ticker.round()
        except Exception as error:  # noqa: BLE001  whatever it is, the next round may be better
            errors.log(error)
            connections.close_all()
            time.sleep(AFTER_AN_ERROR)
        else:
            touch(run_file("ticker-succeeded"))
            time.sleep(BUSY_PERIOD if ticker.sent else PERIOD)


class ErrorLog:
    """Logs an error in one line, and not again for `SAME_ERROR` seconds."""

    def __init__(self) -> None:
        self._logged_at: dict[str, float] = {}

    def log(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if time.monotonic() - self._logged_at.get(text, -SAME_ERROR) >= SAME_ERROR:
            self._logged_at[text] = time.monotonic()
            expected = isinstance(error, DatabaseError | ConnectionError | OSError)
            log.error("the ticker is waiting: %s", text, exc_info=None if expected else error)


def fallback() -> None:
    """Called every minute by the schedule of a bare `manage.py qcluster`, where no ticker runs."""
    beat("short")
    Dealer().deal()
