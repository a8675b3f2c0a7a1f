"""Faults of rows, decided at admission: failing, hanging, late, refused, forgotten (facts 2.7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox, chat_requests, content, error, ids
from tests.sandbox.test_file_batches import jsonl, line, started

TEXT = "Content violates usage guidelines."
ENVELOPES: dict[str, Any] = {
    "a": {"batch_result": {"error": TEXT}},
    "b": {"batch_result": {"error": {"code": 13, "message": TEXT}}},
    "c": {"error_message": TEXT},
    "d": {"error": {"message": TEXT}},
    "d-text": {"error": TEXT},
    "f": {"batch_result": {}},
    "f-unknown": {"batch_result": {"response": "unknown"}},
}


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_failed_row_can_come_in_any_envelope(sandbox: LocalSandbox, envelope: str) -> None:
    sandbox.fault("fail_rows", ids=["r002"], envelope=envelope, text=TEXT)
    batch_id = sandbox.filled(3)
    rows = sandbox.results(batch_id)
    assert rows[1] == {"batch_request_id": "r002", **ENVELOPES[envelope]}
    assert all("Simulated answer:" in content(row) for row in (rows[0], rows[2]))
    assert sandbox.counters(batch_id)["num_error"] == 1
    assert [row["state"] for row in sandbox.requests(batch_id)] == ["succeeded", "failed", "succeeded"]


def test_envelope_e_is_an_array_of_the_page(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", ids=["r002"], envelope="e", text=TEXT)
    page = sandbox.get(f"/v1/batches/{sandbox.filled(3)}/results").json
    assert ids(page["results"]) == ["r001", "r003"]
    assert page["failed"] == [{"batch_request_id": "r002", "error_message": TEXT}]


def test_mixed_envelopes_use_all_of_them(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", envelope="mixed")
    page = sandbox.get(f"/v1/batches/{sandbox.filled(80)}/results").json
    shapes = {(*row, str(type(row.get("error"))), str(row.get("batch_result"))[:12]) for row in page["results"]}
    assert len(shapes) == 7
    assert page["failed"]


def test_share_of_failing_rows_is_deterministic(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", share=0.3, seed=4)
    failed = [
        {row["batch_request_id"] for row in sandbox.results(sandbox.filled(200)) if "error" in row["batch_result"]}
        for _ in range(2)
    ]
    assert failed[0] == failed[1]
    assert 35 < len(failed[0]) < 85


def test_row_can_fail_only_in_its_first_batches_so_a_retry_succeeds(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", ids=["r001"], batches=2)
    failed = [sandbox.counters(sandbox.filled(3))["num_error"] for _ in range(4)]
    assert failed == [1, 1, 0, 0]


def test_adding_again_does_not_count_as_another_batch(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", ids=["r001"], batches=1)
    batch_id = sandbox.filled(3)
    sandbox.add(batch_id, chat_requests(3))
    assert sandbox.counters(batch_id)["num_error"] == 1
    assert sandbox.counters(sandbox.filled(3))["num_error"] == 0


def test_outcome_stays_when_the_rule_is_removed(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", ids=["r001"])
    batch_id = sandbox.filled(3)
    sandbox.call("DELETE", "/admin/faults")
    assert error(sandbox.results(batch_id)[0]).startswith("Simulated failure")


def test_failed_rows_cost_nothing(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", ids=["r001"])
    rows = sandbox.ledger(sandbox.filled(2))["rows"]
    assert [(row["state"], row["processed"]) for row in rows] == [("failed", 1), ("succeeded", 1)]
    assert rows[0]["cost_in_usd_ticks"] == 0 < rows[1]["cost_in_usd_ticks"]


def test_rows_can_hang_until_they_are_cancelled(sandbox: LocalSandbox) -> None:
    sandbox.fault("hang_rows", ids=["r002"])
    batch_id = sandbox.filled(3)
    sandbox.clock.tick(24 * 3600)
    assert sandbox.counters(batch_id)["num_pending"] == 1
    assert ids(sandbox.results(batch_id)) == ["r001", "r003"]
    state = sandbox.post(f"/v1/batches/{batch_id}:cancel").json["state"]
    assert (state["num_success"], state["num_cancelled"], state["num_pending"]) == (2, 1, 0)
    assert sandbox.ledger(batch_id)["rows"][1]["processed"] == 0


def test_late_rows_have_smaller_ids_and_are_missed_by_a_cursor(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=1, settle=0))
    sandbox.fault("late_rows")
    batch_id = sandbox.filled(10)
    sandbox.clock.tick(4.01)
    first = sandbox.get(f"/v1/batches/{batch_id}/results?limit=2").json
    assert ids(first["results"]) == ["r007", "r008"]
    sandbox.clock.tick(6)
    rest = sandbox.get(f"/v1/batches/{batch_id}/results?pagination_token={first['pagination_token']}").json
    assert ids(rest["results"]) == ["r009", "r010"]
    assert len(sandbox.results(batch_id)) == 10


def test_batchable_model_can_be_refused_at_admission(sandbox: LocalSandbox) -> None:
    sandbox.fault("refuse_model", model="grok-4.3", times=1)
    batch_id = sandbox.create()
    response = sandbox.add(batch_id, chat_requests(3))
    assert (response.status, response.json["error"]) == (
        400,
        "Model grok-4.3 is not supported for batch processing.",
    )
    assert sandbox.requests(batch_id) == []
    assert sandbox.add(batch_id, chat_requests(3)).status == 200


def test_model_refused_in_a_file_ends_the_batch(sandbox: LocalSandbox) -> None:
    sandbox.fault("refuse_model")
    batch = sandbox.get(f"/v1/batches/{started(sandbox, jsonl(line('a')))['batch_id']}").json
    assert "Model grok-4.3 is not supported" in batch["cancel_by_xai_message"]


def test_add_can_be_acknowledged_and_forgotten(sandbox: LocalSandbox) -> None:
    sandbox.fault("drop_add", nth=2)
    batch_id = sandbox.create()
    assert [sandbox.add(batch_id, chat_requests(2, first=first)).raw for first in (1, 3, 5)] == [b"null"] * 3
    assert ids(sandbox.requests(batch_id)) == ["r001", "r002", "r005", "r006"]
    assert sandbox.ledger(batch_id)["requests"] == 4


def test_rows_of_a_file_can_fail_too(sandbox: LocalSandbox) -> None:
    sandbox.fault("fail_rows", ids=["b"], batch="from a file")
    batch = started(sandbox, jsonl(line("a"), line("b")))
    assert sandbox.counters(batch["batch_id"])["num_error"] == 1
