"""Finds out when the web pages first answer, without waiting for it.

One request is left in the queue of the listening socket, which the supervisor holds, until a web process takes it.
"""

from __future__ import annotations

import contextlib
import select
import socket

_REQUEST = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
AGAIN = 0.5
"""Seconds between questions, when one was answered with an error."""
LATE = 30.0
"""Seconds after which a person should hear something."""


class Readiness:
    """Asks `address` until it answers."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._question: socket.socket | None = None
        self._ask_at = 0.0
        self._ready = False
        self._first_asked: float | None = None
        self._told = False

    def becomes_ready(self, now: float) -> bool:
        """True once: when the answer has come. Never blocks."""
        if self._ready:
            return False
        self._first_asked = self._first_asked or now
        with contextlib.suppress(OSError):
            if self._question is None and now >= self._ask_at:
                self._question = self._ask()
            if self._question is not None and select.select([self._question], [], [], 0)[0]:
                self._ready = _is_good(self._question.recv(64))
                self._forget(now)
            return self._ready
        self._forget(now)
        return False

    def is_late(self, now: float) -> bool:
        """True once: when there was no good answer for a long time."""
        if self._ready or self._told or now - (self._first_asked or now) < LATE:
            return False
        self._told = True
        return True

    def _ask(self) -> socket.socket:
        question = socket.create_connection(self._address, timeout=0.5)
        question.sendall(_REQUEST)
        return question

    def _forget(self, now: float) -> None:
        if self._question is not None:
            self._question.close()
        self._question, self._ask_at = None, now + AGAIN


def _is_good(answer: bytes) -> bool:
    words = answer.split()
    return len(words) > 1 and words[1].isdigit() and int(words[1]) < 500
