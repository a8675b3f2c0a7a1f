"""Places in queues that move at a pace, for all processes together: calls to the provider, requests to other hosts.

A call takes the next place. `burst` places may be taken at once.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from batchsite.batches.models import CallBudget


def take_places(name: str, count: int, *, pace: timedelta, burst: int, only_within: float | None = None) -> float:
    """Returns seconds to wait before `count` calls are made. Their places are taken.

    They are not taken if the wait would be longer than `only_within` seconds.
    """
    now = timezone.now()
    with transaction.atomic():
        budget, _ = CallBudget.objects.select_for_update(no_key=True).get_or_create(
            name=name, defaults={"free_at": now}
        )
        free_at = max(budget.free_at, now) + pace * count
        wait = max(0.0, (free_at - now - pace * burst).total_seconds())
        if only_within is None or wait <= only_within:
            budget.free_at = free_at
            budget.save(update_fields=["free_at"])
    return wait


def forget_places(beginning: str) -> None:
    """Removes queues of such names that nobody has waited in for a while."""
    long_ago = timezone.now() - timedelta(hours=1)
    CallBudget.objects.filter(name__startswith=beginning, free_at__lt=long_ago).delete()
