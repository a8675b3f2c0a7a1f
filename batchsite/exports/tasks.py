"""Tasks of the queue, which take ids only, and the work that is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.exports import export_build
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job


def due(now: datetime) -> Iterable[Job]:
    return export_build.due(now)


def build(export_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        export_build.build_step(export_id)


def clear_old() -> None:
    export_build.clear_old()
