"""What the queue calls: a few lines each, ids only; and what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.media import file_index
from batchsite.media.models import FileIndex
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, enqueue, take_due


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for each archive whose files are still to be looked at."""
    for index in take_due(FileIndex.objects.all(), now, team="dataset__team", lane=lambda _: "long"):
        yield file_index.job(index)


def index(index_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        file_index.index_step(index_id)
        for rest in FileIndex.objects.filter(pk=index_id, ended_at=None):
            enqueue(file_index.job(rest))
