"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.exports import building
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queueing import Job


def due(now: datetime) -> Iterable[Job]:
    return building.due(now)


def build(export_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        building.build_step(export_id)


def clear_old() -> None:
    building.clear_old()
