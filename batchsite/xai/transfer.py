"""Sending and receiving bodies within limits of time and size, and what it means when that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext

import httpx

from batchsite.xai.errors import BadAnswer, ConnectionFailed, ConnectionLost, TimedOut, XaiError

PIECE_BYTES = 64 * 1024
"""Size of the pieces in which a request is sent; the deadline is checked between them."""

READ_ENCODINGS = ("", "identity", "gzip")
"""Compressed once with gzip, 64 kB hold at most 64 MB; compressed twice, 6 kB held 4 GB."""
SHORTEST_TIMEOUT = 0.001
"""Seconds. A socket would take 0 to mean non-blocking."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds that one step of a call may take. ``read`` is one wait for bytes, not the whole answer."""

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 10.0

    def within(self, seconds: float) -> httpx.Timeout:
        """Returns the time-outs for httpx, none of them longer than ``seconds``."""
        left = max(SHORTEST_TIMEOUT, seconds)
        return httpx.Timeout(
            connect=min(self.connect, left),
            read=min(self.read, left),
            write=min(self.write, left),
            pool=min(self.pool, left),
        )


DEFAULT_TIMEOUTS = Timeouts()


class Deadline:
    """The moment when a whole call, with its retries, is out of time. ``clock`` returns monotonic seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Returns the seconds left; negative once it has passed."""
        return self._end - self._clock()

    def passed(self) -> bool:
        return self.left() < 0


class TooLarge(Exception):
    """The body is larger than the limit."""


class TooLate(Exception):
    """A body was still being sent or received when the call's deadline passed."""


@cache
def tls_context(*, trust_env: bool) -> SSLContext:
    """Returns the TLS settings that all clients share. Loading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=trust_env)


def pieces(content: bytes, deadline: Deadline) -> Iterator[bytes]:
    """Yields ``content`` in pieces. Raises TooLate at the deadline, so a slow receiver cannot hold a call for ever."""
    for start in range(0, len(content), PIECE_BYTES):
        if start and deadline.passed():
            raise TooLate("the request was still being sent when the time for the whole call was over")
        yield content[start : start + PIECE_BYTES]


def chunks(response: httpx.Response, deadline: Deadline, limit: int) -> Iterator[bytes]:
    """Yields the decompressed body. Raises TooLate or TooLarge.

    An answer that arrives whole in its first chunk is accepted even after the deadline.
    """
    if response.headers.get("content-encoding", "").strip().lower() not in READ_ENCODINGS:
        raise TooLarge("it is packed in a way that was not asked for")
    size = 0
    for chunk in response.iter_bytes():
        if size and deadline.passed():
            raise TooLate("it was still coming when the time for the whole call was over")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"it is larger than {limit:,} bytes; ask for smaller pages")
        yield chunk


def kind_of_break(error: Exception, *, in_body: bool) -> type[XaiError]:
    """Returns the kind of error for an exception of the transfer; ``in_body`` = the reply had begun."""
    if isinstance(error, httpx.TimeoutException | TooLate):
        return TimedOut
    if isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol):
        return ConnectionFailed
    if isinstance(error, TooLarge | httpx.DecodingError):
        return BadAnswer
    return BadAnswer if in_body and isinstance(error, httpx.RemoteProtocolError) else ConnectionLost
