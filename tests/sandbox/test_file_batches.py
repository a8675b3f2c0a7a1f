"""Batches from a JSONL file: sealed, and ended by one bad line (facts 2.10, 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from batchsite.sandbox import file_batches
from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_requests, content, ids
from tests.sandbox.test_files import file_part, upload


def line(key: str, **changes: Any) -> dict[str, Any]:
    body = {"model": "grok-4.3", "messages": [{"role": "user", "content": f"Question {key}?"}]}
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body, **changes}


def jsonl(*lines: Any) -> bytes:
    return b"".join(orjson.dumps(item) + b"\n" for item in lines)


def started(sandbox: LocalSandbox, text: bytes, name: str = "from a file") -> dict[str, Any]:
    """Returns the reply to creating a batch from a file with that text."""
    file_id = upload(sandbox, file_part(text)).json["id"]
    response = sandbox.post("/v1/batches", {"name": name, "input_file_id": file_id})
    assert response.status == 200, response.text
    batch: dict[str, Any] = response.json
    return batch


def test_custom_ids_come_back_as_batch_request_ids(sandbox: LocalSandbox) -> None:
    body = {"model": "grok-4.3", "input": "Hello"}
    batch = started(sandbox, jsonl(line("b"), line("a", url="/v1/responses", body=body)) + b"\n")
    assert batch["input_file_id"].startswith("file_")
    rows = sandbox.results(batch["batch_id"])
    assert ids(rows) == ["a", "b"]
    assert "Simulated answer:" in content(rows[0])


def test_create_returns_zero_counters_that_fill_later(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=0, file_settle=2))
    batch = started(sandbox, jsonl(line("a"), line("b")))
    assert set(batch["state"].values()) == {0}
    sandbox.clock.tick(2)
    assert sandbox.counters(batch["batch_id"])["num_success"] == 2


def test_requests_cannot_be_added_to_a_file_batch(sandbox: LocalSandbox) -> None:
    batch = started(sandbox, jsonl(line("a")))
    response = sandbox.add(batch["batch_id"], chat_requests(1))
    assert (response.status, response.json["error"]) == (412, "Cannot add inline requests to a file-based batch")


BAD: list[tuple[bytes, str]] = [
    (jsonl(line("a")) + b"{oops\n", "line 2: invalid JSON: "),
    (b"[]\n", "line 1: expected an object"),
    (jsonl({"url": "/v1/chat/completions", "body": {}}), "line 1: missing field `custom_id`"),
    (jsonl(line("a", custom_id=7)), "line 1: custom_id must be a string"),
    (jsonl(line("")), "line 1: custom_id must be a string that is not empty"),
    (jsonl(line("a", url="/v1/embeddings")), "line 1: unsupported url `/v1/embeddings`"),
    (jsonl(line("a", body={"model": "grok-4.3"})), "line 1: body: missing field `messages`"),
    (jsonl(line("a"), line("b"), line("a")), "line 3: duplicate custom_id `a`"),
    (jsonl(line("a", body={"model": "grok-4.5", "messages": []})), "Model grok-4.5 is not supported for batch"),
    (jsonl(line("a", body={"model": "gpt-9", "messages": []})), "The model gpt-9 does not exist"),
    (b"\n\n", "the file has no requests"),
]


@pytest.mark.parametrize(("text", "expected"), BAD, ids=[expected for _, expected in BAD])
def test_one_bad_line_ends_the_batch_with_a_message(sandbox: LocalSandbox, text: bytes, expected: str) -> None:
    created = started(sandbox, text)
    batch = sandbox.get(f"/v1/batches/{created['batch_id']}").json
    assert batch["cancel_by_xai_message"].startswith(f"JSONL file validation failed: {expected}")
    assert batch["cancel_time"] == "2026-08-10"
    assert set(batch["state"].values()) == {0}
    assert sandbox.results(batch["batch_id"]) == []
    assert sandbox.requests(batch["batch_id"]) == []
    assert sandbox.ledger(batch["batch_id"])["cost_in_usd_ticks"] == 0


def test_message_appears_after_a_delay(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=0, file_settle=2))
    batch = started(sandbox, b"{oops\n")
    assert (batch["cancel_time"], batch["cancel_by_xai_message"]) == (None, None)
    sandbox.clock.tick(2)
    assert "invalid JSON" in sandbox.get(f"/v1/batches/{batch['batch_id']}").json["cancel_by_xai_message"]


def test_many_lines_are_admitted_in_slices(sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_batches, "_SLICE", 10)
    monkeypatch.setattr(file_batches, "MAX_LINES", 95)
    keys = [f"r{number:03d}" for number in range(95)]
    batch = started(sandbox, jsonl(*map(line, keys)))
    assert ids(sandbox.results(batch["batch_id"])) == keys
    too_many = started(sandbox, jsonl(*map(line, keys), line("one more")))
    killed = sandbox.get(f"/v1/batches/{too_many['batch_id']}").json
    assert "more than 95 lines" in killed["cancel_by_xai_message"]
    assert sandbox.ledger(too_many["batch_id"])["requests"] == 0


def test_unknown_file_is_404_and_creates_no_batch(sandbox: LocalSandbox) -> None:
    assert sandbox.post("/v1/batches", {"name": "x", "input_file_id": "file_unknown"}).status == 404
    assert sandbox.get("/v1/batches").json["batches"] == []


def test_batch_outlives_its_file(sandbox: LocalSandbox) -> None:
    batch = started(sandbox, jsonl(line("a")))
    sandbox.call("DELETE", f"/v1/files/{batch['input_file_id']}")
    assert ids(sandbox.results(batch["batch_id"])) == ["a"]
