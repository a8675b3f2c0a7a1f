"""A number that only grows, which all machines share through Redis, apart from the database.

Without Redis there is none: one machine needs no more than its own data folder.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from django.conf import settings

log = logging.getLogger(__name__)
KEY = "batchsite:generation"
MEMBER = "number"
PATIENCE = 1.0
"""Seconds to wait for Redis. Without it the queue stands still, too."""


def shared_number() -> int:
    """Returns the number, 0 if nobody has raised it yet, Redis does not answer, or there is no Redis."""
    return int(_ask("zscore", KEY, MEMBER) or 0)


def raise_shared_number(number: int) -> None:
    """Raise it to `number` unless it is higher already: machines may come here in any order."""
    _ask("zadd", KEY, {MEMBER: number}, gt=True)


def _ask(command: str, *words: Any, **options: Any) -> Any:
    """Returns the reply of Redis. None if it gives none: the data folder still counts."""
    if not settings.OPTIONS.redis_url:
        return None
    from redis import RedisError  # an optional requirement

    try:
        return getattr(_connection(settings.OPTIONS.redis_url), command)(*words, **options)
    except RedisError as error:
        log.warning("Redis does not tell or take the number of the last call: %s", error)
        return None


@cache
def _connection(url: str) -> Any:
    from redis import Redis

    return Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
