"""One connection serves many calls, and no error leaks one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError
from tests.xai.fakes import BATCH, BATCH_ID, KEY


class KeepAlive(BaseHTTPRequestHandler):
    """Answers by path: an id that is a number is the status."""

    protocol_version = "HTTP/1.1"
    peers: set[Any]

    def do_GET(self) -> None:
        self.peers.add(self.client_address)
        wanted = self.path.rpartition("/")[2]
        status = int(wanted) if wanted.isdigit() else 200
        body = orjson.dumps(BATCH if status == 200 else {"error": "no", "code": "c"})
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    KeepAlive.peers = set()
    with ThreadingHTTPServer(("127.0.0.1", 0), KeepAlive) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running
        running.shutdown()


def test_many_calls_use_one_connection(server: ThreadingHTTPServer) -> None:
    with XaiClient(KEY, f"http://127.0.0.1:{server.server_port}", retries=0) as client:
        for batch_id in (BATCH_ID, "404", BATCH_ID, "503", "429", BATCH_ID):
            if batch_id == BATCH_ID:
                client.get_batch(batch_id)
            else:
                with pytest.raises(XaiError):
                    client.get_batch(batch_id)
    assert len(KeepAlive.peers) == 1


def test_closed_client_makes_no_calls(server: ThreadingHTTPServer) -> None:
    with XaiClient(KEY, f"http://127.0.0.1:{server.server_port}") as client:
        client.get_batch(BATCH_ID)
    with pytest.raises(RuntimeError, match="closed"):
        client.get_batch(BATCH_ID)
