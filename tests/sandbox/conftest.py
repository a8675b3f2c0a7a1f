"""A sandbox in this process (``sandbox``) or behind a socket (``live``)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from batchsite.sandbox.server import Server
from tests.sandbox.calls import KEY, LocalSandbox


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSandbox]:
    sandbox = LocalSandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.store.close()


@pytest.fixture
def sandbox(shared_sandbox: LocalSandbox) -> LocalSandbox:
    """Empty. It processes rows at once, its counters are right at once, and its clock stands still.

    Tests share one store and reset it, because opening a store takes far longer than most tests.
    """
    shared_sandbox.reset()
    return shared_sandbox


@dataclass(frozen=True)
class Live:
    """A sandbox behind a socket, and a client that keeps its connections."""

    sandbox: LocalSandbox
    client: httpx.Client


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    sandbox = LocalSandbox(tmp_path / "sandbox")
    server = Server(("127.0.0.1", 0), sandbox.app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    headers = {"authorization": f"Bearer {KEY}"}
    address = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=address, headers=headers, timeout=10, trust_env=False) as client:
        yield Live(sandbox, client)
    server.shutdown()
    thread.join()
    server.server_close()
    sandbox.store.close()
