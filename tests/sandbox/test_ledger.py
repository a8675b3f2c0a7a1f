"""What was processed and billed, whatever clients read."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from batchsite.sandbox import ledger
from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_request


def billed(sandbox: LocalSandbox, batch_id: str) -> int:
    """Returns the ticks of all results, summed as a client does."""
    usages = [
        row["batch_result"]["response"]["chat_get_completion"]["usage"]
        for row in sandbox.results(batch_id)
        if "response" in row["batch_result"]
    ]
    return sum(usage["cost_in_usd_ticks"] for usage in usages)


def test_ledger_equals_the_sum_of_the_results_to_the_tick(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", share=0.2)
    batch_id = sandbox.filled(50)
    book = sandbox.ledger(batch_id)
    assert book["cost_in_usd_ticks"] == billed(sandbox, batch_id) > 0
    assert book["requests"] == book["processed"] == 50
    assert book["succeeded"] + book["failed"] == 50
    assert sum(row["cost_in_usd_ticks"] for row in book["rows"]) == book["cost_in_usd_ticks"]


def test_reading_results_does_not_change_the_ledger(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(5)
    before = sandbox.ledger(batch_id)
    sandbox.fault("duplicate_rows", share=1)
    sandbox.results(batch_id)
    sandbox.results(batch_id)
    assert sandbox.ledger(batch_id) == before


def test_ledger_follows_the_clock(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=1, settle=0))
    batch_id = sandbox.filled(5)
    sandbox.clock.tick(2.5)
    book = sandbox.ledger(batch_id)
    assert (book["processed"], book["pending"]) == (2, 3)
    sandbox.post(f"/v1/batches/{batch_id}:cancel")
    sandbox.clock.tick(10)
    book = sandbox.ledger(batch_id)
    assert (book["processed"], book["pending"], book["cancelled"]) == (2, 0, 3)


def test_id_in_two_batches_is_processed_twice(sandbox: LocalSandbox) -> None:
    first, second = sandbox.filled(3), sandbox.create()
    sandbox.add(second, [chat_request("r002", "Another question?")])
    book = sandbox.get("/admin/ledger?batch_request_id=r002").json
    assert (book["processed"], [row["batch_id"] for row in book["batches"]]) == (2, [first, second])
    assert book["cost_in_usd_ticks"] == sum(row["cost_in_usd_ticks"] for row in book["batches"])
    assert sandbox.get("/admin/ledger?batch_request_id=r0").json["processed"] == 0


def test_ledger_sums_all_batches_and_lists_direct_calls(sandbox: LocalSandbox) -> None:
    first, second = sandbox.filled(3, "one"), sandbox.filled(4, "two")
    body = {"model": "grok-4.3", "messages": [{"role": "user", "content": "Hi"}]}
    direct = [sandbox.post("/v1/chat/completions", body | extra) for extra in ({}, {"deferred": True})]
    book = sandbox.get("/admin/ledger").json
    assert [(batch["batch_id"], batch["name"]) for batch in book["batches"]] == [(first, "one"), (second, "two")]
    assert book["totals"]["requests"] == 7
    assert book["totals"]["cost_in_usd_ticks"] == billed(sandbox, first) + billed(sandbox, second)
    assert book["direct"] == {"calls": 2, "cost_in_usd_ticks": 2 * direct[0].json["usage"]["cost_in_usd_ticks"]}


def test_ledger_streams_one_line_per_request(sandbox: LocalSandbox) -> None:
    first, second = sandbox.filled(3), sandbox.filled(2)
    lines = [orjson.loads(text) for text in sandbox.get("/admin/ledger.jsonl").raw.splitlines()]
    assert [line["batch_id"] for line in lines] == [first] * 3 + [second] * 2
    assert lines[:3] == sandbox.ledger(first)["rows"]
    only = sandbox.get(f"/admin/ledger.jsonl?batch_id={second}").raw.splitlines()
    assert [orjson.loads(text) for text in only] == lines[3:]


def test_rows_of_a_large_batch_are_only_in_the_stream(sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "ROWS_INLINE", 4)
    monkeypatch.setattr(ledger, "_PAGE", 2)
    batch_id = sandbox.filled(5)
    assert sandbox.ledger(batch_id)["rows"] is None
    assert sandbox.ledger(batch_id)["requests"] == 5
    assert len(sandbox.get(f"/admin/ledger.jsonl?batch_id={batch_id}").raw.splitlines()) == 5


def test_ledger_of_an_unknown_batch_is_404(sandbox: LocalSandbox) -> None:
    assert sandbox.get("/admin/ledger?batch_id=batch_unknown").status == 404
    assert sandbox.get("/admin/ledger").json["batches"] == []
