"""What the queue calls: a few lines each, ids only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from batchsite.processes.queueing import Job


def due(now: datetime) -> Iterable[Job]:
    """Uploads to import and deleted datasets to clear away."""
    return []
