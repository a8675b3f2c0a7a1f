"""Faults of a real connection to a real server: the error of the call, and whether its outcome is known."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from batchsite.xai import errors
from batchsite.xai.client import Timeouts, XaiClient
from batchsite.xai.errors import XaiError
from tests.patience import patient
from tests.xai.fakes import BATCH, BATCH_ID, KEY
from tests.xai.wire_server import (
    Behave,
    WireServer,
    json_reply,
    nothing,
    raw,
    reply,
    reset,
    silent,
    then_reset,
    trickle,
)

BODY = orjson.dumps(BATCH)
IMPATIENT = Timeouts(connect=1.0, read=0.1, write=0.1, pool=0.1)


def client_of(server: WireServer, **options: Any) -> XaiClient:
    defaults: dict[str, Any] = {"timeout": IMPATIENT, "retries": 0, "total_timeout": 5.0}
    return XaiClient(KEY, server.url, **defaults | options)


def silent_in_the_body(peer: socket.socket) -> None:
    raw(reply(200, b"{", claim=9))(peer)
    silent(peer)


FAULTS: list[tuple[str, Behave, type[XaiError]]] = [
    ("no reply", nothing, errors.ConnectionLost),
    ("reset before the reply", reset, errors.ConnectionLost),
    ("half a status line", raw(b"HTTP/1.1 20"), errors.ConnectionLost),
    ("no HTTP at all", raw(b"SSH-2.0-OpenSSH\r\n\r\n"), errors.ConnectionLost),
    ("silence", silent, errors.TimedOut),
    (
        "silence within the body",
        silent_in_the_body,
        errors.TimedOut,
    ),
    ("a truncated body", raw(reply(200, BODY[:20], claim=len(BODY))), errors.BadAnswer),
    ("a body cut by its server", raw(reply(200, BODY[:20])), errors.BadAnswer),
    ("a reset within the body", then_reset(reply(200, BODY[:20], claim=len(BODY))), errors.ConnectionLost),
    ("a web page", raw(reply(200, b"<!DOCTYPE html><p>hello")), errors.BadAnswer),
    ("damaged compression", raw(reply(200, b"not gzip", "Content-Encoding: gzip")), errors.BadAnswer),
    (
        "truncated compression",
        raw(reply(200, gzip.compress(BODY)[:60], "Content-Encoding: gzip")),
        errors.BadAnswer,
    ),
]


@pytest.fixture(params=FAULTS, ids=[fault[0] for fault in FAULTS])
def faulty(request: pytest.FixtureRequest) -> Iterator[tuple[WireServer, type[XaiError]]]:
    _, behave, kind = request.param
    with WireServer(behave) as server:
        yield server, kind


def test_post_after_a_network_fault_has_an_unknown_outcome(faulty: tuple[WireServer, type[XaiError]]) -> None:
    server, kind = faulty
    with client_of(server, retries=2) as client, pytest.raises(kind) as caught:
        client.create_batch("cities")
    assert type(caught.value) is kind
    assert caught.value.unknown_outcome
    assert not caught.value.retryable
    assert len(server.requests) == 1


def test_get_after_a_network_fault_is_retryable(faulty: tuple[WireServer, type[XaiError]]) -> None:
    server, kind = faulty
    with client_of(server) as client, pytest.raises(kind) as caught:
        client.get_batch(BATCH_ID)
    assert caught.value.retryable
    assert not caught.value.unknown_outcome


@pytest.mark.parametrize("behave", [fault[1] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_get_succeeds_on_the_retry(behave: Behave) -> None:
    with WireServer(behave, json_reply(BATCH)) as server, client_of(server, retries=1) as client:
        assert client.get_batch(BATCH_ID).batch_id == BATCH_ID


def test_refused_connection_means_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with XaiClient(KEY, url, sleep=lambda _seconds: None) as client, pytest.raises(errors.ConnectionFailed) as caught:
        client.create_batch("cities")
    assert not caught.value.unknown_outcome
    assert caught.value.retryable
    assert "Nothing was sent" in caught.value.message


def test_unknown_host_means_nothing_was_sent() -> None:
    client = XaiClient(KEY, "https://no-such-host.invalid", retries=0)
    with client, pytest.raises(errors.ConnectionFailed) as caught:
        client.create_batch("cities")
    assert not caught.value.unknown_outcome


def test_server_without_tls_never_sees_the_key() -> None:
    heard: list[bytes] = []

    def answer_in_clear(peer: socket.socket) -> None:
        heard.append(peer.recv(65536))
        raw(reply(400, b"plain HTTP here"))(peer)

    with WireServer(answer_in_clear, reads=False) as server:
        client = XaiClient(KEY, server.url.replace("http://", "https://"), retries=0)
        with client, pytest.raises(errors.ConnectionFailed) as caught:
            client.create_batch("cities")
    assert not caught.value.unknown_outcome
    assert KEY.encode() not in heard[0]


def test_trickling_body_is_abandoned_at_the_deadline() -> None:
    with WireServer(trickle(reply(200, BODY), pause=0.02)) as server, client_of(server, total_timeout=0.2) as client:
        started = time.monotonic()
        with pytest.raises(errors.TimedOut, match="still coming"):
            client.get_batch(BATCH_ID)
        assert 0.2 <= time.monotonic() - started < patient(2.5)


def test_silence_is_abandoned_at_the_deadline() -> None:
    with WireServer(silent) as server:
        with client_of(server, timeout=Timeouts(read=patient(30)), total_timeout=0.1) as client:
            started = time.monotonic()
            with pytest.raises(errors.TimedOut):
                client.get_batch(BATCH_ID)
        assert time.monotonic() - started < patient(1.5)


def test_trickling_body_that_ends_in_time_is_accepted() -> None:
    with WireServer(trickle(reply(200, BODY), pause=0.01, step=60)) as server, client_of(server) as client:
        assert client.get_batch(BATCH_ID).batch_id == BATCH_ID


def test_trickling_refusal_is_still_a_refusal() -> None:
    head, body = reply(403, b"", claim=99_999), b'{"error":"Your team is out of credits"}' + b" " * 500

    def behave(peer: socket.socket) -> None:
        raw(head + body)(peer)
        trickle(b" " * 200, pause=0.02)(peer)

    with (
        WireServer(behave) as server,
        client_of(server, total_timeout=0.2) as client,
        pytest.raises(errors.OutOfCredits) as caught,
    ):
        client.create_batch("cities")
    assert not caught.value.unknown_outcome


def test_refusal_with_a_truncated_body_is_still_a_refusal() -> None:
    cut = raw(reply(412, b'{"error":"content differs', claim=99))
    with WireServer(cut) as server, client_of(server) as client, pytest.raises(errors.ContentDiffers):
        client.add_requests(BATCH_ID, b"{}")


def test_upload_to_a_slow_receiver_is_abandoned_at_the_deadline() -> None:
    def sip(peer: socket.socket) -> None:
        while peer.recv(256 * 1024):
            threading.Event().wait(0.05)

    slow = Timeouts(write=patient(5))
    with WireServer(sip, reads=False) as server, client_of(server, total_timeout=0.2, timeout=slow) as client:
        started = time.monotonic()
        with pytest.raises(errors.TimedOut, match="still being sent") as caught:
            client.add_requests(BATCH_ID, b"x" * 40_000_000)
        assert time.monotonic() - started < patient(1.5)
    assert caught.value.unknown_outcome


def test_too_large_answer_is_refused_with_advice() -> None:
    with (
        WireServer(raw(reply(200, b"[" + b"1," * 60_000 + b"1]"))) as server,
        client_of(server, max_body=100_000, retries=2) as client,
        pytest.raises(errors.BadAnswer, match="100,000 bytes; ask for smaller pages") as caught,
    ):
        client.list_results(BATCH_ID)
    assert not caught.value.retryable
    assert len(server.requests) == 1


def test_size_limit_counts_decompressed_bytes() -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    with (
        WireServer(raw(reply(200, bomb, "Content-Encoding: gzip"))) as server,
        client_of(server, max_body=100_000) as client,
        pytest.raises(errors.BadAnswer, match="larger than"),
    ):
        client.list_results(BATCH_ID)


def test_compressed_answer_is_decompressed() -> None:
    packed = raw(reply(200, gzip.compress(BODY), "Content-Encoding: gzip"))
    with WireServer(packed) as server, client_of(server) as client:
        assert client.get_batch(BATCH_ID).batch_id == BATCH_ID


def test_half_an_emoji_in_one_answer_does_not_lose_the_others() -> None:
    rows = b'{"results":[{"batch_request_id":"r1","x":"\\ud83d"},{"batch_request_id":"r2"}]}'
    with WireServer(raw(reply(200, rows))) as server, client_of(server) as client:
        read = client.list_results(BATCH_ID).items
    assert [row["batch_request_id"] for row in read] == ["r1", "r2"]
    assert orjson.dumps(read)


def test_large_body_arrives_unchanged() -> None:
    body = orjson.dumps({"batch_requests": [{"batch_request_id": str(n)} for n in range(60_000)]})
    with WireServer(raw(reply(200, b"null"))) as server, client_of(server) as client:
        client.add_requests(BATCH_ID, body)
    head, _, received = server.requests[0].partition(b"\r\n\r\n")
    assert received == body
    assert b"transfer-encoding" not in head.lower()


def test_threads_may_share_a_client() -> None:
    with WireServer(json_reply(BATCH)) as server, client_of(server, timeout=Timeouts()) as client:
        names: list[str] = []
        threads = [
            threading.Thread(target=lambda: names.append(client.get_batch(BATCH_ID).batch_id)) for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=10)
    assert names == [BATCH_ID] * 16
