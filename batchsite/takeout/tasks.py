"""What the queue calls, and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job
from batchsite.takeout import takeout_steps


def due(now: datetime) -> Iterable[Job]:
    return takeout_steps.due(now)


def build(takeout_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        takeout_steps.build_step(takeout_id)


def clear_old() -> None:
    takeout_steps.clear_old()
