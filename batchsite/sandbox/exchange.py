"""One call and one reply, free of WSGI details, so that routes stay small and are easy to test."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

MAX_BODY = 256 * 1024 * 1024
"""Largest request body that is read into memory, in bytes; uploads are streamed and have their own limit."""

GZIP_FROM = 1024
"""Bodies above this many bytes are compressed when the client asks (facts 1.1)."""


class Reader(Protocol):
    """What WSGI calls ``wsgi.input``: gives b"" at the end of the body."""

    def read(self, size: int = -1, /) -> bytes: ...


class Hangup(Exception):
    """Ends the connection without (the rest of) a reply; with ``reset`` by RST, as a dead machine would."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("the sandbox hangs up, as scripted")
        self.reset = reset


@dataclass(frozen=True)
class Reply:
    """What goes back. ``stream`` replaces ``body`` where the whole would not fit in memory."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    stream: Iterator[bytes] | None = None
    damage: Callable[[bytes], Iterator[bytes]] | None = None
    """What a scripted fault does to the bytes on the wire, after compression and with the true length announced."""


class Refused(Exception):
    """Carries the reply of a refused call out of any depth."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status}: {reply.body[:200]!r}")
        self.reply = reply


@dataclass
class Call:
    """One request. ``path`` is as sent, still percent-encoded, so that ``%3Acancel`` is not ``:cancel``."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    """Names in lower case."""
    stream: Reader
    args: tuple[str, ...] = field(default=())
    """What the route's pattern captured."""

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
        """The decoded body. Compressed bodies are not understood, as at xAI (facts 1.1)."""
        if not self.body or "json" not in self.headers.get("content-type", ""):
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
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
