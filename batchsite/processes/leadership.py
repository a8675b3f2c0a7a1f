"""Which process does what only one may do at a time. Being wrong about it for a moment does no harm."""

from __future__ import annotations

import hashlib
import platform
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from batchsite.processes.models import Leadership

TERM = timedelta(seconds=10)
"""A leader that does not renew is replaced after this long."""


def lead(name: str, token: str) -> bool:
    """Become or stay the leader of `name`; False while another is. By compare-and-set on one row."""
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
    """A token for the one ticker of this data folder: after a restart it leads on at once."""
    return hashlib.sha256(f"{platform.node()} {settings.DATA}".encode()).hexdigest()[:32]
