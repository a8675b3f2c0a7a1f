"""A socket that gives up on a client that is too slow, so that it does not hold a thread for long."""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

READ_SECONDS = 3.0
"""Longest wait for bytes of a request that the event loop found complete."""
UPLOAD_SECONDS = 15.0
"""Longest wait for the next bytes of an upload."""
SEND_SECONDS = 20.0
"""Longest wait until one piece of a response, at most some 64 kB, has left for the client."""
GRACE = 15.0
SLOWEST = 2_000
"""Bytes a second that an upload must reach on average, after `GRACE` seconds."""


class PacedSocket(socket.socket):
    """Blocking reads and writes have deadlines. Raises ConnectionResetError for a client that misses them."""

    is_upload = False
    _began = 0.0
    _received = 0

    def begin(self, *, is_upload: bool) -> None:
        """Starts a request: the pace of its body counts from now on."""
        self.is_upload, self._began, self._received = is_upload, time.monotonic(), 0

    def setblocking(self, flag: bool) -> None:
        self.settimeout(SEND_SECONDS if flag else 0)

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.gettimeout() == 0:  # in the event loop
            return super().recv(size, flags)
        self.settimeout(UPLOAD_SECONDS if self.is_upload else READ_SECONDS)
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            raise too_slow() from None
        self._received += len(data)
        elapsed = time.monotonic() - self._began
        if elapsed > GRACE and self._received < SLOWEST * elapsed:
            raise too_slow()
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.settimeout(SEND_SECONDS)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise too_slow() from None

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        self.settimeout(SEND_SECONDS)
        try:
            return super().sendfile(file, offset, count)
        except TimeoutError:
            raise too_slow() from None


def too_slow() -> ConnectionResetError:
    """Looks like a client that disconnected, which gunicorn and Django handle quietly."""
    return ConnectionResetError(errno.ECONNRESET, "the client is too slow")
