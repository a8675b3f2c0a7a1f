"""One deferred completion: asked for, and read once (facts 5).

xAI has neither an idempotency key for it nor a list. So a request whose reply was lost can never be resolved, and an
answer that was lost while being read is gone. Both are reported, and only a person can repeat either.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from django.utils import timezone

from batchsite.batches.causes import cause_of
from batchsite.processes.heartbeats import stopping
from batchsite.submission.provider_calls import is_hold
from batchsite.timeouts import timeouts
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import NotFound, PermissionDenied, RateLimited, XaiError
from batchsite.xai.rate_limits import StartedDeferred

Asked = StartedDeferred | XaiError
Read = dict[str, Any] | XaiError | None
"""The completion; None while xAI works on it."""


class CallVerdict(enum.Enum):
    """What an error of a call means for what was asked."""

    LOST = "xAI may have taken it, and nobody can look"
    NOT_TAKEN = "nothing was done: it may be asked again"
    REFUSED = "xAI does not do this"
    GONE = "the answer was read, or has expired"


def ask(client: XaiClient, body: dict[str, Any], call_id: str) -> Asked:
    """Asks for a completion. Only to be called once the intent is stored."""
    try:
        return client.start_deferred(body, call_id)
    except XaiError as error:
        return error


def read(client: XaiClient, request_id: str) -> Read:
    """Reads the answer. Once it was delivered, xAI no longer has it."""
    try:
        return client.get_deferred(request_id)
    except XaiError as error:
        return error


def after_asking(error: XaiError) -> CallVerdict:
    """Returns what the error of an ask means."""
    if error.unknown_outcome:
        return CallVerdict.LOST
    if is_hold(error) or error.never_sent or isinstance(error, RateLimited):
        return CallVerdict.NOT_TAKEN
    return CallVerdict.NOT_TAKEN if _is_about_the_key(error) else CallVerdict.REFUSED


def after_reading(error: XaiError) -> CallVerdict:
    """Returns what the error of a read means. A read that broke may have taken the answer: the next one tells."""
    if isinstance(error, NotFound):
        return CallVerdict.GONE
    if is_hold(error) or error.retryable or _is_about_the_key(error):
        return CallVerdict.NOT_TAKEN
    return CallVerdict.REFUSED


def is_missed_twice(missed_at: datetime | None) -> bool:
    """Whether a look that does not find an answer now is the second one, with enough time after the first."""
    return missed_at is not None and (timezone.now() - missed_at).total_seconds() >= timeouts().look_twice * 0.8


def _is_about_the_key(error: XaiError) -> bool:
    """A 403 is about the key, unless it says that the content is against the rules (facts 5)."""
    return isinstance(error, PermissionDenied) and cause_of(error.message) != "content policy"


def may_ask() -> bool:
    """Whether this process may begin a call: one that is stopping would miss its reply."""
    return not stopping()
