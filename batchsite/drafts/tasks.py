"""Jobs of the queue: searches for rows that a newer dataset adds, and for rows with a value; dead links."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.batches.models import Renewal
from batchsite.drafts import dead_links, value_rows
from batchsite.drafts.models import LinkCheck, ValueSearch
from batchsite.drafts.new_rows import renew_step
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, take_due

HERE = "batchsite.drafts.tasks"


def due(now: datetime) -> Iterable[Job]:
    """Yields every search that is due."""
    searches = ValueSearch.objects.all()
    for search in take_due(searches, now, team="batch__team", lane=lambda _: "long", slots=searches):
        yield Job(value_rows.FIND, (search.pk,), "long")
    checks = LinkCheck.objects.all()
    for check in take_due(checks, now, team="batch__team", lane=lambda _: "long", slots=checks):
        yield Job(dead_links.CHECK, (check.pk,), "long")
    everything = Renewal.objects.all()
    for renewal in take_due(everything, now, team="batch__team", lane=lambda _: "long", slots=everything):
        yield Job(f"{HERE}.renew", (renewal.pk,), "long")


def renew(renewal_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        renew_step(renewal_id)


def check_links(check_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        dead_links.check_step(check_id)


def find_rows(search_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        value_rows.find_step(search_id)
