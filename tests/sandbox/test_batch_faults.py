"""Counters, results and lists that differ from what was processed (facts 2.7, 2.9-2.12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_requests, content, error, ids


def shown(sandbox: LocalSandbox, batch_id: str) -> Any:
    return sandbox.get(f"/v1/batches/{batch_id}").json.get("state", "absent")


def test_counters_can_be_zero_for_some_seconds(sandbox: LocalSandbox) -> None:
    sandbox.fault("counters_zero", seconds=5)
    batch_id = sandbox.filled(3)
    sandbox.clock.tick(4.9)
    assert set(shown(sandbox, batch_id).values()) == {0}
    sandbox.clock.tick(0.2)
    assert shown(sandbox, batch_id)["num_success"] == 3


def test_counters_can_be_zero_for_some_polls(sandbox: LocalSandbox) -> None:
    number = sandbox.fault("counters_zero", reads=2)
    first, second = sandbox.filled(3), sandbox.filled(3)
    seen = [[shown(sandbox, batch_id)["num_success"] for _ in range(4)] for batch_id in (first, second)]
    assert seen == [[0, 0, 3, 3]] * 2
    assert sandbox.hits(number) == 4


def test_counters_can_stay_zero_while_results_are_there(sandbox: LocalSandbox) -> None:
    sandbox.fault("counters_zero")
    batch_id = sandbox.filled(3)
    sandbox.clock.tick(10**6)
    assert set(shown(sandbox, batch_id).values()) == {0}
    assert len(sandbox.results(batch_id)) == 3
    assert sandbox.ledger(batch_id)["succeeded"] == 3


def test_counters_can_be_missing(sandbox: LocalSandbox) -> None:
    sandbox.fault("counters_missing", reads=2)
    batch_id = sandbox.filled(3)
    assert [shown(sandbox, batch_id) for _ in range(2)] == ["absent"] * 2
    assert shown(sandbox, batch_id)["num_success"] == 3


def test_list_lies_only_about_the_matching_batches(sandbox: LocalSandbox) -> None:
    sandbox.filled(1, "honest")
    sandbox.filled(1, "liar")
    sandbox.fault("counters_missing", batch="liar")
    states = {batch["name"]: "state" in batch for batch in sandbox.get("/v1/batches").json["batches"]}
    assert states == {"honest": True, "liar": False}


def test_results_can_lag_behind_the_counters(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=1, settle=0))
    sandbox.fault("results_trail", seconds=3)
    batch_id = sandbox.filled(5)
    sandbox.clock.tick(5.01)
    assert shown(sandbox, batch_id)["num_success"] == 5
    assert len(sandbox.results(batch_id)) == 2
    sandbox.clock.tick(3)
    assert len(sandbox.results(batch_id)) == 5


def test_rows_can_be_invisible_for_some_walks(sandbox: LocalSandbox) -> None:
    sandbox.fault("not_visible", reads=2, ids=["r002"])
    batch_id = sandbox.filled(3)
    for _ in range(2):
        rows = sandbox.results(batch_id, limit=1)
        assert "not yet visible in ClickHouse" in error(rows[1])
        assert "Simulated" in content(rows[0])
    assert "Simulated" in content(sandbox.results(batch_id, limit=1)[1])


def test_rows_can_be_invisible_for_some_seconds(sandbox: LocalSandbox) -> None:
    sandbox.fault("not_visible", seconds=5, share=0.5)
    batch_id = sandbox.filled(40)
    hidden = [row for row in sandbox.results(batch_id) if "error" in row["batch_result"]]
    assert 5 < len(hidden) < 35
    sandbox.clock.tick(5)
    assert not [row for row in sandbox.results(batch_id) if "error" in row["batch_result"]]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_rows_can_come_twice_on_a_page_and_across_pages(sandbox: LocalSandbox, limit: int) -> None:
    sandbox.fault("duplicate_rows", ids=["r003"])
    batch_id = sandbox.filled(7)
    got = ids(sandbox.results(batch_id, limit))
    assert sorted(set(got)) == [f"r00{number}" for number in range(1, 8)]
    assert got.count("r003") >= 2
    assert len(got) > 7
    assert sandbox.ledger(batch_id)["processed"] == 7


def test_results_can_have_ids_that_were_never_sent(sandbox: LocalSandbox) -> None:
    sandbox.fault("stranger_rows", count=2)
    batch_id = sandbox.filled(3)
    rows = sandbox.results(batch_id, limit=2)
    assert sorted(ids(rows)) == ["never-sent-1", "never-sent-2", "r001", "r002", "r003"]
    assert all("Simulated" in content(row) for row in rows)
    assert sandbox.ledger(batch_id)["requests"] == 3
    billed = sum(row["batch_result"]["response"]["chat_get_completion"]["usage"]["cost_in_usd_ticks"] for row in rows)
    assert sandbox.ledger(batch_id)["cost_in_usd_ticks"] == billed


def test_list_of_requests_can_lag(sandbox: LocalSandbox) -> None:
    sandbox.fault("requests_lag", seconds=5)
    batch_id = sandbox.filled(3)
    sandbox.clock.tick(4)
    sandbox.add(batch_id, chat_requests(2, first=4))
    assert sandbox.requests(batch_id) == []
    sandbox.clock.tick(1.5)
    assert ids(sandbox.requests(batch_id)) == ["r001", "r002", "r003"]
    sandbox.clock.tick(4)
    assert len(sandbox.requests(batch_id)) == 5


@pytest.fixture
def half_done(tmp_path: Path) -> tuple[LocalSandbox, str]:
    """Returns a batch of ten requests, five of them done."""
    sandbox = LocalSandbox(tmp_path, Settings(rate=1, settle=0))
    batch_id = sandbox.filled(10, "half")
    sandbox.clock.tick(5.01)
    return sandbox, batch_id


def test_cancelled_rows_can_turn_out_to_have_succeeded(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.fault("cancel_reverts", seconds=20)
    assert sandbox.post(f"/v1/batches/{batch_id}:cancel").json["state"]["num_cancelled"] == 5
    sandbox.clock.tick(19)
    assert shown(sandbox, batch_id)["num_cancelled"] == 5
    sandbox.clock.tick(1.5)
    assert (shown(sandbox, batch_id)["num_success"], shown(sandbox, batch_id)["num_cancelled"]) == (10, 0)
    assert all("Simulated" in content(row) for row in sandbox.results(batch_id))
    assert sandbox.get(f"/v1/batches/{batch_id}").json["cancel_time"]
    assert sandbox.ledger(batch_id)["succeeded"] == 10


def test_fault_shows_cancelled_rows_as_a_counter_only(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.fault("cancelled_hidden", batch="half")
    sandbox.post(f"/v1/batches/{batch_id}:cancel")
    assert len(sandbox.results(batch_id)) == 5


def test_xai_can_cancel_a_batch_and_drop_its_rows(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.fault("cancel_by_xai", call="get", nth=2, message="Maintenance.")
    assert sandbox.get(f"/v1/batches/{batch_id}").json["cancel_by_xai_message"] is None
    batch = sandbox.get(f"/v1/batches/{batch_id}").json
    assert (batch["cancel_time"], batch["cancel_by_xai_message"]) == ("2026-08-10", "Maintenance.")
    assert set(batch["state"].values()) == {0}
    assert sandbox.results(batch_id) == []
    assert sandbox.ledger(batch_id)["cost_in_usd_ticks"] == 0


def test_xai_can_cancel_a_batch_and_keep_finished_rows(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.fault("cancel_by_xai", call="get", rows="kept", times=1)
    assert shown(sandbox, batch_id)["num_success"] == 5
    sandbox.clock.tick(60)
    assert shown(sandbox, batch_id)["num_cancelled"] == 5
    assert sandbox.add(batch_id, chat_requests(1, first=90)).status == 403


def test_xai_can_cancel_a_batch_as_it_is_created(sandbox: LocalSandbox) -> None:
    sandbox.fault("cancel_by_xai", call="create")
    batch = sandbox.post("/v1/batches", {"name": "x"}).json
    assert batch["cancel_by_xai_message"] == "Batch cancelled by xAI."
    assert sandbox.add(batch["batch_id"], chat_requests(1)).status == 403


def test_batch_can_vanish_but_stays_in_the_ledger(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(3)
    sandbox.fault("vanish", call="results", after=1)
    assert len(sandbox.results(batch_id)) == 3
    assert sandbox.get(f"/v1/batches/{batch_id}/results").status == 404
    sandbox.call("DELETE", "/admin/faults")
    for path in ("", "/requests", "/results"):
        assert sandbox.get(f"/v1/batches/{batch_id}{path}").status == 404
    assert sandbox.post(f"/v1/batches/{batch_id}:cancel").status == 404
    assert sandbox.get("/v1/batches").json["batches"] == []
    assert sandbox.ledger(batch_id)["succeeded"] == 3


@pytest.mark.parametrize("results", ["readable", "gone"])
def test_batch_can_expire_early(half_done: tuple[LocalSandbox, str], results: str) -> None:
    sandbox, batch_id = half_done
    sandbox.fault("expire", call="get", results=results, times=1)
    batch = sandbox.get(f"/v1/batches/{batch_id}").json
    assert (batch["expire_time"], batch["cancel_time"]) == ("2026-08-10", None)
    assert (batch["state"]["num_success"], batch["state"]["num_cancelled"]) == (5, 5)
    response = sandbox.get(f"/v1/batches/{batch_id}/results")
    assert response.status == (200 if results == "readable" else 404)
    assert sandbox.ledger(batch_id)["succeeded"] == 5
