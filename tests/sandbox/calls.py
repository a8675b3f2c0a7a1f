"""Calls to a sandbox in this process, without a socket, with a clock that only moves when told."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from batchsite.sandbox.app import WsgiApp, serve
from batchsite.sandbox.sandbox_settings import Settings
from batchsite.sandbox.store import Store
from batchsite.sandbox.world import World

KEY = "sandbox-alice"
MODEL = "grok-4.3"
TODAY = 1_786_400_000.0
"""2026-08-10, the day of the recordings."""

INSTANT = Settings(rate=0, settle=0, file_settle=0, deferred_delay=0)


@dataclass
class Clock:
    """Returns epoch seconds."""

    now: float = TODAY

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Response:
    """A reply of the sandbox."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def text(self) -> str:
        return self.raw.decode()


class LocalSandbox:
    """One sandbox and the common calls to it."""

    def __init__(self, folder: Path, settings: Settings = INSTANT, key: str | None = None) -> None:
        self.clock = Clock()
        self.store = Store(folder)
        self.world = World(self.store, settings, self.clock, key=key)
        self.app: WsgiApp = serve(self.world)

    def reset(self) -> None:
        """Deletes everything and sets the clock back."""
        self.clock.now = TODAY
        self.world.reset()

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        body: bytes | None = None,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """``json`` becomes the body. Without ``key`` no credentials are sent."""
        sent = body if body is not None else b"" if json is None else orjson.dumps(json)
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json" if sent else "",
            "wsgi.input": io.BytesIO(sent),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8790",
            "HTTP_HOST": "127.0.0.1:8790",
        }
        if key is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        for name, value in (headers or {}).items():
            wanted = name.upper().replace("-", "_")
            environ[wanted if wanted == "CONTENT_TYPE" else f"HTTP_{wanted}"] = value
        return _response(self.app, environ)

    def get(self, path: str, **options: Any) -> Response:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Response:
        return self.call("POST", path, json, **options)

    def create(self, name: str = "batch", **members: Any) -> str:
        """Creates a batch and returns its id."""
        response = self.post("/v1/batches", {"name": name, **members})
        assert response.status == 200, response.text
        return str(response.json["batch_id"])

    def add(self, batch_id: str, items: Sequence[Mapping[str, Any]], **options: Any) -> Response:
        return self.post(f"/v1/batches/{batch_id}/requests", {"batch_requests": items}, **options)

    def filled(self, count: int = 3, name: str = "batch") -> str:
        """Creates a batch with requests r001, r002 and so on, and returns its id."""
        batch_id = self.create(name)
        response = self.add(batch_id, chat_requests(count))
        assert response.raw == b"null", response.text
        return batch_id

    def counters(self, batch_id: str) -> dict[str, int]:
        state: dict[str, int] = self.get(f"/v1/batches/{batch_id}").json["state"]
        return state

    def results(self, batch_id: str, limit: int = 1000) -> list[dict[str, Any]]:
        """Reads all pages of results."""
        return self.walk(f"/v1/batches/{batch_id}/results", "results", limit)

    def requests(self, batch_id: str, limit: int = 1000) -> list[dict[str, Any]]:
        return self.walk(f"/v1/batches/{batch_id}/requests", "batch_request_metadata", limit)

    def walk(self, path: str, member: str, limit: int) -> list[dict[str, Any]]:
        """Reads all pages of a list. Fails after a hundred."""
        items: list[dict[str, Any]] = []
        token: str | None = None
        for _ in range(100):
            query = f"?limit={limit}" + (f"&pagination_token={token}" if token else "")
            page = self.get(path + query).json
            items += page[member]
            token = page["pagination_token"]
            if not token:
                return items
        raise AssertionError(f"{path} never ended")

    def fault(self, what: str, **rule: Any) -> int:
        response = self.post("/admin/faults", {"what": what, **rule})
        assert response.status == 201, response.text
        return int(response.json["numbers"][0])

    def hits(self, number: int) -> int:
        rules = {rule["number"]: rule for rule in self.get("/admin/faults").json["faults"]}
        return int(rules[number]["hits"])

    def set(self, **changes: Any) -> None:
        response = self.post("/admin/settings", changes)
        assert response.status == 200, response.text

    def ledger(self, batch_id: str) -> dict[str, Any]:
        book: dict[str, Any] = self.get(f"/admin/ledger?batch_id={batch_id}").json
        return book


def _response(app: WsgiApp, environ: dict[str, Any]) -> Response:
    head: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        head["status"], head["headers"] = int(status.split()[0]), dict(headers)

    raw = b"".join(app(environ, start_response))
    if head["headers"].get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    return Response(head["status"], head["headers"], raw)


def chat_request(
    key: str | None, text: str = "Where is my card?", *, model: str = MODEL, **members: Any
) -> dict[str, Any]:
    """Returns a request of the kind chat_get_completion. Without ``key`` the server chooses the id."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **members}
    item: dict[str, Any] = {"batch_request": {"chat_get_completion": body}}
    return item if key is None else {"batch_request_id": key, **item}


def chat_requests(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [chat_request(f"r{number:03d}", f"Question {number}?") for number in range(first, first + count)]


def ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["batch_request_id"] for row in rows]


def content(row: Mapping[str, Any]) -> str:
    """Returns the answer in a row of /results."""
    choices = row["batch_result"]["response"]["chat_get_completion"]["choices"]
    return str(choices[-1]["message"]["content"])


def error(row: Mapping[str, Any]) -> Any:
    return row["batch_result"]["error"]
