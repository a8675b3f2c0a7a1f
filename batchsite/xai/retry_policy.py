"""When a call is made again, and after how long. Pure: chance and clock are handed in (facts 1.5)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchsite.xai.errors import XaiError

GET_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
LONGEST_OBEYED = 60.0  # seconds of Retry-After; beyond it our own pace holds
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def should_retry(method: str, error: XaiError) -> bool:
    """May the same call be made again at once, in the same breath?

    A POST only if it was refused before any work began (a rate limit) or never left. A GET also after the
    passing faults on xAI's own list and after a broken connection; a rarer 5xx waits for the caller's next look.
    """
    if not error.retryable:
        return False
    if method != "GET":
        return error.never_sent or not error.doubtful
    return error.status is None or error.status < 300 or error.status in GET_AGAIN


def delay(
    attempt: int,
    retry_after: float | None,
    random: Callable[[], float],
    *,
    rate_limited: bool = False,
) -> float:
    """Seconds to wait after the attempt with that number (the first is 0).

    `random` gives a number in [0, 1); the jitter leaves half to all of the pace, so that many workers
    that failed together do not come back together.
    """
    if retry_after is not None and 0 < retry_after <= LONGEST_OBEYED:
        return retry_after
    first, longest = (1.0, 30.0) if rate_limited else (0.25, 8.0)
    pace = min(longest, first * 2.0 ** min(attempt, 16))
    return pace * (0.5 + 0.5 * random())


def parse_retry_after(value: str | None, now: datetime | None) -> float | None:
    """Seconds to wait as a Retry-After header says: seconds, or a date (against `now`); None for junk.

    A date that has passed is 0. Without `now` a date says nothing.
    """
    words = (value or "").strip()
    if SECONDS.fullmatch(words):
        return float(words)
    try:
        then = parsedate_to_datetime(words)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if now is None:
        return None
    seconds = (_aware(then) - _aware(now)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
