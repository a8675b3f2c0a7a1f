"""Faults of the connection, seen by a client over a real socket."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from tests.patience import patient
from tests.sandbox.calls import chat_requests
from tests.sandbox.conftest import Live


def test_lost_reply_closes_the_connection(live: Live) -> None:
    live.sandbox.fault("lost_reply", call="create", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        live.client.post("/v1/batches", json={"name": "lost"})
    assert live.client.get("/v1/batches").json()["batches"][0]["name"] == "lost"


def test_lost_reply_can_be_a_reset(live: Live) -> None:
    live.sandbox.fault("lost_reply", call="create", reset=True, applied=False, times=1)
    with pytest.raises(httpx.ReadError):
        live.client.post("/v1/batches", json={"name": "lost"})
    assert live.client.get("/v1/batches").json()["batches"] == []


def test_reset_comes_in_the_middle_of_a_page(live: Live) -> None:
    batch_id = live.sandbox.filled(100)
    live.sandbox.fault("reset", call="results", times=1)
    path, plain = f"/v1/batches/{batch_id}/results", {"accept-encoding": "identity"}
    received: list[bytes] = []
    with live.client.stream("GET", path, headers=plain) as reply, pytest.raises(httpx.ReadError):
        received.extend(reply.iter_raw())
    assert reply.status_code == 200
    assert sum(map(len, received)) == int(reply.headers["content-length"]) // 2
    assert len(live.client.get(f"/v1/batches/{batch_id}/results").json()["results"]) == 100


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_truncated_body_is_shorter_than_announced(live: Live, encoding: str) -> None:
    batch_id = live.sandbox.filled(100)
    live.sandbox.fault("truncate", call="results", bytes=500, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        live.client.get(f"/v1/batches/{batch_id}/results", headers={"accept-encoding": encoding})


def test_body_can_be_truncated_with_a_matching_length(live: Live) -> None:
    batch_id = live.sandbox.filled(100)
    live.sandbox.fault("truncate", call="results", honest=True, times=1)
    reply = live.client.get(f"/v1/batches/{batch_id}/results")
    assert reply.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        reply.json()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + patient(10)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("applied", [True, False])
def test_call_that_timed_out_is_applied_in_the_end(live: Live, applied: bool) -> None:
    batch_id = live.sandbox.create()
    live.sandbox.fault("timeout", call="add", seconds=0.2, applied=applied, times=1)
    with pytest.raises(httpx.ReadTimeout):
        live.client.post(f"/v1/batches/{batch_id}/requests", json={"batch_requests": chat_requests(2)}, timeout=0.05)
    assert len(live.sandbox.requests(batch_id)) == (2 if applied else 0)
    wait_until(lambda: len(live.sandbox.requests(batch_id)) == 2)


def test_the_body_of_an_answer_can_trickle(live: Live) -> None:
    batch_id = live.sandbox.filled(20)
    live.sandbox.fault("trickle", call="results", seconds=0.02, pieces=6, times=1)
    started = time.monotonic()
    rows = live.client.get(f"/v1/batches/{batch_id}/results").json()["results"]
    assert time.monotonic() - started >= 0.12
    assert len(rows) == 20


def test_other_connections_are_served_during_a_time_out(live: Live) -> None:
    live.sandbox.fault("timeout", call="models", seconds=patient(1), times=1)
    with pytest.raises(httpx.ReadTimeout):
        live.client.get("/v1/models", timeout=0.05)
    started = time.monotonic()
    assert live.client.get("/v1/batches").status_code == 200
    assert time.monotonic() - started < patient(0.5)


@pytest.mark.parametrize("call", ["create", "list", "get", "add", "requests", "results", "cancel", "models", "key"])
def test_every_call_can_lose_its_reply(live: Live, call: str) -> None:
    batch_id = live.sandbox.filled(2)
    requests = {
        "create": ("POST", "/v1/batches", {"name": "x"}),
        "list": ("GET", "/v1/batches", None),
        "get": ("GET", f"/v1/batches/{batch_id}", None),
        "add": ("POST", f"/v1/batches/{batch_id}/requests", {"batch_requests": chat_requests(1)}),
        "requests": ("GET", f"/v1/batches/{batch_id}/requests", None),
        "results": ("GET", f"/v1/batches/{batch_id}/results", None),
        "cancel": ("POST", f"/v1/batches/{batch_id}:cancel", None),
        "models": ("GET", "/v1/language-models", None),
        "key": ("GET", "/v1/api-key", None),
    }
    number = live.sandbox.fault("lost_reply", call=call)
    for name, (method, path, body) in requests.items():
        if name == call:
            with pytest.raises(httpx.RemoteProtocolError):
                live.client.request(method, path, json=body)
        elif name != "cancel":
            assert live.client.request(method, path, json=body).status_code == 200
    assert live.sandbox.hits(number) == 1
    assert live.sandbox.ledger(batch_id)["requests"] == 2
