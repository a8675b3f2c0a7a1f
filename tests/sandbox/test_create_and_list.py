"""POST and GET /v1/batches (facts 2.1-2.4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchsite.sandbox.sandbox_settings import Settings
from tests.sandbox.calls import LocalSandbox


def test_new_batch_has_batch_id_zero_counters_and_no_status(sandbox: LocalSandbox) -> None:
    batch = sandbox.post("/v1/batches", {"name": "mine [bs-1]"}).json
    assert batch["batch_id"].startswith("batch_")
    assert batch["name"] == "mine [bs-1]"
    assert set(batch["state"].values()) == {0}
    assert (batch["cancel_time"], batch["cancel_by_xai_message"]) == (None, None)
    assert not {"id", "status", "input_file_id", "cost_breakdown"} & set(batch)


def test_dates_are_days_and_a_batch_expires_after_30(sandbox: LocalSandbox) -> None:
    batch = sandbox.post("/v1/batches", {"name": "x"}).json
    assert (batch["create_time"], batch["expire_time"]) == ("2026-08-10", "2026-09-09")


def test_unknown_members_are_ignored(sandbox: LocalSandbox) -> None:
    assert sandbox.post("/v1/batches", {"name": "x", "endpoint": "/v1/responses", "metadata": {}}).status == 200


def test_same_name_can_be_created_twice(sandbox: LocalSandbox) -> None:
    assert sandbox.create("same") != sandbox.create("same")


def test_get_returns_the_same_object_as_create(sandbox: LocalSandbox) -> None:
    batch = sandbox.post("/v1/batches", {"name": "x"}).json
    assert sandbox.get(f"/v1/batches/{batch['batch_id']}").json == batch


def test_list_is_newest_first_with_100_per_page_by_default(sandbox: LocalSandbox) -> None:
    made = [sandbox.create(f"b{number}") for number in range(103)]
    page = sandbox.get("/v1/batches").json
    assert [batch["batch_id"] for batch in page["batches"]] == made[:2:-1]
    assert page["pagination_token"] == made[3]
    rest = sandbox.get(f"/v1/batches?pagination_token={page['pagination_token']}").json
    assert [batch["batch_id"] for batch in rest["batches"]] == made[2::-1]
    assert not rest["pagination_token"]


def test_empty_batches_stay_listed_and_never_complete(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.clock.tick(7 * 24 * 3600)
    assert sandbox.get("/v1/batches").json["batches"][0]["batch_id"] == batch_id
    assert set(sandbox.counters(batch_id).values()) == {0}


@pytest.mark.parametrize(("style", "end"), [("null", None), ("empty", "")])
def test_last_token_is_null_or_empty(tmp_path: Path, style: str, end: str | None) -> None:
    sandbox = LocalSandbox(tmp_path, Settings(rate=0, settle=0, end_token=style))
    batch_id = sandbox.filled()
    for path in ("/v1/batches", f"/v1/batches/{batch_id}/requests", f"/v1/batches/{batch_id}/results"):
        assert sandbox.get(path).json["pagination_token"] == end


def test_both_last_tokens_occur_by_default(sandbox: LocalSandbox) -> None:
    ends = {sandbox.get(f"/v1/batches/{sandbox.filled(1)}/results").json["pagination_token"] for _ in range(30)}
    assert ends == {None, ""}


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", ""])
def test_limit_out_of_range_is_refused(sandbox: LocalSandbox, limit: str) -> None:
    batch_id = sandbox.filled()
    for path in ("/v1/batches", f"/v1/batches/{batch_id}/requests", f"/v1/batches/{batch_id}/results"):
        response = sandbox.get(f"{path}?limit={limit}")
        assert response.status == 400
        assert "between 1 and 1000" in response.json["error"]


def test_unknown_token_is_refused(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled()
    for path in ("/v1/batches", f"/v1/batches/{batch_id}/requests", f"/v1/batches/{batch_id}/results"):
        assert sandbox.get(f"{path}?pagination_token=r001").status == 400
