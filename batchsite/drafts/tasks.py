"""Jobs of the queue: searches for rows that a newer dataset adds, and for rows with a value."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.batches.models import Renewal
from batchsite.drafts import value_rows
from batchsite.drafts.models import ValueSearch
from batchsite.drafts.new_rows import renew_step
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, take_due

HERE = "batchsite.drafts.tasks"


def due(now: datetime) -> Iterable[Job]:
    """Yields every search that is due."""
    searches = ValueSearch.objects.all()
    for search in take_due(searches, now, team="batch__team", lane=lambda _: "long", slots=searches):
        yield Job(value_rows.FIND, (search.pk,), "long")
    everything = Renewal.objects.all()
    for renewal in take_due(everything, now, team="batch__team", lane=lambda _: "long", slots=everything):
        yield Job(f"{HERE}.renew", (renewal.pk,), "long")


def renew(renewal_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        renew_step(renewal_id)


def find_rows(search_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        value_rows.find_step(search_id)
