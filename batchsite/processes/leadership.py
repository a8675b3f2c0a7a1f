"""Elects the one process that does what only one should do at a time. Two leaders for a moment do no harm."""

from __future__ import annotations

import hashlib
import platform
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from batchsite.processes.models import Leadership

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


def this_place() -> str:
    """The token of this data folder's ticker. It survives a restart, so that the ticker leads again at once."""
    return hashlib.sha256(f"{platform.node()} {settings.DATA}".encode()).hexdigest()[:32]
