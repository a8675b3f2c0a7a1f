"""Signs of life of the workers, in two ways.

- The row `Heartbeat`, for people: `beat` went through the broker and was run by a worker, on whichever machine.
- Files in `<DATA>/run`, for the watchdog of this machine, which therefore needs no database. The monitor of a
  cluster touches `heartbeat-<queue>` after every task, and an empty task, put in by the cluster itself, comes
  every few seconds (see worker.py): pusher, worker and monitor took part in it, so all of them live. A worker
  touches `busy-<queue>` while a step takes long.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from batchsite.processes.models import Heartbeat
from batchsite.processes.parentage import MARK


def beat(queue: str) -> None:
    """The task that proves the way through the broker to a worker of `queue`."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(queue=queue, beat_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["queue"],
        update_fields=["beat_at"],
    )


def seconds_since_beat(queue: str) -> float | None:
    """How long ago a worker of `queue` last ran `beat`; None if none ever did.

    Healthy is below about 10 s (beats are sent every 5 s), with a long queue of work in front of it more.
    """
    row = Heartbeat.objects.filter(queue=queue).first()
    return None if row is None else max(0.0, (timezone.now() - row.beat_at).total_seconds())


def empty_task() -> None:
    """The empty task that a cluster gives itself."""


def served_queue() -> str | None:
    """The queue that this process works for; None outside workers."""
    cluster = os.environ.get("Q_CLUSTER_NAME")
    return next((queue for queue, name in settings.QUEUES.items() if name == cluster), None)


def touch_heartbeat() -> None:
    """A task of this cluster went all the way through it."""
    if queue := served_queue():
        touch(run_file(f"heartbeat-{queue}"))


def touch_alive() -> None:
    """A worker of this cluster is in the middle of a step. Cheap: no database."""
    if queue := served_queue():
        touch(run_file(f"busy-{queue}"))


def stopping() -> bool:
    """Whether the supervisor has asked this worker to end: finish what is at hand and begin nothing new."""
    return MARK in os.environ and served_queue() is not None and run_file("stopping").exists()


def run_file(name: str) -> Path:
    return Path(settings.DATA) / "run" / name


def touch(path: Path) -> None:
    """Never raises: a sign of life that cannot be given (a full disk) must not end the one who gives it."""
    with contextlib.suppress(OSError):
        path.touch(mode=0o600)
