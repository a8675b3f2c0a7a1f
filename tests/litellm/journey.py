"""Runs in LiteLLM's own environment: a batch from file to results, as somebody else's program does it.

    python journey.py http://127.0.0.1:PORT/v1

LiteLLM's xAI provider (1.106.2) talks to /v1/files and /v1/batches, derives a status from the counters, hands the
batch's id out as ``output_file_id`` and reads /results page by page, until a page has no token or no rows, when that
"file" is asked for. Prints one JSON object: what LiteLLM made of it all.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import litellm  # type: ignore[import-not-found]  # in its own environment only

BASE = sys.argv[1]
WHO: dict[str, Any] = {"custom_llm_provider": "xai", "api_base": BASE, "api_key": "sandbox-litellm"}
ROWS = 1203
"""More than LiteLLM's page of 1000, so that its walk needs the cursor."""


def line(number: int, model: str = "grok-4.3") -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": f"Question {number}?"}]}
    return {"custom_id": f"row-{number:05d}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def upload(lines: list[dict[str, Any]]) -> str:
    text = "".join(json.dumps(item) + "\n" for item in lines).encode()
    return str(litellm.create_file(file=("rows.jsonl", text), purpose="batch", **WHO).id)


def create(file_id: str, name: str) -> Any:
    return litellm.create_batch(
        completion_window="24h",
        endpoint="/v1/chat/completions",
        input_file_id=file_id,
        metadata={"name": name},
        **WHO,
    )


def polled(batch_id: str) -> tuple[Any, list[str]]:
    """The batch when it has ended, and the statuses on the way."""
    seen: list[str] = []
    for _ in range(200):
        batch = litellm.retrieve_batch(batch_id=batch_id, **WHO)
        if batch.status not in seen[-1:]:
            seen.append(batch.status)
        if batch.status in ("completed", "failed", "cancelled", "expired"):
            return batch, seen
        time.sleep(0.05)
    raise SystemExit(f"never ended: {seen}")


def counts(batch: Any) -> list[int]:
    return [batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed]


def whole_run() -> dict[str, Any]:
    file_id = upload([line(number) for number in range(ROWS)])
    created = create(file_id, "litellm whole")
    batch, seen = polled(created.id)
    results = litellm.file_content(file_id=batch.output_file_id, **WHO).content
    lines = [json.loads(text) for text in results.splitlines()]
    bodies = [item["response"]["body"] for item in lines]
    return {
        "created": [created.status, created.input_file_id == file_id, created.metadata],
        "statuses": seen,
        "counts": counts(batch),
        "days": (batch.expires_at - batch.created_at) / 86400,
        "rows": sorted(item["custom_id"] for item in lines) == [line(number)["custom_id"] for number in range(ROWS)],
        "answered": sum(body["choices"][0]["message"]["content"].startswith("Simulated answer:") for body in bodies),
        "ticks": sum(body["usage"]["cost_in_usd_ticks"] for body in bodies),
        "batch_id": batch.id,
    }


def failing_rows() -> dict[str, Any]:
    """LiteLLM expects envelope b, an object; the test has scripted that for row-00001."""
    batch, _ = polled(create(upload([line(1), line(2)]), "litellm failing").id)
    results = litellm.file_content(file_id=batch.output_file_id, **WHO).content
    by_id = {item["custom_id"]: item for item in map(json.loads, results.splitlines())}
    return {"counts": counts(batch), "error": by_id["row-00001"]["error"], "ok": by_id["row-00002"]["error"] is None}


def killed() -> dict[str, Any]:
    batch, seen = polled(create(upload([line(1, model="grok-4.5")]), "litellm killed").id)
    return {"statuses": seen, "message": batch.errors.data[0].message}


def cancelled() -> dict[str, Any]:
    """A batch that the test has made to hang."""
    created = create(upload([line(number) for number in range(3)]), "litellm hanging")
    while litellm.retrieve_batch(batch_id=created.id, **WHO).status != "in_progress":
        time.sleep(0.05)
    return {"status": litellm.cancel_batch(batch_id=created.id, **WHO).status}


def listed() -> dict[str, Any]:
    names: list[str] = []
    after: str | None = None
    while True:
        page = litellm.list_batches(after=after, limit=3, **WHO)
        names += [batch.metadata["name"] for batch in page.data]
        after = page.next_page_token
        if not page.has_more:
            return {"names": names}


def files() -> dict[str, Any]:
    file_id = upload([line(7)])
    content = litellm.file_content(file_id=file_id, **WHO).content
    size = litellm.file_retrieve(file_id=file_id, **WHO).bytes
    before = [file.id for file in litellm.file_list(**WHO)]
    deleted = litellm.file_delete(file_id=file_id, **WHO).deleted
    after = [file.id for file in litellm.file_list(**WHO)]
    return {
        "same": json.loads(content) == line(7),
        "size": size == len(content),
        "deleted": deleted,
        "listed": [file_id in before, file_id in after],
    }


def wrong_key() -> dict[str, Any]:
    try:
        litellm.list_batches(**(WHO | {"api_key": "sk-nobody"}))
    except Exception as error:  # noqa: BLE001  whatever LiteLLM makes of it is what the test wants to see
        return {"status": getattr(error, "status_code", None), "text": str(error)}
    return {}


def direct() -> dict[str, Any]:
    messages = [{"role": "user", "content": "Capital of Peru?"}]
    said = litellm.completion(model="xai/grok-4.3", messages=messages, api_base=BASE, api_key=WHO["api_key"])
    return {"content": said.choices[0].message.content, "model": said.model}


def tools() -> dict[str, Any]:
    """A request with a search, in a batch. In real time LiteLLM needs packages for it that it does not bring."""
    body = {"model": "grok-4.3", "input": "Who won?", "tools": [{"type": "web_search"}]}
    request = {"custom_id": "row-00001", "method": "POST", "url": "/v1/responses", "body": body}
    batch, _ = polled(create(upload([request]), "litellm tools").id)
    answer = json.loads(litellm.file_content(file_id=batch.output_file_id, **WHO).content)["response"]["body"]
    read = litellm.ModelResponse(**answer)
    return {
        "roles": [choice.message.role for choice in read.choices],
        "text": read.choices[-1].message.content,
        "cited": read.citations == [cited["url"] for cited in read.choices[-1].message.annotations],
        "tokens": [read.usage.prompt_tokens, read.usage.completion_tokens],
    }


if __name__ == "__main__":
    parts = (whole_run, failing_rows, killed, cancelled, listed, files, wrong_key, direct, tools)
    print(json.dumps({part.__name__: part() for part in parts}))
