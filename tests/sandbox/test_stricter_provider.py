"""A provider that bills identical requests twice, lists late, and applies calls that nobody waits for any more."""

from __future__ import annotations

import time

import pytest

from batchsite.sandbox.exchange import Hangup
from tests.patience import patient
from tests.sandbox.calls import LocalSandbox, chat_requests


def test_an_identical_request_is_billed_again_where_that_is_set(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(3)
    once = sandbox.ledger(batch_id)["cost_in_usd_ticks"]
    sandbox.add(batch_id, chat_requests(3))
    assert sandbox.ledger(batch_id)["cost_in_usd_ticks"] == once
    sandbox.post("/admin/settings", {"identical_adds": "billed"})
    sandbox.add(batch_id, chat_requests(4))
    book = sandbox.ledger(batch_id)
    assert [row["processed"] for row in book["rows"]] == [2, 2, 2, 1]
    assert book["cost_in_usd_ticks"] == sum(row["cost_in_usd_ticks"] for row in book["rows"]) > 2 * once


def test_a_batch_can_be_missing_in_the_list_for_a_while(sandbox: LocalSandbox) -> None:
    number = sandbox.fault("unlisted", seconds=5)
    batch_id = sandbox.create()
    assert sandbox.get("/v1/batches").json["batches"] == []
    assert sandbox.get(f"/v1/batches/{batch_id}").status == 200
    sandbox.clock.tick(6)
    assert len(sandbox.get("/v1/batches").json["batches"]) == 1
    assert sandbox.hits(number) == 1


def test_a_call_can_be_applied_after_its_connection_is_gone(sandbox: LocalSandbox) -> None:
    sandbox.fault("applied_late", seconds=0.1, times=1)
    with pytest.raises(Hangup):
        sandbox.post("/v1/batches", {"name": "late"})
    assert sandbox.get("/v1/batches").json["batches"] == []
    until = time.monotonic() + patient(5)
    while not sandbox.get("/v1/batches").json["batches"] and time.monotonic() < until:
        time.sleep(0.02)
    assert len(sandbox.get("/v1/batches").json["batches"]) == 1
