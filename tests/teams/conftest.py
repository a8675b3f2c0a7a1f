"""xAI as far as a key needs it: a small server that answers what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pytest_django import Settings

GOOD: dict[str, Any] = {
    "redacted_api_key": "xai-…abcd",
    "name": "batchsite",
    "team_id": "team-1",
    "api_key_id": "key-1",
    "acls": ["api-key:endpoint:*"],
    "api_key_blocked": False,
    "api_key_disabled": False,
    "team_blocked": False,
}


@dataclass
class KeyOffice:
    """What `GET /v1/api-key` answers next, and with which keys it was asked."""

    url: str = ""
    status: int = 200
    body: dict[str, Any] = field(default_factory=lambda: dict(GOOD))
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def office(settings: Settings) -> Iterator[KeyOffice]:
    """The server, with the settings pointing to it."""
    office = KeyOffice()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            office.asked.append(self.headers["Authorization"].removeprefix("Bearer "))
            body = json.dumps(office.body).encode()
            self.send_response(office.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    office.url = f"http://127.0.0.1:{server.server_port}/v1"
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=office.url)
    yield office
    server.shutdown()
    thread.join()
    server.server_close()
