"""What can go wrong in a call to xAI, and what the caller may do about it.

    XaiError
    ├── ConnectionFailed      never connected: nothing was sent
    ├── ConnectionLost        broken after sending                        a POST: outcome unknown
    ├── TimedOut              no answer in time                           a POST: unknown, unless never sent
    ├── BadAnswer             2xx, but truncated, not JSON, a web page    a POST: outcome unknown
    ├── KeyRejected           400, 401, 403 about the key                 key_problem
    ├── OutOfCredits          402, 403, 429 by their text                 billing
    ├── PermissionDenied      any other 403
    ├── NotFound              404
    ├── ContentDiffers        412: this id was sent before, with other content
    ├── PreconditionFailed    any other 412
    ├── ModelNotBatchable     the model is not offered for batches
    │   └── ModelUnknown      the model is not offered to this team at all
    ├── InvalidRequest        400, 405, 413, 415, 422
    ├── RateLimited           429                                         retryable, also for a POST
    └── ServerError           408, 409, 5xx, 529                          a POST: outcome unknown

An error carries the decision in its flags, so that nobody has to know the statuses:
`retryable` (it may pass by itself, and the same call again does no harm), `unknown_outcome` (it may have
been applied: look before sending again), `billing` and `key_problem` (hold the work until a person has
acted; no row has failed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from batchsite.xai.retry_policy import parse_retry_after
from batchsite.xai.wire_json import decode_json, is_table, text

BODY_KEPT = 2_000  # characters of a body that an error keeps
DETAIL_SHOWN = 300  # characters of xAI's own words in a message
LOOK_FIRST = "It may or may not have taken effect: look before sending it again."


class XaiError(Exception):
    """Any call that did not give its answer."""

    what = "The call to xAI failed"
    advice = ""
    retryable: bool = False
    unknown_outcome: bool = False
    billing: bool = False
    key_problem: bool = False
    doubtful: bool = False  # a POST that ended like this may have been applied ...
    never_sent: bool = False  # ... unless it never left

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
        """`code` is xAI's, for the record only: it is no stable vocabulary (facts 1.2)."""
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
    """Never connected (name, refusal, TLS, proxy): the outcome is known, nothing was applied."""

    what = "xAI could not be reached"
    advice = "Nothing was sent. Check the network and the address of the API."
    retryable = True
    never_sent = True


class ConnectionLost(XaiError):
    """The connection broke after the request, or a part of it, was sent."""

    what = "The connection to xAI broke before the answer had arrived"
    retryable = True
    doubtful = True


class TimedOut(XaiError):
    """No complete answer in time. A time-out of connecting, or of waiting for a connection, never sent."""

    what = "xAI did not answer in time"
    retryable = True
    doubtful = True


class BadAnswer(XaiError):
    """A success by its status that cannot be read: truncated, not JSON, a web page, another shape."""

    what = "The answer of xAI could not be read"
    retryable = True
    doubtful = True


class KeyRejected(XaiError):
    """The key is wrong, absent, blocked or disabled. xAI says 400 for a wrong one (facts 1.3)."""

    what = "xAI does not accept the API key"
    advice = "Check the key, or set another one."
    key_problem = True


class OutOfCredits(XaiError):
    """The team has no credits or met its spending limit; never a rate limit to wait out (facts 1.4)."""

    what = "The team has no credits at xAI, or has reached its spending limit"
    advice = "Add credits or raise the limit in the xAI console, then go on."
    billing = True


class PermissionDenied(XaiError):
    """Any other 403: the key lacks a right, or requests were added to a cancelled batch (facts 2.5)."""

    what = "xAI does not allow this"
    advice = "Check what the key may do, and whether the batch was cancelled."


class NotFound(XaiError):
    """xAI has no such batch, file or completion, or not for the team of this key."""

    what = "xAI does not have what was asked for"
    advice = "It may have expired, or belong to the team of another key."


class ContentDiffers(XaiError):
    """412: a request with this id was sent to the batch before, with other content."""

    what = "xAI already has a request with this id and other content"
    advice = "Send the first content again byte for byte, or choose another id."


class PreconditionFailed(XaiError):
    """Any other 412, such as adding requests to a batch that was made from a file."""

    what = "xAI cannot do this to the batch as it is"
    advice = "Look at the batch before trying again."


class ModelNotBatchable(XaiError):
    """The model is not offered for batches. It rejects the whole add call: nothing was admitted (facts 2.5)."""

    what = "xAI does not run this model in batches"
    advice = "Choose another model."


class ModelUnknown(ModelNotBatchable):
    """The model does not exist, or not for this team. Kept apart from NotFound: the batch is not gone."""

    what = "xAI does not offer this model to the team"


class InvalidRequest(XaiError):
    """xAI refuses the request itself and would refuse it again."""

    what = "xAI refused the request as invalid"
    advice = "The same request would be refused again: correct it first."


class RateLimited(XaiError):
    """429: refused before any work began, so also a POST may be sent again (facts 1.5)."""

    what = "xAI receives too many calls"
    advice = "Wait a moment, then go on."
    retryable = True


class ServerError(XaiError):
    """A fault at xAI or in front of it, most often a passing one."""

    what = "xAI had a fault of its own"
    advice = "Try again in a moment."
    retryable = True
    doubtful = True


def fault(
    kind: type[XaiError],
    method: str,
    detail: str = "",
    *,
    retryable: bool | None = None,
    never_sent: bool | None = None,
    **context: Any,
) -> XaiError:
    """The error of that kind after a call with that method: flags and sentence follow from both."""
    unknown = kind.doubtful and method != "GET" and not never_sent
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


# ---- from a reply to an error -------------------------------------------------------------------

ABOUT_CREDITS = re.compile(r"credits|spending limit|licenses|billing", re.I)
ABOUT_THE_KEY = re.compile(r"\bapi[\s_-]?key|no credentials|authentication credentials", re.I)
KEY_SHUT = re.compile(r"\b(key|team)\b.{0,40}\b(blocked|disabled|revoked|expired)\b", re.I | re.S)
NOT_BATCHABLE = re.compile(r"not supported for (batch|endpoint)", re.I)
NO_SUCH_MODEL = re.compile(r"\bmodel\b.{0,200}?\b(does not exist|not found)\b", re.I | re.S)
CONTENT_DIFFERS = re.compile(r"content differs", re.I)
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.I | re.S)


def classify(method: str, status: int, headers: Mapping[str, str], body: bytes | str) -> XaiError:
    """The error that a reply other than 2xx means. Pure.

    The status decides together with the text, never the `code` (facts 1.2, 1.3). A web page is some
    gateway's and not xAI's, so its words decide nothing.
    """
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    page = _web_page(raw, header(headers, "content-type"))
    words, code = (page, "") if page else read_error_body(raw)
    kind = _kind_of_page(status) if page else _kind(status, words)
    return fault(
        kind,
        method,
        words,
        retryable=False if 300 <= status < 400 or (page and status == 404) else None,
        status=status,
        code=code,
        trace_id=trace_id(headers),
        body=raw.decode("utf-8", "replace"),
        retry_after=parse_retry_after(header(headers, "retry-after"), _date_of(headers)),
    )


def _kind(status: int, words: str) -> type[XaiError]:
    if status == 429:
        return OutOfCredits if ABOUT_CREDITS.search(words) else RateLimited
    if status in (400, 401, 402, 403):
        return _kind_of_refusal(status, words)
    if status == 404:
        return _kind_of_model_fault(words) or NotFound
    if status == 412:
        return ContentDiffers if CONTENT_DIFFERS.search(words) else PreconditionFailed
    return _kind_by_status(status, _kind_of_model_fault(words) or InvalidRequest)


def _kind_of_refusal(status: int, words: str) -> type[XaiError]:
    """400 to 403: by text first, as xAI mixes these statuses (facts 1.3, 1.4)."""
    if status == 402 or (status == 403 and ABOUT_CREDITS.search(words)):
        return OutOfCredits
    if status == 401:
        return KeyRejected
    about_model = _kind_of_model_fault(words)
    if about_model is not None:
        return about_model
    if ABOUT_THE_KEY.search(words) or (status == 403 and KEY_SHUT.search(words)):
        return KeyRejected
    return InvalidRequest if status == 400 else PermissionDenied


def _kind_of_model_fault(words: str) -> type[XaiError] | None:
    if NOT_BATCHABLE.search(words):
        return ModelNotBatchable
    return ModelUnknown if NO_SUCH_MODEL.search(words) else None


def _kind_by_status(status: int, refusal: type[XaiError]) -> type[XaiError]:
    if status >= 500 or status in (408, 409):
        return ServerError
    return refusal if status >= 400 else BadAnswer


def _kind_of_page(status: int) -> type[XaiError]:
    """404 as a web page means a wrong address, not a batch that is gone."""
    named = {403: PermissionDenied, 404: BadAnswer, 429: RateLimited}
    return named.get(status) or _kind_by_status(status, InvalidRequest)


def read_error_body(body: bytes) -> tuple[str, str]:
    """xAI's words and its code, out of any of the body shapes of facts 1.2."""
    try:
        value = decode_json(body)
    except ValueError:
        value = None
    if not is_table(value):
        return body.decode("utf-8", "replace").strip(), ""
    error = value.get("error")
    inner = error if is_table(error) else {}
    words = text(error) or text(inner.get("message")) or text(value.get("message"))
    code = value.get("code", inner.get("code"))
    return (
        words.strip() or body.decode("utf-8", "replace").strip(),
        str(code)[:200] if isinstance(code, str | int) else "",
    )


def _web_page(body: bytes, content_type: str) -> str:
    """What a person may be told of an HTML body; "" if it is none."""
    start = body[:200].lstrip().lower()
    if "text/html" not in content_type.lower() and not start.startswith((b"<!doctype html", b"<html")):
        return ""
    title = TITLE.search(body[:BODY_KEPT].decode("utf-8", "replace"))
    return (
        f"a web page came instead of an answer ({title.group(1).strip() or 'untitled'})"
        if title
        else ("a web page came instead of an answer")
    )


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its lower-case name, in any mapping; "" if it is absent."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def trace_id(headers: Mapping[str, str]) -> str:
    """xAI's own mark of the call: batch routes and inference routes name it differently (facts 1.1)."""
    return header(headers, "x-trace-id") or header(headers, "x-request-id")


def _date_of(headers: Mapping[str, str]) -> datetime | None:
    """The server's clock: a Retry-After date is measured by it, whatever ours says."""
    try:
        return parsedate_to_datetime(header(headers, "date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
