"""Faults that replace the reply, tested without a socket (facts 1.2-1.5, 7.5)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from batchsite.sandbox.exchange import Hangup
from tests.sandbox.calls import LocalSandbox, chat_requests

STATUSES = [408, 409, 429, 500, 502, 503, 504, 529]


@pytest.mark.parametrize("status", STATUSES)
def test_any_status_can_be_scripted_as_json_or_text(sandbox: LocalSandbox, status: int) -> None:
    sandbox.fault("status", call="list", status=status, times=1)
    sandbox.fault("status", call="list", status=status, form="text", times=1)
    as_json, as_text = sandbox.get("/v1/batches"), sandbox.get("/v1/batches")
    assert (as_json.status, set(as_json.json)) == (status, {"code", "error"})
    assert (as_text.status, as_text.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert "retry-after" not in as_json.headers


@pytest.mark.parametrize("value", [3, 0.5, "Mon, 10 Aug 2026 12:00:00 GMT", "soon"])
def test_retry_after_is_sent_as_scripted(sandbox: LocalSandbox, value: Any) -> None:
    sandbox.fault("status", status=429, retry_after=value, text="slow down")
    response = sandbox.get("/v1/batches")
    assert (response.headers["retry-after"], response.json["error"]) == (str(value), "slow down")


@pytest.mark.parametrize("what", ["status", "html", "not_json"])
@pytest.mark.parametrize("applied", [True, False])
def test_failed_call_is_applied_or_not_as_scripted(sandbox: LocalSandbox, what: str, applied: bool) -> None:
    sandbox.fault(what, call="create", applied=applied, times=1)
    sandbox.post("/v1/batches", {"name": "x"})
    assert len(sandbox.get("/v1/batches").json["batches"]) == int(applied)


def test_html_page_looks_like_that_of_a_proxy(sandbox: LocalSandbox) -> None:
    sandbox.fault("html", call="list", status=200, times=1)
    response = sandbox.get("/v1/batches")
    assert (response.status, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.raw.startswith(b"<html>")


def test_body_that_is_not_json_claims_to_be_json(sandbox: LocalSandbox) -> None:
    sandbox.fault("not_json", call="list")
    response = sandbox.get("/v1/batches")
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="invalid literal"):
        _ = response.json


CREDITS = [
    ("429", 429, "used all available credits or reached its monthly spending limit"),
    ("403", 403, "used all available credits or reached its monthly spending limit"),
    ("new_team", 403, "doesn't have any credits or licenses yet"),
    ("spending", 403, "need credits or a Grok subscription"),
]


@pytest.mark.parametrize(("form", "status", "expected"), CREDITS)
def test_team_without_credits_fails_on_every_route(
    sandbox: LocalSandbox, form: str, status: int, expected: str
) -> None:
    sandbox.fault("no_credits", form=form)
    for response in (sandbox.get("/v1/models"), sandbox.post("/v1/batches", {"name": "x"}), sandbox.get("/v1/api-key")):
        assert response.status == status
        assert expected in response.json["error"]
        assert "retry-after" not in response.headers


def test_key_can_be_revoked_and_restored(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled()
    number = sandbox.fault("key_revoked", after=1)
    assert sandbox.get(f"/v1/batches/{batch_id}").status == 200
    refused = sandbox.get(f"/v1/batches/{batch_id}")
    assert (refused.status, "Incorrect API key" in refused.json["error"]) == (400, True)
    sandbox.call("DELETE", f"/admin/faults/{number}")
    assert sandbox.get(f"/v1/batches/{batch_id}").status == 200


def test_blocked_key_is_403_except_on_api_key(sandbox: LocalSandbox) -> None:
    sandbox.fault("key_blocked")
    assert sandbox.get("/v1/batches").status == 403
    about = sandbox.get("/v1/api-key")
    assert (about.status, about.json["api_key_blocked"]) == (200, True)


@pytest.mark.parametrize("applied", [True, False])
def test_lost_reply_is_applied_or_not_as_scripted(sandbox: LocalSandbox, applied: bool) -> None:
    batch_id = sandbox.create()
    sandbox.fault("lost_reply", call="add", applied=applied, times=1)
    with pytest.raises(Hangup):
        sandbox.add(batch_id, chat_requests(2))
    assert len(sandbox.requests(batch_id)) == (2 if applied else 0)


@pytest.mark.parametrize("applied", [True, False])
def test_time_out_comes_before_or_after_applying(sandbox: LocalSandbox, applied: bool) -> None:
    sandbox.fault("timeout", call="create", seconds=0.2, applied=applied)
    started = time.monotonic()
    response = sandbox.post("/v1/batches", {"name": "x"})
    assert time.monotonic() - started >= 0.2
    assert response.status == 200
    assert len(sandbox.get("/v1/batches").json["batches"]) == 1


@pytest.mark.parametrize(
    ("path", "member"),
    [("/v1/batches", "batches"), ("requests", "batch_request_metadata"), ("results", "results")],
)
def test_cursor_can_repeat_and_then_go_on(sandbox: LocalSandbox, path: str, member: str) -> None:
    batch_id = sandbox.filled(7)
    for number in range(6):
        sandbox.create(f"b{number}")
    call = member if path == "results" else "list" if path == "/v1/batches" else "requests"
    path = path if path.startswith("/") else f"/v1/batches/{batch_id}/{path}"
    sandbox.fault("cursor_repeats", call=call, nth=2)
    first = sandbox.get(f"{path}?limit=2").json
    token = first["pagination_token"]
    second = sandbox.get(f"{path}?limit=2&pagination_token={token}").json
    assert second["pagination_token"] == token
    assert second[member] != first[member]
    third = sandbox.get(f"{path}?limit=2&pagination_token={token}").json
    assert third[member] == second[member]
    assert third["pagination_token"] not in (token, None, "")


@pytest.mark.parametrize("call", ["list", "requests", "results"])
def test_cursor_can_lead_back_to_the_first_page(sandbox: LocalSandbox, call: str) -> None:
    batch_id = sandbox.filled(5)
    for number in range(4):
        sandbox.create(f"b{number}")
    sandbox.fault("cursor_repeats", call=call, times=2)
    path = "/v1/batches?limit=2" if call == "list" else f"/v1/batches/{batch_id}/{call}?limit=2"
    first = sandbox.get(path).json
    again = sandbox.get(f"{path}&pagination_token={first['pagination_token']}").json
    assert again == first
    after = sandbox.get(f"{path}&pagination_token={first['pagination_token']}").json
    assert after | {"pagination_token": ""} == first | {"pagination_token": ""}
    assert after["pagination_token"] != first["pagination_token"]


def test_faults_never_hit_admin_routes(sandbox: LocalSandbox) -> None:
    sandbox.fault("status", status=500)
    assert sandbox.get("/admin/settings").status == 200
    assert sandbox.get("/healthz", key=None).status == 200
