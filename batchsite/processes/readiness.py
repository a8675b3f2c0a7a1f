"""Finds out when the pages first answer, without blocking.

One request waits in the backlog of the listening socket, which the supervisor holds, until a web process accepts it.
"""

from __future__ import annotations

import contextlib
import select
import socket

_REQUEST = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
AGAIN = 0.5
"""Seconds until the next request after an error."""
LATE = 30.0
"""Seconds after which the terminal says that the pages do not answer yet."""


class Readiness:
    """Requests `address` until it answers."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._request: socket.socket | None = None
        self._ask_at = 0.0
        self._ready = False
        self._first_asked: float | None = None
        self._is_reported = False

    def becomes_ready(self, now: float) -> bool:
        """True once, when the answer has come. Never blocks."""
        if self._ready:
            return False
        self._first_asked = self._first_asked or now
        with contextlib.suppress(OSError):
            if self._request is None and now >= self._ask_at:
                self._request = self._ask()
            if self._request is not None and select.select([self._request], [], [], 0)[0]:
                self._ready = _is_good(self._request.recv(64))
                self._forget(now)
            return self._ready
        self._forget(now)
        return False

    def is_late(self, now: float) -> bool:
        """True once, when there was no good answer for `LATE` seconds."""
        if self._ready or self._is_reported or now - (self._first_asked or now) < LATE:
            return False
        self._is_reported = True
        return True

    def _ask(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=0.5)
        connection.sendall(_REQUEST)
        return connection

    def _forget(self, now: float) -> None:
        if self._request is not None:
            self._request.close()
        self._request, self._ask_at = None, now + AGAIN


def _is_good(answer: bytes) -> bool:
    words = answer.split()
    return len(words) > 1 and words[1].isdigit() and int(words[1]) < 500
