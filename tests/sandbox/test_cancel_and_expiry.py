"""POST {id}:cancel, and expiry after 30 days (facts 2.9, 2.12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_requests, content, error, ids


@pytest.fixture
def half_done(tmp_path: Path) -> tuple[LocalSandbox, str]:
    """Returns a batch of ten requests, five of them done."""
    sandbox = LocalSandbox(tmp_path, Settings(rate=1, settle=0))
    batch_id = sandbox.filled(10)
    sandbox.clock.tick(5.01)
    return sandbox, batch_id


def test_cancel_returns_the_batch_and_keeps_finished_rows(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    batch = sandbox.post(f"/v1/batches/{batch_id}:cancel").json
    assert batch["cancel_time"] == "2026-08-10"
    assert batch["cancel_by_xai_message"] is None
    assert batch["state"] == {
        "num_requests": 10,
        "num_pending": 0,
        "num_success": 5,
        "num_error": 0,
        "num_cancelled": 5,
    }


def test_nothing_changes_after_a_cancel(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.post(f"/v1/batches/{batch_id}:cancel", {})
    before = sandbox.counters(batch_id)
    sandbox.clock.tick(60)
    assert sandbox.counters(batch_id) == before


def test_cancelled_rows_are_errors_among_the_results(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.post(f"/v1/batches/{batch_id}:cancel")
    rows = sandbox.results(batch_id)
    assert ids(rows) == [f"r{number:03d}" for number in range(1, 11)]
    assert all("Simulated answer:" in content(row) for row in rows[:5])
    assert {error(row) for row in rows[5:]} == {"Batch cancelled"}
    assert [row["state"] for row in sandbox.requests(batch_id)] == ["succeeded"] * 5 + ["cancelled"] * 5


def test_setting_shows_cancelled_rows_as_a_counter_only(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.set(cancelled_rows="hidden")
    sandbox.post(f"/v1/batches/{batch_id}:cancel")
    assert len(sandbox.results(batch_id)) == 5
    assert sandbox.counters(batch_id)["num_cancelled"] == 5


def test_adding_to_a_cancelled_batch_is_403(half_done: tuple[LocalSandbox, str]) -> None:
    sandbox, batch_id = half_done
    sandbox.post(f"/v1/batches/{batch_id}:cancel")
    assert sandbox.add(batch_id, chat_requests(1, first=50)).status == 403


def test_cancel_is_accepted_twice_and_for_a_finished_batch(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(3)
    first = sandbox.post(f"/v1/batches/{batch_id}:cancel").json
    assert first["state"]["num_success"] == 3
    sandbox.clock.tick(2 * 24 * 3600)
    assert sandbox.post(f"/v1/batches/{batch_id}:cancel").json == first


def test_empty_batch_can_be_cancelled(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    batch = sandbox.post(f"/v1/batches/{batch_id}:cancel").json
    assert batch["cancel_time"] == "2026-08-10"
    assert set(batch["state"].values()) == {0}


def test_slash_or_encoded_colon_does_not_cancel(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled(1)
    assert sandbox.post(f"/v1/batches/{batch_id}/cancel").status == 404
    assert sandbox.post(f"/v1/batches/{batch_id}%3Acancel").status in (404, 405)
    assert sandbox.get(f"/v1/batches/{batch_id}").json["cancel_time"] is None


def test_after_30_days_pending_rows_are_cancelled_and_results_stay(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=0.000001, settle=0))
    batch_id = sandbox.filled(10)
    sandbox.clock.tick(30 * 24 * 3600 - 1)
    assert sandbox.counters(batch_id)["num_pending"] == 8
    sandbox.clock.tick(2)
    assert sandbox.counters(batch_id)["num_cancelled"] == 8
    assert len([row for row in sandbox.results(batch_id) if "response" in row["batch_result"]]) == 2
    assert sandbox.add(batch_id, chat_requests(1, first=50)).status == 403
