"""Serves the application over HTTP/1.1 from one process, with the standard library.

Not gunicorn: there, a worker goes on answering for a while after the arbiter is killed. Here, kill -9 of the one
process ends everything at once, it starts fast, and scripted faults can close or reset the raw socket. The speed of
parsing HTTP does not matter with 1,000 requests per call.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from batchsite.sandbox.app import WsgiApp
from batchsite.sandbox.exchange import Hangup

_IDLE_SECONDS = 75
_DRAIN = 1024 * 1024
"""An unread request body of up to this many bytes is discarded to keep the connection open."""


class Server(ThreadingMixIn, TCPServer):
    """One thread per connection."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: WsgiApp, *, verbose: bool = False) -> None:
        self.app = app
        self.verbose = verbose
        self.busy = Busy()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnected; anything else is printed."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handle_error(request, client_address)


class Busy:
    """The number of calls in progress."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1

    def wait(self, seconds: float) -> None:
        """Waits until no call is in progress, but at most ``seconds``: a scripted time-out may take longer."""
        end = time.monotonic() + seconds
        while self._count and time.monotonic() < end:
            time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    """One connection: HTTP to WSGI and back."""

    protocol_version = "HTTP/1.1"
    server_version = "batchsite-sandbox"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: Server

    def serve(self) -> None:
        body = _Body(self.rfile, self.headers)
        with self.server.busy:
            try:
                self._answer(body)
                self.wfile.flush()
            except Hangup as hangup:
                self._hang_up(reset=hangup.reset)
        if not self.close_connection and not body.drained():
            self.close_connection = True

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = serve

    def _answer(self, body: _Body) -> None:
        state: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            state["status"], state["headers"] = status, headers

        pieces = self.server.app(self._environ(body), start_response)
        chunked = self._send_head(state["status"], state["headers"])
        self._send_body(pieces, chunked=chunked)

    def _environ(self, body: _Body) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port, *_ = self.server.server_address
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "REQUEST_URI": self.path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "wsgi.input": body,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
        }
        return environ | {
            f"HTTP_{name.upper().replace('-', '_')}": ", ".join(self.headers.get_all(name, [])) for name in self.headers
        }

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> bool:
        """Sends the status and headers. Returns True if the length is unknown, so that the body is sent in chunks."""
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        names = {name.lower() for name, _ in headers}
        chunked = "content-length" not in names
        for name, value in [*headers, *([("transfer-encoding", "chunked")] if chunked else [])]:
            self.send_header(name, value)
        self.end_headers()
        return chunked

    def _send_body(self, pieces: Iterable[bytes], *, chunked: bool) -> None:
        if self.command == "HEAD":
            return
        for piece in pieces:
            if not chunked:
                self.wfile.write(piece)
                self.wfile.flush()
            elif piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self, *, reset: bool) -> None:
        """Sends what was written, then closes the connection; with ``reset`` by RST instead of FIN."""
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            if reset:
                time.sleep(0.05)  # or the RST would overtake the bytes before it
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.verbose:
            super().log_message(format, *args)


class _Body:
    """The request body as a stream, chunked or of known length."""

    def __init__(self, stream: BufferedIOBase, headers: Any) -> None:
        self._stream = stream
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._left = 0 if self._chunked else int(headers.get("content-length") or 0)

    def read(self, size: int = -1, /) -> bytes:
        wanted = 2**62 if size < 0 else size
        pieces: list[bytes] = []
        while wanted and (piece := self._piece(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def drained(self) -> bool:
        """Discards the rest of the body. Returns False if it is too much."""
        return len(self.read(_DRAIN)) < _DRAIN

    def _piece(self, wanted: int) -> bytes:
        if not self._left and self._chunked:
            self._left = self._next_chunk()
        piece = self._stream.read(min(wanted, self._left)) if self._left else b""
        self._left -= len(piece)
        if self._chunked and piece and not self._left:
            self._stream.readline()
        return piece

    def _next_chunk(self) -> int:
        size = int(self._stream.readline().partition(b";")[0] or b"0", 16)
        if size == 0:
            self._chunked = False
            while self._stream.readline().strip():
                pass
        return size
