"""Signs of life of the workers, in two forms.

- The row `Heartbeat`, for people: the task `beat` went through the broker and was run by a worker on any machine.
- Files in `<DATA>/run`, for the watchdog of this machine, which needs no database. The monitor of a cluster touches
  `heartbeat-<queue>` after every task, and the cluster gives itself an empty one every few seconds (cluster.py).
  Pusher, worker and monitor take part in it, so all of them are alive. A worker touches `busy-<queue>` during a
  long step.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from batchsite.processes.models import Heartbeat
from batchsite.processes.parentage import MARK


def beat(queue: str) -> None:
    """The task that proves that the broker and a worker of `queue` are working."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(queue=queue, beat_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["queue"],
        update_fields=["beat_at"],
    )


def seconds_since_beat(queue: str) -> float | None:
    """Seconds since a worker of `queue` last ran `beat`. None if none ever did.

    Below about 10 s is healthy, as beats are sent every 5 s; behind a long queue it may be more.
    """
    row = Heartbeat.objects.filter(queue=queue).first()
    return None if row is None else max(0.0, (timezone.now() - row.beat_at).total_seconds())


def seconds_since_any_beat() -> float | None:
    """Seconds since a worker of any queue last ran `beat`. None if none ever did.

    A worker with a long queue beats late. If all queues do, nothing is being worked on.
    """
    last = Heartbeat.objects.aggregate(last=Max("beat_at"))["last"]
    return None if last is None else max(0.0, (timezone.now() - last).total_seconds())


def empty_task() -> None:
    """The empty task that a cluster gives itself."""


def served_queue() -> str | None:
    """The queue that this process works for. None outside of workers."""
    cluster = os.environ.get("Q_CLUSTER_NAME")
    return next((queue for queue, name in settings.QUEUES.items() if name == cluster), None)


def touch_heartbeat() -> None:
    """Records that this cluster finished a task."""
    if queue := served_queue():
        touch(run_file(f"heartbeat-{queue}"))


def touch_alive() -> None:
    """Records that a worker of this cluster is in the middle of a step."""
    if queue := served_queue():
        touch(run_file(f"busy-{queue}"))


def stopping() -> bool:
    """Whether the supervisor has asked this worker to stop: it finishes its step and begins no new one."""
    return MARK in os.environ and served_queue() is not None and run_file("stopping").exists()


def run_file(name: str) -> Path:
    return Path(settings.DATA) / "run" / name


def touch(path: Path) -> None:
    """Touches the file. Never raises: a full disk must not end a process that is otherwise fine."""
    with contextlib.suppress(OSError):
        path.touch(mode=0o600)
