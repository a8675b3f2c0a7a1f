"""What can go wrong in a call to xAI, and what the caller may do about it. `classification` turns replies into these.

    XaiError
    ├── ConnectionFailed      never connected: nothing was sent
    ├── ConnectionLost        broken after sending                        POST: outcome unknown
    ├── TimedOut              no answer in time                           POST: unknown, unless never sent
    ├── BadAnswer             2xx, but truncated, not JSON, a web page    POST: outcome unknown
    ├── KeyRejected           400, 401, 403 about the key                 key_problem
    ├── OutOfCredits          402, 403, 429, by the text                  billing
    ├── PermissionDenied      any other 403
    ├── NotFound              404
    ├── ContentDiffers        412: this id was sent before with other content
    ├── PreconditionFailed    any other 412
    ├── ModelNotBatchable     the model is not offered for batches
    │   └── ModelUnknown      the model is not offered to this team at all
    ├── InvalidRequest        400, 405, 413, 415, 422
    ├── RateLimited           429                                         retryable, a POST too
    └── ServerError           408, 409, 5xx, 529                          POST: outcome unknown

Each error carries the decision in its flags, so callers need not know the statuses: `retryable` (it may go away
by itself, and repeating the call does no harm), `unknown_outcome` (the call may have been applied: check before
sending it again), `billing` and `key_problem` (hold the work until a person has acted; no row has failed).
"""

from __future__ import annotations

from typing import Any

BODY_KEPT = 2_000  # characters of the body kept on an error
DETAIL_SHOWN = 300  # characters of xAI's own text in a message
LOOK_FIRST = "It may or may not have taken effect: look before sending it again."


class XaiError(Exception):
    """A call that did not return its answer."""

    what = "The call to xAI failed"
    advice = ""
    retryable: bool = False
    unknown_outcome: bool = False
    billing: bool = False
    key_problem: bool = False
    may_be_applied: bool = False  # a POST that failed like this may have been applied ...
    never_sent: bool = False  # ... unless it was never sent

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str = "",
        trace_id: str = "",
        body: str = "",
        client_request_id: str = "",
        retry_after: float | None = None,
        retryable: bool | None = None,
        unknown_outcome: bool | None = None,
        never_sent: bool | None = None,
    ) -> None:
        """`code` is xAI's and only recorded: its values are not stable (facts 1.2)."""
        super().__init__(message or self.what)
        self.message = message or self.what
        self.status = status
        self.code = code
        self.trace_id = trace_id
        self.body = body[:BODY_KEPT]
        self.client_request_id = client_request_id
        self.retry_after = retry_after
        if retryable is not None:
            self.retryable = retryable
        if unknown_outcome is not None:
            self.unknown_outcome = unknown_outcome
        if never_sent is not None:
            self.never_sent = never_sent


class ConnectionFailed(XaiError):
    """Never connected (DNS, refused, TLS, proxy), so nothing was applied."""

    what = "xAI could not be reached"
    advice = "Nothing was sent. Check the network and the address of the API."
    retryable = True
    never_sent = True


class ConnectionLost(XaiError):
    """The connection broke after the request, or part of it, had been sent."""

    what = "The connection to xAI broke before the answer had arrived"
    retryable = True
    may_be_applied = True


class TimedOut(XaiError):
    """No complete answer in time. If connecting or waiting for a connection timed out, nothing was sent."""

    what = "xAI did not answer in time"
    retryable = True
    may_be_applied = True


class BadAnswer(XaiError):
    """A 2xx reply that cannot be read: truncated, not JSON, a web page, or of another shape."""

    what = "The answer of xAI could not be read"
    retryable = True
    may_be_applied = True


class KeyRejected(XaiError):
    """The key is wrong, missing, blocked or disabled. xAI answers 400 to a wrong one (facts 1.3)."""

    what = "xAI does not accept the API key"
    advice = "Check the key, or set another one."
    key_problem = True


class OutOfCredits(XaiError):
    """The team has no credits or reached its spending limit. Unlike a rate limit, waiting does not help (facts 1.4)."""

    what = "The team has no credits at xAI, or has reached its spending limit"
    advice = "Add credits or raise the limit in the xAI console, then resume."
    billing = True


class PermissionDenied(XaiError):
    """Any other 403: the key lacks a right, or requests were added to a cancelled batch (facts 2.5)."""

    what = "xAI does not allow this"
    advice = "Check what the key may do, and whether the batch was cancelled."


class NotFound(XaiError):
    """No such batch, file or completion, or it belongs to another team than the key's."""

    what = "xAI does not have what was asked for"
    advice = "It may have expired, or belong to another xAI team."


class ContentDiffers(XaiError):
    """412: a request with this id was sent to the batch before with other content."""

    what = "xAI already has a request with this id and other content"
    advice = "Send the first content again byte for byte, or choose another id."


class PreconditionFailed(XaiError):
    """Any other 412, such as adding requests to a batch made from a file."""

    what = "xAI cannot do this to the batch as it is"
    advice = "Look at the batch before trying again."


class ModelNotBatchable(XaiError):
    """The model is not offered for batches. The whole add call is refused and nothing is admitted (facts 2.5)."""

    what = "xAI does not run this model in batches"
    advice = "Choose another model."


class ModelUnknown(ModelNotBatchable):
    """The model does not exist, or not for this team. Not a NotFound, because the batch still exists."""

    what = "xAI does not offer this model to the team"


class InvalidRequest(XaiError):
    """xAI refuses the request as invalid, and would again."""

    what = "xAI refused the request as invalid"
    advice = "The same request would be refused again: correct it first."


class RateLimited(XaiError):
    """429: refused before any work began, so even a POST may be sent again (facts 1.5)."""

    what = "xAI asks for fewer calls"
    advice = "Wait a moment, then try again."
    retryable = True


class ServerError(XaiError):
    """An error at xAI or in a proxy in front of it, usually temporary."""

    what = "xAI had a fault of its own"
    advice = "Try again in a moment."
    retryable = True
    may_be_applied = True


def make_error(
    kind: type[XaiError],
    method: str,
    detail: str = "",
    *,
    retryable: bool | None = None,
    never_sent: bool | None = None,
    **context: Any,
) -> XaiError:
    """Returns an error of `kind` for a call with `method`; its flags and message follow from both."""
    unknown = kind.may_be_applied and method != "GET" and not never_sent
    wanted = kind.retryable if retryable is None else retryable
    status = context.get("status")
    return kind(
        _sentence(kind, status, detail, LOOK_FIRST if unknown else kind.advice),
        retryable=wanted and not unknown,
        unknown_outcome=unknown,
        never_sent=never_sent,
        **context,
    )


def _sentence(kind: type[XaiError], status: int | None, detail: str, advice: str) -> str:
    head = kind.what if status is None or status < 300 else f"{kind.what} (HTTP {status})"
    detail = " ".join(detail.split())
    if len(detail) > DETAIL_SHOWN:
        detail = detail[:DETAIL_SHOWN] + "…"
    middle = f": {detail}" if detail else ""
    end = "" if middle.endswith((".", "!", "?", "…")) else "."
    return f"{head}{middle}{end} {advice}".rstrip()
