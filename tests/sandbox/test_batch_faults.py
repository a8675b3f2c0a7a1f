"""Counters, results and lists that are not what was processed (facts 2.7, 2.9-2.12); the ledger is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import Room, asks, content, error, ids


def shown(room: Room, batch_id: str) -> Any:
    return room.get(f"/v1/batches/{batch_id}").json.get("state", "absent")


def test_counters_can_be_zero_for_some_seconds(room: Room) -> None:
    room.fault("counters_zero", seconds=5)
    batch_id = room.filled(3)
    room.clock.tick(4.9)
    assert set(shown(room, batch_id).values()) == {0}
    room.clock.tick(0.2)
    assert shown(room, batch_id)["num_success"] == 3


def test_counters_can_be_zero_for_some_polls(room: Room) -> None:
    number = room.fault("counters_zero", reads=2)
    first, second = room.filled(3), room.filled(3)
    seen = [[shown(room, batch_id)["num_success"] for _ in range(4)] for batch_id in (first, second)]
    assert seen == [[0, 0, 3, 3]] * 2
    assert room.hits(number) == 4


def test_counters_can_stay_zero_while_results_are_there(room: Room) -> None:
    room.fault("counters_zero")
    batch_id = room.filled(3)
    room.clock.tick(10**6)
    assert set(shown(room, batch_id).values()) == {0}
    assert len(room.results(batch_id)) == 3
    assert room.ledger(batch_id)["succeeded"] == 3


def test_counters_can_be_missing(room: Room) -> None:
    room.fault("counters_missing", reads=2)
    batch_id = room.filled(3)
    assert [shown(room, batch_id) for _ in range(2)] == ["absent"] * 2
    assert shown(room, batch_id)["num_success"] == 3


def test_list_lies_only_about_the_matching_batches(room: Room) -> None:
    room.filled(1, "honest")
    room.filled(1, "liar")
    room.fault("counters_missing", batch="liar")
    states = {batch["name"]: "state" in batch for batch in room.get("/v1/batches").json["batches"]}
    assert states == {"honest": True, "liar": False}


def test_results_can_lag_behind_the_counters(tmp_path: Path) -> None:
    room = Room(tmp_path, Settings(rate=1, settle=0))
    room.fault("results_trail", seconds=3)
    batch_id = room.filled(5)
    room.clock.tick(5.01)
    assert shown(room, batch_id)["num_success"] == 5
    assert len(room.results(batch_id)) == 2
    room.clock.tick(3)
    assert len(room.results(batch_id)) == 5


def test_rows_can_be_invisible_for_some_walks(room: Room) -> None:
    room.fault("not_visible", reads=2, ids=["r002"])
    batch_id = room.filled(3)
    for _ in range(2):
        rows = room.results(batch_id, limit=1)
        assert "not yet visible in ClickHouse" in error(rows[1])
        assert "Simulated" in content(rows[0])
    assert "Simulated" in content(room.results(batch_id, limit=1)[1])


def test_rows_can_be_invisible_for_some_seconds(room: Room) -> None:
    room.fault("not_visible", seconds=5, share=0.5)
    batch_id = room.filled(40)
    hidden = [row for row in room.results(batch_id) if "error" in row["batch_result"]]
    assert 5 < len(hidden) < 35
    room.clock.tick(5)
    assert not [row for row in room.results(batch_id) if "error" in row["batch_result"]]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_rows_can_come_twice_on_a_page_and_across_pages(room: Room, limit: int) -> None:
    room.fault("duplicate_rows", ids=["r003"])
    batch_id = room.filled(7)
    got = ids(room.results(batch_id, limit))
    assert sorted(set(got)) == [f"r00{number}" for number in range(1, 8)]
    assert got.count("r003") >= 2
    assert len(got) > 7
    assert room.ledger(batch_id)["processed"] == 7


def test_results_can_have_ids_that_were_never_sent(room: Room) -> None:
    room.fault("stranger_rows", count=2)
    batch_id = room.filled(3)
    rows = room.results(batch_id, limit=2)
    assert sorted(ids(rows)) == ["never-sent-1", "never-sent-2", "r001", "r002", "r003"]
    assert all("Simulated" in content(row) for row in rows)
    assert room.ledger(batch_id)["requests"] == 3


def test_list_of_requests_can_lag(room: Room) -> None:
    room.fault("requests_lag", seconds=5)
    batch_id = room.filled(3)
    room.clock.tick(4)
    room.add(batch_id, asks(2, first=4))
    assert room.requests(batch_id) == []
    room.clock.tick(1.5)
    assert ids(room.requests(batch_id)) == ["r001", "r002", "r003"]
    room.clock.tick(4)
    assert len(room.requests(batch_id)) == 5


@pytest.fixture
def half_done(tmp_path: Path) -> tuple[Room, str]:
    """A batch of ten, five done."""
    room = Room(tmp_path, Settings(rate=1, settle=0))
    batch_id = room.filled(10, "half")
    room.clock.tick(5.01)
    return room, batch_id


def test_cancelled_rows_can_turn_out_to_have_succeeded(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.fault("cancel_reverts", seconds=20)
    assert room.post(f"/v1/batches/{batch_id}:cancel").json["state"]["num_cancelled"] == 5
    room.clock.tick(19)
    assert shown(room, batch_id)["num_cancelled"] == 5
    room.clock.tick(1.5)
    assert (shown(room, batch_id)["num_success"], shown(room, batch_id)["num_cancelled"]) == (10, 0)
    assert all("Simulated" in content(row) for row in room.results(batch_id))
    assert room.get(f"/v1/batches/{batch_id}").json["cancel_time"]
    assert room.ledger(batch_id)["succeeded"] == 10


def test_fault_shows_cancelled_rows_as_a_counter_only(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.fault("cancelled_hidden", batch="half")
    room.post(f"/v1/batches/{batch_id}:cancel")
    assert len(room.results(batch_id)) == 5


def test_xai_can_cancel_a_batch_and_drop_its_rows(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.fault("cancel_by_xai", call="get", nth=2, message="Maintenance.")
    assert room.get(f"/v1/batches/{batch_id}").json["cancel_by_xai_message"] is None
    batch = room.get(f"/v1/batches/{batch_id}").json
    assert (batch["cancel_time"], batch["cancel_by_xai_message"]) == ("2026-08-10", "Maintenance.")
    assert set(batch["state"].values()) == {0}
    assert room.results(batch_id) == []
    assert room.ledger(batch_id)["cost_in_usd_ticks"] == 0


def test_xai_can_cancel_a_batch_and_keep_finished_rows(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.fault("cancel_by_xai", call="get", rows="kept", times=1)
    assert shown(room, batch_id)["num_success"] == 5
    room.clock.tick(60)
    assert shown(room, batch_id)["num_cancelled"] == 5
    assert room.add(batch_id, asks(1, first=90)).status == 403


def test_xai_can_cancel_a_batch_as_it_is_created(room: Room) -> None:
    room.fault("cancel_by_xai", call="create")
    batch = room.post("/v1/batches", {"name": "x"}).json
    assert batch["cancel_by_xai_message"] == "Batch cancelled by xAI."
    assert room.add(batch["batch_id"], asks(1)).status == 403


def test_batch_can_vanish_but_stays_in_the_ledger(room: Room) -> None:
    batch_id = room.filled(3)
    room.fault("vanish", call="results", after=1)
    assert len(room.results(batch_id)) == 3
    assert room.get(f"/v1/batches/{batch_id}/results").status == 404
    room.call("DELETE", "/admin/faults")
    for path in ("", "/requests", "/results"):
        assert room.get(f"/v1/batches/{batch_id}{path}").status == 404
    assert room.post(f"/v1/batches/{batch_id}:cancel").status == 404
    assert room.get("/v1/batches").json["batches"] == []
    assert room.ledger(batch_id)["succeeded"] == 3


@pytest.mark.parametrize("results", ["readable", "gone"])
def test_batch_can_expire_early(half_done: tuple[Room, str], results: str) -> None:
    room, batch_id = half_done
    room.fault("expire", call="get", results=results, times=1)
    batch = room.get(f"/v1/batches/{batch_id}").json
    assert (batch["expire_time"], batch["cancel_time"]) == ("2026-08-10", None)
    assert (batch["state"]["num_success"], batch["state"]["num_cancelled"]) == (5, 5)
    answered = room.get(f"/v1/batches/{batch_id}/results")
    assert answered.status == (200 if results == "readable" else 404)
    assert room.ledger(batch_id)["succeeded"] == 5
