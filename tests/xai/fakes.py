"""A provider that replies from a list through httpx's mock transport, so the whole client is under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from batchsite.xai.client import XaiClient

KEY = "xai-test-key-0123456789"
BATCH_ID = "batch_11111111-2222-3333-4444-555555555555"
BATCH = {
    "batch_id": BATCH_ID,
    "name": "cities [bs-1]",
    "create_time": "2026-08-10",
    "expire_time": "2026-09-09",
    "create_api_key_id": "key-1",
    "cancel_time": None,
    "cancel_by_xai_message": None,
    "state": {"num_requests": 2, "num_pending": 1, "num_success": 1, "num_error": 0, "num_cancelled": 0},
}

Answer = httpx.Response | Exception


@dataclass
class Provider:
    """Gives its answers in turn, then repeats the last one. Records the requests and the waits between them."""

    answers: list[Answer]
    requests: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def client(self, **options: Any) -> XaiClient:
        return XaiClient(KEY, transport=httpx.MockTransport(self), sleep=self.slept.append, **options)


def says(*answers: Answer) -> Provider:
    return Provider(list(answers))


def ok(value: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=value, headers=headers)


def refusal(status: int, error: str, code: str = "some-code", **headers: str) -> httpx.Response:
    """The flat shape of most of xAI's errors; `retry_after` becomes Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"code": code, "error": error}, headers=named)


def page(name: str, items: list[Any], token: str | None) -> httpx.Response:
    return ok({name: items, "pagination_token": token})


Use = Callable[[XaiClient], Any]

GETS: dict[str, Use] = {
    "get_batch": lambda client: client.get_batch(BATCH_ID),
    "list_batches": lambda client: client.list_batches(),
    "list_requests": lambda client: client.list_requests(BATCH_ID),
    "list_results": lambda client: client.list_results(BATCH_ID),
    "check_key": lambda client: client.check_key(),
    "language_models": lambda client: client.language_models(),
    "get_deferred": lambda client: client.get_deferred("d-1"),
}
POSTS: dict[str, Use] = {
    "create_batch": lambda client: client.create_batch("cities"),
    "add_requests": lambda client: client.add_requests(BATCH_ID, b'{"batch_requests":[]}'),
    "cancel_batch": lambda client: client.cancel_batch(BATCH_ID),
    "upload_file": lambda client: client.upload_file("rows.jsonl", b"{}\n"),
    "chat_completion": lambda client: client.chat_completion({"model": "grok-4.3", "messages": []}),
    "start_deferred": lambda client: client.start_deferred({"model": "grok-4.3", "messages": []}),
}
CALLS = GETS | POSTS
