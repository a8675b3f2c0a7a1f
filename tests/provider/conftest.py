"""A sandbox of its own, and another program that uses the same account by raw HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.clock import moved_clock
from tests.pipeline import SHORT, use
from tests.sandboxes import Sandbox, running_sandbox


class Stranger:
    """A program that knows nothing of us: it talks to the API with the same key."""

    def __init__(self, sandbox: Sandbox, key: str = "sandbox-key") -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(base_url=f"{sandbox.url}/v1", headers=headers, timeout=30, trust_env=False)

    def post(self, path: str, body: Any = None) -> Any:
        reply = self._client.post(path, json=body)
        reply.raise_for_status()
        return reply.json()

    def batch(self, name: str, rows: int = 3) -> str:
        """A batch with so many requests; its id."""
        made = str(self.post("/batches", {"name": name})["batch_id"])
        if rows:
            self.post(f"/batches/{made}/requests", {"batch_requests": [_request(row) for row in range(1, rows + 1)]})
        return made


def _request(row: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Question {row}?"}]
    body = {"chat_get_completion": {"model": "grok-4.3", "messages": messages}}
    return {"batch_request_id": f"theirs-{row:04d}", "batch_request": body}


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("at-xai")) as running:
        yield running


@pytest.fixture
def sandbox(provider: Sandbox, settings: Any) -> Iterator[Sandbox]:
    provider.reset()
    settings.TIMEOUTS = SHORT
    use(provider)
    with moved_clock(provider):
        yield provider


@pytest.fixture
def stranger(sandbox: Sandbox) -> Stranger:
    return Stranger(sandbox)
