"""Calls to xAI written down without keys, prompts and answers, and played again in their order.

A request is kept as its method, path and size. Of a reply all is kept that the client decides by; texts that models or
people wrote, and what describes the key, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx
import orjson

LEFT_OUT = "left out"
_TEXTS = frozenset({"content", "reasoning_content", "text", "title", "url", "encrypted_content", "arguments", "query"})
"""Members of replies that hold what models or people wrote."""
_OF_THE_KEY = "/api-key"
_HEADERS = ("content-type", "retry-after")


class Recorder(httpx.BaseTransport):
    """Makes the calls, and writes them down in `calls`."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner, self.calls = inner, list[dict[str, Any]]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        size = len(request.read())
        reply = self._inner.handle_request(request)
        body = reply.read()
        self.calls.append(
            {
                "method": request.method,
                "path": request.url.raw_path.decode(),
                "size": size,
                "status": reply.status_code,
                "headers": {name: reply.headers[name] for name in _HEADERS if name in reply.headers},
                "body": _without_secrets(request.url.path, body),
            }
        )
        headers = [(name, value) for name, value in reply.headers.items() if name != "content-encoding"]
        return httpx.Response(reply.status_code, headers=headers, content=body, request=request)

    def close(self) -> None:
        self._inner.close()


def _without_secrets(path: str, body: bytes) -> Any:
    try:
        value = orjson.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")[:2000]
    return _cleaned(value, everything=path.endswith(_OF_THE_KEY))


def _cleaned(value: Any, *, everything: bool = False, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(item, everything=everything, name=key) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, everything=everything, name=name) for item in value]
    if isinstance(value, str) and value and (everything or name in _TEXTS):
        return LEFT_OUT
    return value


class UnexpectedCall(AssertionError):
    """The client makes another call than the recorded one."""


class Player(httpx.BaseTransport):
    """Answers with recorded replies, in their order. Raises UnexpectedCall for any other call."""

    def __init__(self, calls: Iterable[dict[str, Any]]) -> None:
        self._calls = list(calls)

    @property
    def left(self) -> int:
        """Recorded calls that were not made."""
        return len(self._calls)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        made = f"{request.method} {request.url.raw_path.decode()}"
        recorded = self._calls.pop(0) if self._calls else None
        expected = f"{recorded['method']} {recorded['path']}" if recorded else "no further call"
        if recorded is None or made != expected:
            raise UnexpectedCall(f"{made} was called; recorded is {expected}")
        body = recorded["body"]
        content = body.encode() if isinstance(body, str) else orjson.dumps(body)
        return httpx.Response(recorded["status"], headers=recorded["headers"], content=content, request=request)
