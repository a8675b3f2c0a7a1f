"""A sandbox per test: in this process (``room``) or behind a socket (``live``)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from batchsite.sandbox.server import Server
from tests.sandbox.calls import KEY, Room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Processes at once, settles at once; its clock stands still."""
    room = Room(tmp_path / "sandbox")
    yield room
    room.store.close()


@dataclass(frozen=True)
class Live:
    """A room with a socket, and a client that keeps its connections."""

    room: Room
    client: httpx.Client


@pytest.fixture
def live(room: Room) -> Iterator[Live]:
    server = Server(("127.0.0.1", 0), room.app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    headers = {"authorization": f"Bearer {KEY}"}
    address = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=address, headers=headers, timeout=10, trust_env=False) as client:
        yield Live(room, client)
    server.shutdown()
    thread.join()
    server.server_close()
