"""Whether a failed call is retried, and after how long. Pure: random numbers are passed in (facts 1.5)."""

from __future__ import annotations

from collections.abc import Callable

from batchsite.xai.errors import XaiError

RETRIED_GET_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
MAX_RETRY_AFTER = 60.0
"""Seconds. A longer Retry-After is ignored in favour of our own backoff."""


def should_retry(method: str, error: XaiError) -> bool:
    """Returns True if the same call may be repeated straight away.

    A POST is retried only if it was refused before any work began (a rate limit) or was never sent. A GET is also
    retried after the temporary statuses that xAI lists and after a broken connection. Any other 5xx is left to the
    caller's next poll.
    """
    if not error.retryable:
        return False
    if method != "GET":
        return error.never_sent or not error.may_be_applied
    return error.status is None or error.status < 300 or error.status in RETRIED_GET_STATUSES


def delay(
    attempt: int,
    retry_after: float | None,
    random: Callable[[], float],
    *,
    rate_limited: bool = False,
) -> float:
    """Returns the seconds to wait after attempt number ``attempt`` (the first is 0).

    Exponential backoff with jitter: between half of the backoff and all of it, so that workers that failed
    together do not retry together. ``random`` returns a number in [0, 1).
    """
    if retry_after is not None and 0 < retry_after <= MAX_RETRY_AFTER:
        return retry_after
    first, longest = (1.0, 30.0) if rate_limited else (0.25, 8.0)
    backoff = min(longest, first * 2.0 ** min(attempt, 16))
    return backoff * (0.5 + 0.5 * random())
