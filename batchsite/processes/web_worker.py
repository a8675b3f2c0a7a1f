"""The gunicorn worker that serves the pages. Slow clients wait in its event loop, where they hold no thread.

gunicorn's own gthread gives a connection to a thread as soon as there are bytes, so that twenty clients that send a
header byte by byte stop it. Here the event loop collects header and small body, with a deadline, and hands a complete
request to a thread. Larger bodies are uploads: a thread reads them, but only some threads at a time, and at a pace
(paced_socket.py). Downloads are limited in the same way by stream_slots.py. Everything here runs in the main thread.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from batchsite.processes.paced_socket import PacedSocket
from batchsite.processes.request_buffer import Arrival, RequestBuffer

REQUEST_SECONDS = 15.0
"""Time for a header and a small body to arrive."""
UPLOADS = 4
"""Threads of a worker that may read uploads at the same time."""
UPLOAD_WAIT = 60.0
"""Seconds that an upload waits for such a thread."""
LINGER = 2.0
"""Seconds for a client to take the end of a response before its connection is closed."""
MOST_OF_AN_ADDRESS = 250
"""Connections of one address to a worker. A proxy is one address for everybody, and limits by itself."""
SEND_BUFFER = 400_000
"""Bytes that the kernel takes of a response at once: a page fits in, so that an unread one holds no thread."""
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
    b"Too many uploads are running. Try again in a minute.\n"
)


class WebConnection(TConn):  # type: ignore[misc]
    """A connection that says when it is closed."""

    on_close: Callable[[], None] | None = None
    holds_upload_slot = False

    def close(self, graceful: bool = False) -> None:
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()
        super().close()  # never `graceful`: that waits, in the event loop


class WebWorker(ThreadWorker):  # type: ignore[misc]
    """See the module."""

    limit_addresses = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: dict[WebConnection, tuple[RequestBuffer, float]] = {}
        self._waiting: deque[tuple[WebConnection, RequestBuffer, float]] = deque()
        self._closing: dict[WebConnection, float] = {}
        self._uploads = 0
        self._addresses: Counter[str] = Counter()

    # ---- a request arrives ---------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        try:
            accepted, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        address = str(client[0]) if isinstance(client, tuple) else ""
        if self.limit_addresses and self._addresses[address] >= MOST_OF_AN_ADDRESS:
            accepted.close()
            return
        with contextlib.suppress(OSError):
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        connection = WebConnection(self.cfg, PacedSocket(fileno=accepted.detach()), client, listener.getsockname())
        connection.on_close = partial(self._forget, address)
        self._addresses[address] += 1
        self.nr_conns += 1
        self._await_request(connection, RequestBuffer())

    def _forget(self, address: str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def on_client_socket_readable(self, conn: WebConnection, client: PacedSocket) -> None:
        """The next request on a kept-alive connection begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn, RequestBuffer())

    def _await_request(self, conn: WebConnection, buffer: RequestBuffer) -> None:
        conn.sock.setblocking(False)
        self._arriving[conn] = buffer, time.monotonic() + REQUEST_SECONDS
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_bytes, conn))
        if buffer.data:  # pipelined behind the request before
            self._go_on(conn, buffer, buffer.arrival())

    def _on_bytes(self, conn: WebConnection, _: PacedSocket) -> None:
        buffer, _deadline = self._arriving[conn]
        try:
            data = conn.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._go_on(conn, buffer, buffer.add(data))
        else:
            self._drop_arriving(conn)

    def _go_on(self, conn: WebConnection, buffer: RequestBuffer, arrival: Arrival) -> None:
        if arrival is Arrival.PARTIAL:
            return
        if arrival is Arrival.REFUSED:
            self._drop_arriving(conn)
            return
        del self._arriving[conn]
        self.poller.unregister(conn.sock)
        if arrival is Arrival.COMPLETE:
            self._hand_over(conn, buffer, is_upload=False)
        else:
            self._waiting.append((conn, buffer, time.monotonic() + UPLOAD_WAIT))
            self._start_uploads()

    def _start_uploads(self) -> None:
        while self._waiting and self._uploads < UPLOADS:
            conn, buffer, _ = self._waiting.popleft()
            self._uploads += 1
            conn.holds_upload_slot = True
            self._hand_over(conn, buffer, is_upload=True)

    def _hand_over(self, conn: WebConnection, buffer: RequestBuffer, *, is_upload: bool) -> None:
        """To a thread, with the bytes read so far."""
        conn.init()
        conn.parser.unreader.unread(bytes(buffer.data))
        conn.data_ready = True
        conn.sock.begin(is_upload=is_upload)
        self.enqueue_req(conn)

    # ---- a response was sent -------------------------------------------------------------------

    def finish_request(self, conn: WebConnection, fs: Any) -> None:
        if conn.holds_upload_slot:
            conn.holds_upload_slot = False
            self._uploads -= 1
            self._start_uploads()
        keeps_alive = not fs.cancelled() and fs.exception() is None and fs.result() is True
        pipelined = conn.parser.unreader.take_buffered() if keeps_alive else b""
        if pipelined:
            self._await_request(conn, RequestBuffer(pipelined))
        elif keeps_alive:
            super().finish_request(conn, fs)
        else:
            self._close(conn)

    def _close(self, conn: WebConnection) -> None:
        """Sends the end of the stream and lets the client close, or else the rest of the response may get lost."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            self._end(conn)
        else:
            self._closing[conn] = time.monotonic() + LINGER

    def _drain(self, conn: WebConnection, _: PacedSocket) -> None:
        try:
            if conn.sock.recv(65_536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop_closing(conn)

    # ---- deadlines -----------------------------------------------------------------------------

    def murder_pending(self) -> None:
        """Called about once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn, (buffer, deadline) in list(self._arriving.items()):
            if now > deadline or (not self.alive and not buffer.data):
                self._drop_arriving(conn)
        for conn, deadline in list(self._closing.items()):
            if now > deadline:
                self._drop_closing(conn)
        while self._waiting and (now > self._waiting[0][2] or not self.alive):
            conn, _, _ = self._waiting.popleft()
            with contextlib.suppress(OSError):
                conn.sock.send(BUSY)
            self._close(conn)

    def _drop_arriving(self, conn: WebConnection) -> None:
        del self._arriving[conn]
        self.poller.unregister(conn.sock)
        self._end(conn)

    def _drop_closing(self, conn: WebConnection) -> None:
        del self._closing[conn]
        self.poller.unregister(conn.sock)
        self._end(conn)

    def _end(self, conn: WebConnection) -> None:
        self.nr_conns -= 1
        conn.close()
