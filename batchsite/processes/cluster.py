"""A django-q cluster that shows signs of life and leaves no orphans: `manage.py worker`.

Measured with django-q2 1.11: `kill -9` of an idle worker or of an idle monitor leaves an internal queue locked for
ever. The cluster then looks healthy and does nothing. So the cluster gives itself an empty task every few seconds,
and the watchdog (watchdog.py) kills it when these are no longer finished. The task does not go through the broker,
where a cluster on another machine might take it.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

from django.utils import timezone
from django_q.brokers import get_broker
from django_q.cluster import Cluster
from django_q.signals import post_execute, post_execute_in_worker, post_spawn, pre_execute
from django_q.signing import SignedPackage

from batchsite.processes.heartbeats import touch_alive, touch_heartbeat
from batchsite.processes.memory_limit import limit_memory
from batchsite.processes.parentage import tie_forks

BEAT_EVERY = 3.0
"""Seconds between two empty tasks of a cluster."""
LONG = 2.0
"""Seconds after which a step counts as long, and between its signs of life."""

_busy_since: float | None = None


class HeartbeatBroker:
    """Wraps the real broker and adds an empty task every `BEAT_EVERY` seconds."""

    def __init__(self, broker: Any) -> None:
        self._broker = broker
        self._beat_at = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def dequeue(self) -> list[tuple[Any, Any]] | None:
        """As a broker does: (receipt or None, signed message) of each task, or None if there is nothing to do."""
        if time.monotonic() - self._beat_at < BEAT_EVERY:
            tasks: list[tuple[Any, Any]] | None = self._broker.dequeue()
            return tasks
        self._beat_at = time.monotonic()
        return [(None, _empty_task())]


def _empty_task() -> str:
    task = {
        "id": uuid.uuid4().hex,
        "name": "empty task",
        "func": "batchsite.processes.heartbeats.empty_task",
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
    }
    return str(SignedPackage.dumps(task))


def run_cluster() -> None:
    """Runs the cluster that the environment variable `Q_CLUSTER_NAME` names, until SIGTERM."""
    tie_forks()
    limit_memory()
    post_execute.connect(_on_task_done)
    post_spawn.connect(_start_clock)
    pre_execute.connect(_on_step_begin)
    post_execute_in_worker.connect(_on_step_end)
    Cluster(broker=HeartbeatBroker(get_broker())).start()


def _on_task_done(**_: Any) -> None:
    """Runs in the monitor once a task was executed and acknowledged."""
    touch_heartbeat()


def _start_clock(**_: Any) -> None:
    """Runs in a new worker. Needs a thread, as a step may be waiting for the network or the database."""
    threading.Thread(target=_show_long_steps, daemon=True).start()


def _show_long_steps() -> None:
    while True:
        time.sleep(LONG)
        since = _busy_since
        if since is not None and time.monotonic() - since >= LONG:
            touch_alive()


def _on_step_begin(**_: Any) -> None:
    global _busy_since
    _busy_since = time.monotonic()


def _on_step_end(**_: Any) -> None:
    global _busy_since
    _busy_since = None
