"""A server that takes webhooks, and checks each with the library's own verifier."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Received:
    body: bytes
    headers: dict[str, str]

    def verified(self, secret: str) -> dict[str, Any]:
        """Returns what was sent. Raises WebhookVerificationError."""
        data: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return data


@dataclass
class Receiver:
    url: str
    statuses: list[int] = field(default_factory=list)
    """What it answers, one after the other; 200 once none is left."""
    headers: dict[str, str] = field(default_factory=dict)
    says: bytes = b""
    """The body of its answers."""
    got: list[Received] = field(default_factory=list)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Received(body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.says)))
            self.end_headers()
            self.wfile.write(receiver.says)

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks/s3cret-path")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
