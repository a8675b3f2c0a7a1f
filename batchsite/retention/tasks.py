"""What the queue calls, and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job
from batchsite.retention import removal


def due(now: datetime) -> Iterable[Job]:
    return removal.due(now)


def apply(retention_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        removal.apply_step(retention_id)
