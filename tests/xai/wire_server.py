"""A server on raw sockets, for faults that no HTTP library produces."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import orjson

Behave = Callable[[socket.socket], None]


class WireServer:
    """Reads one request per connection, then hands the socket to the next function of the script.

    The last function serves all later connections. `requests` holds the raw requests. With `reads=False` the
    function gets the connection without anything read from it.
    """

    def __init__(self, *script: Behave, reads: bool = True) -> None:
        self.requests: list[bytes] = []
        self._script = script
        self._reads = reads
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> WireServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                behave = self._script[min(len(self.requests), len(self._script) - 1)]
                with connection, contextlib.suppress(OSError):
                    self.requests.append(_receive(connection) if self._reads else b"")
                    behave(connection)


def _receive(connection: socket.socket) -> bytes:
    data = b""
    while not _is_whole(data):
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= _content_length(head)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def raw(data: bytes) -> Behave:
    return lambda connection: connection.sendall(data)


def reply(status: int, body: bytes, *headers: str, claim: int | None = None) -> bytes:
    """Returns a whole reply; `claim` is a false length of the body."""
    length = len(body) if claim is None else claim
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {length}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def json_reply(value: Any) -> Behave:
    return raw(reply(200, orjson.dumps(value), "Content-Type: application/json"))


def reset(connection: socket.socket) -> None:
    """Closes with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def then_reset(data: bytes) -> Behave:
    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        threading.Event().wait(0.03)  # the client must read the bytes before the reset discards them
        reset(connection)

    return behave


def nothing(connection: socket.socket) -> None:
    """Closes without a reply."""


def silent(connection: socket.socket) -> None:
    """Sends nothing until the client gives up."""
    connection.settimeout(20)
    connection.recv(1)


def trickle(data: bytes, pause: float, step: int = 1) -> Behave:
    def behave(connection: socket.socket) -> None:
        for start in range(0, len(data), step):
            connection.sendall(data[start : start + step])
            threading.Event().wait(pause)

    return behave
