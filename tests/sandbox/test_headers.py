"""Headers and compression of replies (facts 1.1)."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.calls import LocalSandbox, chat_request
from tests.sandbox.conftest import Live


def test_every_reply_has_a_trace_id_of_its_own(sandbox: LocalSandbox) -> None:
    replies = [
        sandbox.get("/v1/models"),
        sandbox.get("/v1/batches"),
        sandbox.get("/v1/batches/none"),
        sandbox.get("/v1/batches"),
    ]
    traces = [response.headers["x-trace-id"] for response in replies]
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in traces)
    assert len(set(traces)) == 4


def test_only_inference_replies_have_rate_limit_headers(sandbox: LocalSandbox) -> None:
    assert not [name for name in sandbox.get("/v1/batches").headers if "ratelimit" in name]
    body = {"model": "grok-4.3", "messages": [{"role": "user", "content": "Hi"}]}
    headers = sandbox.post("/v1/chat/completions", body).headers
    assert headers["x-ratelimit-limit-requests"] == "1800"
    assert "retry-after" not in headers


def test_large_replies_are_compressed_on_request(sandbox: LocalSandbox) -> None:
    accepts = {"accept-encoding": "gzip, deflate"}
    batch_id = sandbox.filled(20)
    path = f"/v1/batches/{batch_id}/results"
    squeezed, plain = sandbox.get(path, headers=accepts), sandbox.get(path)
    assert squeezed.headers["content-encoding"] == "gzip"
    assert int(squeezed.headers["content-length"]) < len(plain.raw) / 4
    assert "content-encoding" not in plain.headers
    assert squeezed.json == plain.json


def test_null_is_never_compressed(sandbox: LocalSandbox) -> None:
    taken = sandbox.add(sandbox.create(), [chat_request("a")], headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in taken.headers
    assert taken.raw == b"null"


def test_long_422_is_compressed(sandbox: LocalSandbox) -> None:
    item = chat_request("a")
    item["batch_request"]["chat_get_completion"]["messages"] = [{"role": "r" * 3000}]
    refused = sandbox.add(sandbox.create(), [item], headers={"accept-encoding": "gzip"})
    assert (refused.status, refused.headers["content-encoding"]) == (422, "gzip")


def test_connection_is_kept_and_lengths_are_right(live: Live) -> None:
    batch_id = live.sandbox.filled(50)
    for _ in range(3):
        reply = live.client.get(f"/v1/batches/{batch_id}/results")
        assert reply.headers["content-encoding"] == "gzip"
        assert len(reply.json()["results"]) == 50
    refused = live.client.post("/v1/batches", content=b"x" * 5000, headers={"content-type": "application/json"})
    assert refused.status_code == 400
    assert live.client.get("/v1/models").status_code == 200


def test_chunked_body_is_read(live: Live) -> None:
    pieces = iter([b'{"na', b"", b'me": "in ', b'pieces"}'])
    reply = live.client.post("/v1/batches", content=pieces, headers={"content-type": "application/json"})
    assert reply.json()["name"] == "in pieces"
    assert live.client.get("/v1/batches").json()["batches"][0]["name"] == "in pieces"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH"])
def test_other_methods_leave_the_connection_usable(live: Live, method: str) -> None:
    assert live.client.request(method, "/v1/models").status_code == 405
    assert live.client.get("/v1/models").status_code == 200
