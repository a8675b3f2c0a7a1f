"""One call to xAI: send, read the reply within bounds, retry where that is safe, log, name what went wrong."""

from __future__ import annotations

import ipaddress
import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from batchsite.xai.errors import (
    BadAnswer,
    ConnectionFailed,
    ConnectionLost,
    KeyRejected,
    TimedOut,
    XaiError,
    classify,
    fault,
    trace_id,
)
from batchsite.xai.retry_policy import delay, should_retry
from batchsite.xai.wire_json import decode_json

T = TypeVar("T")
logger = logging.getLogger("batchsite.xai")

MAX_BODY = 64 * 1024 * 1024  # bytes of one answer, unpacked
MAX_ERROR_BODY = 1024 * 1024
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30.0)
PIECE = 64 * 1024  # bytes of a request between two looks at the clock
SHORTEST = 0.001  # seconds; 0 would mean something else to a socket
REDACTED = "[key]"


@dataclass(frozen=True)
class Timeouts:
    """Seconds that one step of a call may take; a read is one wait for bytes, not the whole answer."""

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 10.0

    def within(self, seconds: float) -> httpx.Timeout:
        """The same, cut to what is left of the whole call."""
        left = max(SHORTEST, seconds)
        return httpx.Timeout(
            connect=min(self.connect, left),
            read=min(self.read, left),
            write=min(self.write, left),
            pool=min(self.pool, left),
        )


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class Call:
    """What is asked of xAI. `path` is below the base and already quoted."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    content: bytes | None = None  # JSON, sent byte for byte
    files: Mapping[str, tuple[str, bytes, str]] | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))  # one per call, kept through its retries


@dataclass(frozen=True)
class Reply:
    """A 2xx answer: its status and its decoded body (None if that is empty)."""

    status: int
    data: Any


@dataclass(frozen=True)
class _Raw:
    """An answer as it came, whatever its status."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def trace_id(self) -> str:
        return trace_id(self.headers)


class _TooLarge(Exception):
    """The body passed the size cap."""


class _TooLate(Exception):
    """A body was still on its way when the time for the whole call was over."""


def normalise_base(url: str) -> str:
    """The base of the API with exactly one /v1 at its end, as people write it with or without."""
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise ValueError(f"The address of the API cannot be read: {error}.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"The address of the API must begin with https:// and name a host, not {url!r}.")
    if parsed.query or parsed.fragment or parsed.userinfo:
        raise ValueError("The address of the API must hold no user name, no ? and no #.")
    base = str(parsed).rstrip("/")
    return base if base.endswith("/v1") else f"{base}/v1"


def is_loopback(url: str) -> bool:
    """Whether the address is this machine, where no proxy of the environment must get between."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Caller:
    """Makes calls with one key. Safe to use from many threads: its state is httpx's connection pool alone."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        *,
        transport: httpx.BaseTransport | None,
        timeouts: Timeouts,
        retries: int,
        sleep: Callable[[float], None],
        total_timeout: float,
        max_body: int,
    ) -> None:
        self.base_url = normalise_base(base_url)
        self._key = _usable_key(api_key)
        self._timeouts = timeouts
        self._retries = retries
        self._sleep = sleep
        self._total_timeout = total_timeout
        self._max_body = max_body
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
            trust_env=not is_loopback(self.base_url),
        )

    def close(self) -> None:
        self._http.close()

    def call(self, call: Call, read: Callable[[Reply], T]) -> T:
        """What `read` makes of the reply; its ValueError is a BadAnswer. Raises XaiError only.

        All attempts and the waits between them share `total_timeout`. A wait that would pass it is not begun:
        the error comes at once, with its `retry_after`, and the caller may come back later.
        """
        deadline = time.monotonic() + self._total_timeout
        attempt = 0
        while True:
            try:
                return self._attempt(call, read, deadline)
            except XaiError as error:
                pause = delay(attempt, error.retry_after, random.random, rate_limited=error.status == 429)
                out_of_time = time.monotonic() + pause >= deadline
                if attempt >= self._retries or out_of_time or not should_retry(call.method, error):
                    raise
            self._sleep(pause)
            attempt += 1

    def _attempt(self, call: Call, read: Callable[[Reply], T], deadline: float) -> T:
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

    def _exchange(self, call: Call, deadline: float) -> _Raw:
        headers = {"x-client-request-id": call.id}
        content: Iterator[bytes] | None = None
        if call.content is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(call.content))}
            content = _pieces(call.content, deadline)
        try:
            with self._http.stream(
                call.method,
                self.base_url + call.path,
                params=call.params,
                content=content,
                files=call.files,
                headers=headers,
                timeout=self._timeouts.within(deadline - time.monotonic()),
            ) as response:
                return _Raw(response.status_code, response.headers, self._receive(call, response, deadline))
        except (httpx.RequestError, _TooLate) as error:
            raise self._broken(call, error) from error

    def _receive(self, call: Call, response: httpx.Response, deadline: float) -> bytes:
        """The body. That of a refusal may be cut short: its status has said enough."""
        parts: list[bytes] = []
        cap = self._max_body if response.is_success else MAX_ERROR_BODY
        try:
            for chunk in _chunks(response, deadline, cap):
                parts.append(chunk)
        except (httpx.RequestError, _TooLarge, _TooLate) as error:
            if response.is_success:
                raise self._broken(call, error, response) from error
        return b"".join(parts)

    def _broken(self, call: Call, error: Exception, response: httpx.Response | None = None) -> XaiError:
        """The XaiError for a connection that failed before (no response) or within the body of an answer."""
        never_sent = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
        too_large = isinstance(error, _TooLarge)
        return fault(
            _kind_of_break(error, in_body=response is not None),
            call.method,
            self._redact(str(error)),
            never_sent=True if never_sent else None,
            retryable=False if too_large else None,
            client_request_id=call.id,
            status=response.status_code if response is not None else None,
            trace_id=trace_id(response.headers) if response is not None else "",
        )

    # ---- the reply ------------------------------------------------------------------------------

    def _answer(self, call: Call, raw: _Raw, read: Callable[[Reply], T]) -> T:
        if not 200 <= raw.status < 300:
            error = classify(call.method, raw.status, raw.headers, self._redact(_as_text(raw.body)))
            error.client_request_id = call.id
            raise error
        try:
            return read(Reply(raw.status, decode_json(raw.body) if raw.body.strip() else None))
        except ValueError as error:
            page = "a web page came; " if raw.body.lstrip().startswith(b"<") else ""
            raise fault(
                BadAnswer,
                call.method,
                page + str(error),
                status=raw.status,
                trace_id=raw.trace_id,
                body=self._redact(_as_text(raw.body[:MAX_ERROR_BODY])),
                client_request_id=call.id,
            ) from error

    def _redact(self, words: str) -> str:
        """Some gateways echo headers back; the key must not reach a log or a page that way."""
        return words.replace(self._key, REDACTED)


def _usable_key(api_key: str) -> str:
    """The key as a header can carry it. A stray line break from copying is forgiven, anything else named."""
    key = api_key.strip()
    if not key:
        raise KeyRejected("No API key is set.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise KeyRejected("The API key holds characters that no key has. Copy it again from the xAI console.")
    return key


def _pieces(content: bytes, deadline: float) -> Iterator[bytes]:
    """The same bytes in pieces, so that a line that drinks slowly cannot hold a call for ever."""
    for start in range(0, len(content), PIECE):
        if start and time.monotonic() > deadline:
            raise _TooLate("the request was still being sent when the time for the whole call was over")
        yield content[start : start + PIECE]


def _chunks(response: httpx.Response, deadline: float, cap: int) -> Iterator[bytes]:
    """The unpacked body, piece by piece. An answer that is late but whole in one piece is still an answer."""
    size = 0
    for chunk in response.iter_bytes():
        if size and time.monotonic() > deadline:
            raise _TooLate("it was still coming when the time for the whole call was over")
        size += len(chunk)
        if size > cap:
            raise _TooLarge(f"it is larger than {cap:,} bytes; ask for smaller pages")
        yield chunk


def _kind_of_break(error: Exception, *, in_body: bool) -> type[XaiError]:
    if isinstance(error, httpx.TimeoutException | _TooLate):
        return TimedOut
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        return ConnectionFailed
    if isinstance(error, _TooLarge | httpx.DecodingError):
        return BadAnswer
    return BadAnswer if in_body and isinstance(error, httpx.RemoteProtocolError) else ConnectionLost


def _as_text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _log(call: Call, started: float, status: int | None, trace: str, outcome: str) -> None:
    """One line per attempt, fit for any log: no key, no body, no prompt, no query."""
    logger.info(
        "%s %s %s %d ms %s trace=%s call=%s",
        call.method,
        call.path,
        status or "-",
        (time.monotonic() - started) * 1000,
        outcome,
        trace or "-",
        call.id,
    )
