"""Elects the one process that does what only one should do at a time. Two leaders for a moment do no harm."""

from __future__ import annotations

import hashlib
import platform
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from batchsite.processes.models import Leadership

RENEW = 3.0
"""Seconds after which a leader renews its term."""
TERM = timedelta(seconds=10)
"""A leader that does not renew its term is replaced after this long."""


def lead(name: str, token: str) -> bool:
    """Becomes or stays the leader of `name`, by compare-and-set on one row. False while another process leads."""
    if _take(name, token):
        return True
    if Leadership.objects.filter(name=name).exists():
        return False
    vacant = Leadership(name=name, token="", until=timezone.now() - TERM)
    Leadership.objects.bulk_create([vacant], ignore_conflicts=True)
    return _take(name, token)


def _take(name: str, token: str) -> bool:
    now = timezone.now()
    mine_or_free = Leadership.objects.filter(Q(token=token) | Q(until__lt=now), name=name)
    return mine_or_free.update(token=token, until=now + TERM) == 1


def leads_elsewhere(name: str = "ticker", seconds: float = 2 * RENEW) -> bool:
    """Returns whether a living process renews its term as the leader. Waits up to `seconds` to see it.

    A term that is only recorded proves nothing: it may be that of a restored database.
    """
    until, recorded = time.monotonic() + seconds, _term(name)
    while recorded is not None and recorded > timezone.now() and time.monotonic() < until:
        if _term(name) != recorded:
            return True
        time.sleep(0.2)
    return False


def _term(name: str) -> datetime | None:
    return Leadership.objects.filter(name=name).values_list("until", flat=True).first()


def this_place() -> str:
    """The token of this data folder's ticker. It survives a restart, so that the ticker leads again at once."""
    return hashlib.sha256(f"{platform.node()} {settings.DATA}".encode()).hexdigest()[:32]
