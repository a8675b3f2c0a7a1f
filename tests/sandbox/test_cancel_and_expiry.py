"""POST {id}:cancel and the end of thirty days (facts 2.9, 2.12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import Room, asks, content, error, ids


@pytest.fixture
def half_done(tmp_path: Path) -> tuple[Room, str]:
    """A batch of ten, five done."""
    room = Room(tmp_path, Settings(rate=1, settle=0))
    batch_id = room.filled(10)
    room.clock.tick(5.01)
    return room, batch_id


def test_cancel_returns_the_batch_and_keeps_finished_rows(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    batch = room.post(f"/v1/batches/{batch_id}:cancel").json
    assert batch["cancel_time"] == "2026-08-10"
    assert batch["cancel_by_xai_message"] is None
    assert batch["state"] == {
        "num_requests": 10,
        "num_pending": 0,
        "num_success": 5,
        "num_error": 0,
        "num_cancelled": 5,
    }


def test_nothing_changes_after_a_cancel(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.post(f"/v1/batches/{batch_id}:cancel", {})
    before = room.counters(batch_id)
    room.clock.tick(60)
    assert room.counters(batch_id) == before


def test_cancelled_rows_are_errors_among_the_results(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.post(f"/v1/batches/{batch_id}:cancel")
    rows = room.results(batch_id)
    assert ids(rows) == [f"r{number:03d}" for number in range(1, 11)]
    assert all("Simulated answer:" in content(row) for row in rows[:5])
    assert {error(row) for row in rows[5:]} == {"Batch cancelled"}
    assert [row["state"] for row in room.requests(batch_id)] == ["succeeded"] * 5 + ["cancelled"] * 5


def test_setting_shows_cancelled_rows_as_a_counter_only(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.set(cancelled_rows="hidden")
    room.post(f"/v1/batches/{batch_id}:cancel")
    assert len(room.results(batch_id)) == 5
    assert room.counters(batch_id)["num_cancelled"] == 5


def test_adding_to_a_cancelled_batch_is_403(half_done: tuple[Room, str]) -> None:
    room, batch_id = half_done
    room.post(f"/v1/batches/{batch_id}:cancel")
    assert room.add(batch_id, asks(1, first=50)).status == 403


def test_cancel_is_accepted_twice_and_for_a_finished_batch(room: Room) -> None:
    batch_id = room.filled(3)
    first = room.post(f"/v1/batches/{batch_id}:cancel").json
    assert first["state"]["num_success"] == 3
    room.clock.tick(2 * 24 * 3600)
    assert room.post(f"/v1/batches/{batch_id}:cancel").json == first


def test_empty_batch_can_be_cancelled(room: Room) -> None:
    batch_id = room.create()
    batch = room.post(f"/v1/batches/{batch_id}:cancel").json
    assert batch["cancel_time"] == "2026-08-10"
    assert set(batch["state"].values()) == {0}


def test_slash_or_encoded_colon_does_not_cancel(room: Room) -> None:
    batch_id = room.filled(1)
    assert room.post(f"/v1/batches/{batch_id}/cancel").status == 404
    assert room.post(f"/v1/batches/{batch_id}%3Acancel").status in (404, 405)
    assert room.get(f"/v1/batches/{batch_id}").json["cancel_time"] is None


def test_after_30_days_pending_rows_are_cancelled_and_results_stay(tmp_path: Path) -> None:
    room = Room(tmp_path, Settings(rate=0.000001, settle=0))
    batch_id = room.filled(10)
    room.clock.tick(30 * 24 * 3600 - 1)
    assert room.counters(batch_id)["num_pending"] == 8
    room.clock.tick(2)
    assert room.counters(batch_id)["num_cancelled"] == 8
    assert len([row for row in room.results(batch_id) if "response" in row["batch_result"]]) == 2
    assert room.add(batch_id, asks(1, first=50)).status == 403
