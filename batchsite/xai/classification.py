"""From a reply that is not 2xx to an XaiError. Pure (facts 1.2 to 1.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from batchsite.xai.errors import (
    BODY_KEPT,
    BadAnswer,
    ContentDiffers,
    InvalidRequest,
    KeyRejected,
    ModelNotBatchable,
    ModelUnknown,
    NotFound,
    OutOfCredits,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    ServerError,
    XaiError,
    make_error,
)
from batchsite.xai.retry_after import parse_http_date, parse_retry_after
from batchsite.xai.wire_json import decode_json, is_table, text

ABOUT_CREDITS = re.compile(r"credits|spending limit|licenses|billing", re.I)
ABOUT_THE_KEY = re.compile(r"\bapi[\s_-]?key|no credentials|authentication credentials", re.I)
KEY_SHUT = re.compile(r"\b(key|team)\b.{0,40}\b(blocked|disabled|revoked|expired)\b", re.I | re.S)
NOT_BATCHABLE = re.compile(r"not supported for (batch|endpoint)", re.I)
NO_SUCH_MODEL = re.compile(r"\bmodel\b.{0,200}?\b(does not exist|not found)\b", re.I | re.S)
CONTENT_DIFFERS = re.compile(r"content differs", re.I)
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.I | re.S)


def classify(method: str, status: int, headers: Mapping[str, str], body: bytes | str) -> XaiError:
    """Returns the error for a reply that is not 2xx.

    The status and the text decide, never the `code` (facts 1.2, 1.3). An HTML page comes from a gateway and not
    from xAI, so only its status counts.
    """
    raw = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    html = _describe_html(raw, header(headers, "content-type"))
    message, code = (html, "") if html else read_error_body(raw)
    kind = _kind_of_html(status) if html else _kind(status, message)
    return make_error(
        kind,
        method,
        message,
        retryable=False if 300 <= status < 400 or (html and kind is BadAnswer) else None,
        status=status,
        code=code,
        trace_id=trace_id(headers),
        body=raw.decode("utf-8", "replace"),
        retry_after=parse_retry_after(header(headers, "retry-after"), parse_http_date(header(headers, "date"))),
    )


def _kind(status: int, message: str) -> type[XaiError]:
    if status == 429:
        return OutOfCredits if ABOUT_CREDITS.search(message) else RateLimited
    if status in (400, 401, 402, 403):
        return _kind_of_refusal(status, message)
    if status == 404:
        return _kind_of_model_error(message) or NotFound
    if status == 412:
        return ContentDiffers if CONTENT_DIFFERS.search(message) else PreconditionFailed
    return _kind_by_status(status, _kind_of_model_error(message) or InvalidRequest)


def _kind_of_refusal(status: int, message: str) -> type[XaiError]:
    """400 to 403: the text decides first, because xAI mixes these statuses (facts 1.3, 1.4)."""
    if status == 402 or (status == 403 and ABOUT_CREDITS.search(message)):
        return OutOfCredits
    if status == 401:
        return KeyRejected
    model_error = _kind_of_model_error(message)
    if model_error is not None:
        return model_error
    if ABOUT_THE_KEY.search(message) or (status == 403 and KEY_SHUT.search(message)):
        return KeyRejected
    return InvalidRequest if status == 400 else PermissionDenied


def _kind_of_model_error(message: str) -> type[XaiError] | None:
    if NOT_BATCHABLE.search(message):
        return ModelNotBatchable
    return ModelUnknown if NO_SUCH_MODEL.search(message) else None


def _kind_by_status(status: int, refusal: type[XaiError]) -> type[XaiError]:
    if status >= 500 or status in (408, 409):
        return ServerError
    return refusal if status >= 400 else BadAnswer


def _kind_of_html(status: int) -> type[XaiError]:
    """A page with 4xx refuses nothing in xAI's name: a proxy wrote it, perhaps after xAI had applied the call."""
    return RateLimited if status == 429 else _kind_by_status(status, BadAnswer)


def read_error_body(body: bytes) -> tuple[str, str]:
    """Returns (message, code) from any of the body shapes of facts 1.2; the code may be ""."""
    try:
        value = decode_json(body)
    except ValueError:
        value = None
    if not is_table(value):
        return body.decode("utf-8", "replace").strip(), ""
    error = value.get("error")
    inner = error if is_table(error) else {}
    message = text(error) or text(inner.get("message")) or text(value.get("message"))
    code = value.get("code", inner.get("code"))
    return (
        message.strip() or body.decode("utf-8", "replace").strip(),
        str(code)[:200] if isinstance(code, str | int) else "",
    )


def _describe_html(body: bytes, content_type: str) -> str:
    """Returns a phrase for people about an HTML body. "" if the body is not HTML."""
    start = body[:200].lstrip().lower()
    if "text/html" not in content_type.lower() and not start.startswith((b"<!doctype html", b"<html")):
        return ""
    title = TITLE.search(body[:BODY_KEPT].decode("utf-8", "replace"))
    named = f" ({title.group(1).strip() or 'untitled'})" if title else ""
    return f"received a web page instead of an answer{named}"


def header(headers: Mapping[str, str], name: str) -> str:
    """Returns the header with the lower-case name `name`, "" if it is missing. The mapping may use any case."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def trace_id(headers: Mapping[str, str]) -> str:
    """Returns xAI's id of the call, or "". Batch and inference routes name the header differently (facts 1.1)."""
    return header(headers, "x-trace-id") or header(headers, "x-request-id")
