"""One call and its reply, independent of WSGI, so that routes stay small and easy to test."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

MAX_BODY = 256 * 1024 * 1024
"""Largest request body read into memory, in bytes. Uploads are streamed and have their own limit."""

GZIP_FROM = 1024
"""Bodies above this many bytes are compressed if the client accepts it (facts 1.1)."""


class Reader(Protocol):
    """``wsgi.input``: returns b"" at the end of the body."""

    def read(self, size: int = -1, /) -> bytes: ...


class Hangup(Exception):
    """Ends the connection without a reply, or in the middle of one; with ``reset`` by RST instead of FIN."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("the connection is closed as scripted")
        self.reset = reset


@dataclass(frozen=True)
class Reply:
    """The reply. ``stream`` replaces ``body`` if the body would not fit into memory."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    stream: Iterator[bytes] | None = None
    damage: Callable[[bytes], Iterator[bytes]] | None = None
    """A scripted fault that changes the bytes sent, after compression; content-length states the true length."""


class Refused(Exception):
    """Carries the reply to a refused call out of nested functions."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status}: {reply.body[:200]!r}")
        self.reply = reply


@dataclass
class Call:
    """One HTTP request. ``path`` is still percent-encoded, so that ``%3Acancel`` is not ``:cancel``."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    """Names in lower case."""
    stream: Reader
    args: tuple[str, ...] = field(default=())
    """The groups captured by the route's pattern."""

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def body(self) -> bytes:
        body = self.stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise Refused(text_reply(413, "length limit exceeded"))
        return body

    @cached_property
    def json(self) -> Any:
        """The decoded body. Compressed bodies are refused, as at xAI (facts 1.1)."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self.body or media_type != "application/json":
            raise Refused(text_reply(415, "Expected request with `Content-Type: application/json`"))
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            reason = f"Failed to parse the request body as JSON: {error}"
            raise Refused(json_reply({"code": "invalid-argument", "error": reason}, 400)) from None


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(value))


def text_reply(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), "text/plain; charset=utf-8")


def gzip_body(body: bytes) -> bytes:
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    return compressor.compress(body) + compressor.flush()
