"""Distributes due work. Rooms take turns, and within a room teams do (`queue.take_due`)."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.utils import timezone

from batchsite.processes.queue import MOST_WAITING, RESEND, SPARE, Job, Queue, broker_of, send


class Dealer:
    """Asks all rooms (`settings.DUE_SOURCES`) what is due, the one first that has waited longest for its turn.

    Otherwise many batches of one team would fill a queue each time, before later rooms are asked.
    """

    def __init__(self) -> None:
        self._turn = itertools.count(1)
        self._served: dict[str, int] = {}
        """The last turn of each room that had something due."""
        self._hints: dict[Job, float] = {}
        """When each job without a row was last sent."""

    def deal(self) -> int:
        """Sends what is due as far as the queues have room. Returns the number of jobs. Raises a room's error, after
        all were asked.

        A job of a row that was taken and has no room is due again after `RESEND`, as if its message had been lost.
        """
        sent: Counter[Queue] = Counter()
        waiting: dict[Queue, int] = {}
        errors: list[Exception] = []
        now = timezone.now()
        for path in sorted(settings.DUE_SOURCES, key=lambda path: self._served.get(path, 0)):
            try:
                for job in _due_in(path, now):
                    if job.queue not in waiting:
                        waiting[job.queue] = int(broker_of(job.queue).queue_size() or 0)
                    if waiting[job.queue] + sent[job.queue] < MOST_WAITING[job.queue] + SPARE and self._is_new(job):
                        send(job)
                        sent[job.queue] += 1
                        self._served[path] = next(self._turn)
            except Exception as error:  # noqa: BLE001  one room's error must not starve the others
                errors.append(error)
        if errors:
            raise errors[0]
        return sent.total()

    def _is_new(self, job: Job) -> bool:
        """Whether the job has a row, which was taken for it, or at least was not sent recently."""
        if not job.is_hint:
            return True
        now = time.monotonic()
        self._hints = {one: when for one, when in self._hints.items() if now - when < RESEND.total_seconds()}
        return self._hints.setdefault(job, now) == now


def _due_in(path: str, now: datetime) -> Iterable[Job]:
    module, name = path.rsplit(".", 1)
    jobs: Iterable[Job] = getattr(import_module(module), name)(now)
    return jobs
