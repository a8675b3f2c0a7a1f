"""A second stand-in for xAI, small and stricter than the sandbox: what is unproven about xAI it decides otherwise.

It refuses members that it does not know and requests that are added again, has no cache, no tools and no batches of
files, wraps errors in objects, serves one result a page, and lets a deferred answer be read again.
"""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import orjson

IN, CACHED, OUT = 12_500, 2_000, 25_000
TEXT_MODELS = (
    "grok-4.3",
    "grok-4.20-0309-reasoning",
    "grok-4.20-0309-non-reasoning",
    "grok-4.20-multi-agent-0309",
)
MEMBERS = {"model", "messages", "max_tokens", "max_completion_tokens", "temperature"}


class StrictProvider:
    """Answers requests of httpx. Everything is in memory, and done at once."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.batches: dict[str, dict[str, Any]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1")
        if request.headers.get("authorization") != "Bearer strict-key":
            return _refuse(400, "Incorrect API key provided")
        if request.method == "POST" and path == "/files":
            return httpx.Response(200, json={"id": "file_1", "object": "file"})
        body: Any = orjson.loads(request.content) if request.content else None
        if path == "/api-key":
            return httpx.Response(200, json={"api_key_id": "key-1", "redacted_api_key": "st...ey", "acls": []})
        if path == "/language-models":
            return httpx.Response(200, json={"models": [_model(name) for name in TEXT_MODELS]})
        if path == "/chat/completions":
            return httpx.Response(200, json={"request_id": "deferred-1"})
        if path.startswith("/chat/deferred-completion/"):
            return httpx.Response(200, json=_completion("deferred"))
        if path == "/batches":
            return self._create(body)
        return self._of_a_batch(request, path, body)

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        if "input_file_id" in body:
            return _refuse(400, "Files are not available.")
        batch_id = f"batch_{next(self.numbers)}"
        self.batches[batch_id] = {"id": batch_id, "name": body["name"], "requests": {}, "cancelled": None}
        return httpx.Response(200, json=_shown(self.batches[batch_id]))

    def _of_a_batch(self, request: httpx.Request, path: str, body: Any) -> httpx.Response:
        batch_id, _, rest = path.removeprefix("/batches/").partition("/")
        batch = self.batches.get(batch_id.removesuffix(":cancel"))
        if batch is None:
            return _refuse(404, "Batch not found")
        if batch_id.endswith(":cancel"):
            batch["cancelled"] = "2026-11-30"
        elif rest == "requests" and request.method == "POST":
            return self._add(batch, body["batch_requests"])
        elif rest == "requests":
            found = [{"batch_request_id": key, "state": "succeeded"} for key in batch["requests"]]
            return httpx.Response(200, json={"batch_request_metadata": found, "pagination_token": ""})
        elif rest == "results":
            return _one_result(batch, request.url.params.get("pagination_token", ""))
        return httpx.Response(200, json=_shown(batch))

    def _add(self, batch: dict[str, Any], items: list[dict[str, Any]]) -> httpx.Response:
        if batch["cancelled"]:
            return _refuse(403, "The batch is cancelled.")
        bodies = {item["batch_request_id"]: next(iter(item["batch_request"].values())) for item in items}
        for key, body in bodies.items():
            if key in batch["requests"]:
                return _refuse(412, f"batch_request_id '{key}' content differs from originally submitted")
            if unknown := body.keys() - MEMBERS:
                return httpx.Response(422, text=f"unknown field `{min(unknown)}`")
            if body["model"] not in TEXT_MODELS:
                return _refuse(400, f"Model {body['model']} is not supported for batch processing.")
        batch["requests"] |= bodies
        return httpx.Response(200, json=None)


def _one_result(batch: dict[str, Any], after: str) -> httpx.Response:
    keys = sorted(key for key in batch["requests"] if key > after)
    results = [{"batch_request_id": key, "batch_result": _result(key, batch["requests"][key])} for key in keys[:1]]
    return httpx.Response(200, json={"results": results, "pagination_token": keys[0] if keys[1:] else None})


def _result(key: str, body: dict[str, Any]) -> dict[str, Any]:
    if (body.get("max_tokens") or 1) < 1:
        return {"error": {"code": 3, "message": "max_tokens must be positive"}}
    return {"response": {"chat_get_completion": _completion(key)}}


def _completion(key: str) -> dict[str, Any]:
    usage = {
        "prompt_tokens": 200,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 8},
        "cost_in_usd_ticks": (200 * IN + 10 * OUT) * 8 // 10,
    }
    message = {"role": "assistant", "content": "OK."}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": key, "object": "chat.completion", "model": "grok-4.3", "choices": choices, "usage": usage}


def _shown(batch: dict[str, Any]) -> dict[str, Any]:
    failed = sum((body.get("max_tokens") or 1) < 1 for body in batch["requests"].values())
    count = len(batch["requests"])
    state = {"num_requests": count, "num_pending": 0, "num_success": count - failed, "num_error": failed}
    return {"batch_id": batch["id"], "name": batch["name"], "cancel_time": batch["cancelled"], "state": state}


def _model(name: str) -> dict[str, Any]:
    prices = {"prompt_text_token_price": IN, "completion_text_token_price": OUT}
    return {"id": name, "cached_prompt_text_token_price": CACHED, **prices}


def _refuse(status: int, error: str) -> httpx.Response:
    return httpx.Response(status, json={"code": str(status), "error": error})
