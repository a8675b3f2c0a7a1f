"""The Retry-After header (facts 1.5)."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def parse_retry_after(value: str | None, now: datetime | None) -> float | None:
    """Returns the seconds to wait, given either as a number or as a date. None if the header is missing or invalid.

    A date in the past is 0. A date counts from ``now``; without ``now`` it is None.
    """
    stripped = (value or "").strip()
    if SECONDS.fullmatch(stripped):
        return float(stripped)
    then = parse_http_date(stripped)
    if then is None or now is None:
        return None
    seconds = (_aware(then) - _aware(now)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def parse_http_date(value: str) -> datetime | None:
    """Returns the date of an HTTP header. None if it is not one."""
    try:
        return parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
