"""What was processed and billed, whatever was read of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from batchsite.sandbox import ledger
from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import Room, ask


def billed(room: Room, batch_id: str) -> int:
    """Ticks by the results, the way a client sums them."""
    usages = [
        row["batch_result"]["response"]["chat_get_completion"]["usage"]
        for row in room.results(batch_id)
        if "response" in row["batch_result"]
    ]
    return sum(usage["cost_in_usd_ticks"] for usage in usages)


def test_ledger_equals_the_sum_of_the_results_to_the_tick(room: Room) -> None:
    room.fault("fail_rows", share=0.2)
    batch_id = room.filled(50)
    book = room.ledger(batch_id)
    assert book["cost_in_usd_ticks"] == billed(room, batch_id) > 0
    assert book["requests"] == book["processed"] == 50
    assert book["succeeded"] + book["failed"] == 50
    assert sum(row["cost_in_usd_ticks"] for row in book["rows"]) == book["cost_in_usd_ticks"]


def test_reading_results_does_not_change_the_ledger(room: Room) -> None:
    batch_id = room.filled(5)
    before = room.ledger(batch_id)
    room.fault("duplicate_rows", share=1)
    room.results(batch_id)
    room.results(batch_id)
    assert room.ledger(batch_id) == before


def test_ledger_follows_the_clock(tmp_path: Path) -> None:
    room = Room(tmp_path, Settings(rate=1, settle=0))
    batch_id = room.filled(5)
    room.clock.tick(2.5)
    book = room.ledger(batch_id)
    assert (book["processed"], book["pending"]) == (2, 3)
    room.post(f"/v1/batches/{batch_id}:cancel")
    room.clock.tick(10)
    book = room.ledger(batch_id)
    assert (book["processed"], book["pending"], book["cancelled"]) == (2, 0, 3)


def test_id_in_two_batches_is_processed_twice(room: Room) -> None:
    first, second = room.filled(3), room.create()
    room.add(second, [ask("r002", "Another question?")])
    book = room.get("/admin/ledger?batch_request_id=r002").json
    assert (book["processed"], [row["batch_id"] for row in book["batches"]]) == (2, [first, second])
    assert book["cost_in_usd_ticks"] == sum(row["cost_in_usd_ticks"] for row in book["batches"])
    assert room.get("/admin/ledger?batch_request_id=r0").json["processed"] == 0


def test_ledger_sums_all_batches_and_lists_direct_calls(room: Room) -> None:
    first, second = room.filled(3, "one"), room.filled(4, "two")
    body = {"model": "grok-4.3", "messages": [{"role": "user", "content": "Hi"}]}
    direct = [room.post("/v1/chat/completions", body | extra) for extra in ({}, {"deferred": True})]
    book = room.get("/admin/ledger").json
    assert [(batch["batch_id"], batch["name"]) for batch in book["batches"]] == [(first, "one"), (second, "two")]
    assert book["totals"]["requests"] == 7
    assert book["totals"]["cost_in_usd_ticks"] == billed(room, first) + billed(room, second)
    assert book["direct"] == {"calls": 2, "cost_in_usd_ticks": 2 * direct[0].json["usage"]["cost_in_usd_ticks"]}


def test_ledger_streams_one_line_per_request(room: Room) -> None:
    first, second = room.filled(3), room.filled(2)
    lines = [orjson.loads(text) for text in room.get("/admin/ledger.jsonl").raw.splitlines()]
    assert [line["batch_id"] for line in lines] == [first] * 3 + [second] * 2
    assert lines[:3] == room.ledger(first)["rows"]
    only = room.get(f"/admin/ledger.jsonl?batch_id={second}").raw.splitlines()
    assert [orjson.loads(text) for text in only] == lines[3:]


def test_rows_of_a_large_batch_are_only_in_the_stream(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "ROWS_INLINE", 4)
    monkeypatch.setattr(ledger, "_PAGE", 2)
    batch_id = room.filled(5)
    assert room.ledger(batch_id)["rows"] is None
    assert room.ledger(batch_id)["requests"] == 5
    assert len(room.get(f"/admin/ledger.jsonl?batch_id={batch_id}").raw.splitlines()) == 5


def test_ledger_of_an_unknown_batch_is_404(room: Room) -> None:
    assert room.get("/admin/ledger?batch_id=batch_unknown").status == 404
    assert room.get("/admin/ledger").json["batches"] == []
