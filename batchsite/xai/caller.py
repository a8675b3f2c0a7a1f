"""One call to xAI: send it, read the reply within limits, retry where that is safe, log it, name what went wrong."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from batchsite.xai.base_url import is_this_machine, normalise_base
from batchsite.xai.classification import classify, trace_id
from batchsite.xai.errors import BadAnswer, KeyRejected, XaiError, make_error
from batchsite.xai.retry_policy import delay, should_retry
from batchsite.xai.transfer import (
    Deadline,
    Timeouts,
    TooLarge,
    TooLate,
    chunks,
    kind_of_break,
    pieces,
    tls_context,
)
from batchsite.xai.wire_json import decode_json

T = TypeVar("T")
logger = logging.getLogger("batchsite.xai")

MAX_BODY = 64 * 1024 * 1024  # bytes of one answer, decompressed
MAX_ERROR_BODY = 1024 * 1024
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30.0)
REDACTED = "[key]"


@dataclass(frozen=True)
class Call:
    """One request to xAI. `path` is relative to the base URL and already percent-encoded."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    content: bytes | None = None  # JSON, sent byte for byte
    files: Mapping[str, tuple[str, bytes, str]] | None = None
    fields: Mapping[str, str] | None = None
    """Of the same form, before its files."""
    decode: Callable[[bytes], Any] = decode_json
    """Of a body that is not empty. Raises ValueError."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))  # one per call, the same for its retries


@dataclass(frozen=True)
class Reply:
    """A 2xx answer: its status, its decoded body (None if that is empty), its headers."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _RawReply:
    """A reply with any status, not decoded."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def trace_id(self) -> str:
        return trace_id(self.headers)


class Caller:
    """Makes calls with one key. Threads may share it: its only state is httpx's connection pool."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        *,
        transport: httpx.BaseTransport | None,
        timeouts: Timeouts,
        retries: int,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        total_timeout: float,
        max_body: int,
    ) -> None:
        self.base_url = normalise_base(base_url)
        self._key = _usable_key(api_key)
        self._timeouts = timeouts
        self._retries = retries
        self._sleep = sleep
        self._clock = clock
        self._total_timeout = total_timeout
        self._max_body = max_body
        trust_env = not is_this_machine(self.base_url)
        is_plain = not trust_env and self.base_url.startswith("http:")  # the sandbox: no certificate is looked at
        self._http = httpx.Client(
            headers={
                "Authorization": f"Bearer {self._key}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "batchsite",
            },
            transport=transport,
            limits=LIMITS,
            follow_redirects=False,
            trust_env=trust_env,
            verify=False if is_plain else tls_context(trust_env=trust_env),
        )

    def close(self) -> None:
        self._http.close()

    def call(self, call: Call, read: Callable[[Reply], T]) -> T:
        """Returns what `read` makes of the reply; a ValueError of `read` becomes BadAnswer. Raises XaiError only.

        All attempts and the waits between them share `total_timeout`. If the next wait would exceed it, the error
        is raised at once, with its `retry_after`, and the caller may try again later.
        """
        deadline = Deadline(self._total_timeout, self._clock)
        attempt = 0
        while True:
            try:
                return self._attempt(call, read, deadline)
            except XaiError as error:
                pause = delay(attempt, error.retry_after, random.random, rate_limited=error.status == 429)
                out_of_time = pause >= deadline.left()
                if attempt >= self._retries or out_of_time or not should_retry(call.method, error):
                    raise
            self._sleep(pause)
            attempt += 1

    def _attempt(self, call: Call, read: Callable[[Reply], T], deadline: Deadline) -> T:
        started = time.monotonic()
        status, trace, outcome = None, "", "interrupted"
        try:
            raw = self._exchange(call, deadline)
            answer = self._answer(call, raw, read)
            status, trace, outcome = raw.status, raw.trace_id, "ok"
        except XaiError as error:
            status, trace, outcome = error.status, error.trace_id, type(error).__name__
            raise
        finally:
            _log(call, started, status, trace, outcome)
        return answer

    # ---- the exchange ---------------------------------------------------------------------------

    def _exchange(self, call: Call, deadline: Deadline) -> _RawReply:
        headers = {"x-client-request-id": call.id}
        content: Iterator[bytes] | None = None
        if call.content is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(call.content))}
            content = pieces(call.content, deadline)
        try:
            with self._http.stream(
                call.method,
                self.base_url + call.path,
                params=call.params,
                content=content,
                files=call.files,
                data=call.fields,
                headers=headers,
                timeout=self._timeouts.within(deadline.left()),
            ) as response:
                return _RawReply(response.status_code, response.headers, self._receive(call, response, deadline))
        except (httpx.RequestError, TooLate) as error:
            raise self._broken(call, error) from error

    def _receive(self, call: Call, response: httpx.Response, deadline: Deadline) -> bytes:
        """Returns the body. The body of an error reply may be cut short: its status is enough."""
        parts: list[bytes] = []
        limit = self._max_body if response.is_success else MAX_ERROR_BODY
        try:
            for chunk in chunks(response, deadline, limit):
                parts.append(chunk)
        except (httpx.RequestError, TooLarge, TooLate) as error:
            if response.is_success:
                raise self._broken(call, error, response) from error
        return b"".join(parts)

    def _broken(self, call: Call, error: Exception, response: httpx.Response | None = None) -> XaiError:
        """Returns the error for a connection that failed before the reply (no `response`) or within its body."""
        never_sent = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
        too_large = isinstance(error, TooLarge)
        return make_error(
            kind_of_break(error, in_body=response is not None),
            call.method,
            self._redact(str(error)),
            never_sent=True if never_sent else None,
            retryable=False if too_large else None,
            client_request_id=call.id,
            status=response.status_code if response is not None else None,
            trace_id=trace_id(response.headers) if response is not None else "",
        )

    # ---- the reply ------------------------------------------------------------------------------

    def _answer(self, call: Call, raw: _RawReply, read: Callable[[Reply], T]) -> T:
        if not 200 <= raw.status < 300:
            error = classify(call.method, raw.status, raw.headers, self._redact(_as_text(raw.body)))
            error.client_request_id = call.id
            raise error
        try:
            data = call.decode(raw.body) if raw.body.strip() else None
            return read(Reply(raw.status, data, raw.headers))
        except ValueError as error:
            prefix = "received a web page; " if raw.body.lstrip().startswith(b"<") else ""
            raise make_error(
                BadAnswer,
                call.method,
                prefix + str(error),
                status=raw.status,
                trace_id=raw.trace_id,
                body=self._redact(_as_text(raw.body[:MAX_ERROR_BODY])),
                client_request_id=call.id,
            ) from error

    def _redact(self, text: str) -> str:
        """Removes the key, which some gateways echo, so that it cannot reach a log or a page."""
        return text.replace(self._key, REDACTED)


def _usable_key(api_key: str) -> str:
    """Returns the key without white space around it. Raises KeyRejected for a key that no header can carry."""
    key = api_key.strip()
    if not key:
        raise KeyRejected("No API key is set.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise KeyRejected("The API key holds characters that no key has. Copy it again from the xAI console.")
    return key


def _as_text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _log(call: Call, started: float, status: int | None, trace: str, outcome: str) -> None:
    """Writes one line per attempt, safe for any log: no key, no body, no prompt, no query."""
    milliseconds = (time.monotonic() - started) * 1000
    logger.info(
        "%s %s %s %d ms %s trace=%s call=%s",
        call.method,
        call.path,
        status or "-",
        milliseconds,
        outcome,
        trace or "-",
        call.id,
        extra={
            "call_operation": f"{call.method} {call.path}",
            "call_outcome": outcome,
            "call_milliseconds": milliseconds,
        },
    )
