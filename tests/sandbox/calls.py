"""Calls to a sandbox in this process, without a socket, on a clock that only moves when it is told to."""

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
"""2026-08-10, as in the recordings."""

INSTANT = Settings(rate=0, settle=0, file_settle=0, deferred_delay=0)


@dataclass
class Clock:
    """Epoch seconds."""

    now: float = TODAY

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def text(self) -> str:
        return self.raw.decode()


class Room:
    """One sandbox and the usual calls to it."""

    def __init__(self, folder: Path, settings: Settings = INSTANT) -> None:
        self.clock = Clock()
        self.store = Store(folder)
        self.world = World(self.store, settings, self.clock)
        self.app: WsgiApp = serve(self.world)

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        body: bytes | None = None,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """``json`` is sent as the body, if there is one; the key None sends no credentials."""
        sent = body if body is not None else b"" if json is None else orjson.dumps(json)
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json" if sent else "",
            "wsgi.input": io.BytesIO(sent),
        }
        if key is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        for name, value in (headers or {}).items():
            wanted = name.upper().replace("-", "_")
            environ[wanted if wanted == "CONTENT_TYPE" else f"HTTP_{wanted}"] = value
        return _answered(self.app, environ)

    def get(self, path: str, **options: Any) -> Answered:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Answered:
        return self.call("POST", path, json, **options)

    def create(self, name: str = "batch", **members: Any) -> str:
        """The id of a new batch."""
        answered = self.post("/v1/batches", {"name": name, **members})
        assert answered.status == 200, answered.text
        return str(answered.json["batch_id"])

    def add(self, batch_id: str, items: Sequence[Mapping[str, Any]], **options: Any) -> Answered:
        return self.post(f"/v1/batches/{batch_id}/requests", {"batch_requests": items}, **options)

    def filled(self, count: int = 3, name: str = "batch") -> str:
        """The id of a new batch with requests r001, r002 and so on."""
        batch_id = self.create(name)
        answered = self.add(batch_id, asks(count))
        assert answered.raw == b"null", answered.text
        return batch_id

    def counters(self, batch_id: str) -> dict[str, int]:
        state: dict[str, int] = self.get(f"/v1/batches/{batch_id}").json["state"]
        return state

    def results(self, batch_id: str, limit: int = 1000) -> list[dict[str, Any]]:
        """A full walk; gives up after a hundred pages."""
        return self.walk(f"/v1/batches/{batch_id}/results", "results", limit)

    def requests(self, batch_id: str, limit: int = 1000) -> list[dict[str, Any]]:
        return self.walk(f"/v1/batches/{batch_id}/requests", "batch_request_metadata", limit)

    def walk(self, path: str, member: str, limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: str | None = None
        for _ in range(100):
            query = f"?limit={limit}" + (f"&pagination_token={token}" if token else "")
            page = self.get(path + query).json
            found += page[member]
            token = page["pagination_token"]
            if not token:
                return found
        raise AssertionError(f"{path} never ended")

    def fault(self, what: str, **rule: Any) -> int:
        answered = self.post("/admin/faults", {"what": what, **rule})
        assert answered.status == 201, answered.text
        return int(answered.json["numbers"][0])

    def hits(self, number: int) -> int:
        rules = {rule["number"]: rule for rule in self.get("/admin/faults").json["faults"]}
        return int(rules[number]["hits"])

    def set(self, **changes: Any) -> None:
        answered = self.post("/admin/settings", changes)
        assert answered.status == 200, answered.text

    def ledger(self, batch_id: str) -> dict[str, Any]:
        book: dict[str, Any] = self.get(f"/admin/ledger?batch_id={batch_id}").json
        return book


def _answered(app: WsgiApp, environ: dict[str, Any]) -> Answered:
    head: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        head["status"], head["headers"] = int(status.split()[0]), dict(headers)

    raw = b"".join(app(environ, start_response))
    if head["headers"].get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    return Answered(head["status"], head["headers"], raw)


def ask(key: str | None, text: str = "Where is my card?", *, model: str = MODEL, **members: Any) -> dict[str, Any]:
    """One request of the kind chat_get_completion; the key None leaves the id to the server."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **members}
    item: dict[str, Any] = {"batch_request": {"chat_get_completion": body}}
    return item if key is None else {"batch_request_id": key, **item}


def asks(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [ask(f"r{number:03d}", f"Question {number}?") for number in range(first, first + count)]


def ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["batch_request_id"] for row in rows]


def content(row: Mapping[str, Any]) -> str:
    """The answer in a row of /results."""
    choices = row["batch_result"]["response"]["chat_get_completion"]["choices"]
    return str(choices[-1]["message"]["content"])


def error(row: Mapping[str, Any]) -> Any:
    return row["batch_result"]["error"]
