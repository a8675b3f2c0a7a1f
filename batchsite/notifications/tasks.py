"""What the queue calls, and what is due.

Deliveries take one worker of the long queue at most: however many servers are slow, no batch waits for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime

from batchsite.notifications import delivery_steps, fan_out
from batchsite.notifications.models import Destination, News
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.queue import Job, take_due

SPREAD = "batchsite.notifications.tasks.spread"
DELIVER = "batchsite.notifications.tasks.deliver"


def due(now: datetime) -> Iterable[Job]:
    """Yields a job for each piece of news, and one for some destinations unless one is in work."""
    for news in take_due(News.objects.all(), now, team="team", lane=lambda _: "short"):
        yield Job(SPREAD, (news.pk,))
    if not Destination.objects.filter(lease_until__gt=now).exists():
        taken = take_due(Destination.objects.all(), now, limit=delivery_steps.AT_ONCE)
        if taken:
            yield Job(DELIVER, tuple(one.pk for one in taken), "long")


def spread(news_id: int) -> None:
    with contextlib.suppress(Busy, LeaseLost):
        fan_out.spread(news_id)


def deliver(*destination_ids: int) -> None:
    delivery_steps.deliver(destination_ids)
