"""Clients that are slow with headers, bodies, uploads or reading do not keep others from the pages."""

from __future__ import annotations

import contextlib
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from batchsite.exports.views_links import shared_results
from batchsite.processes.health import live
from batchsite.processes.request_buffer import MOST_HEADER, SMALL_BODY, Arrival, RequestBuffer
from batchsite.processes.stream_slots import STREAMS, StreamSlots
from tests.running import Running
from tests.slow_clients import Open, SlowClients, page_seconds, slow_body, slow_headers, slow_upload

pytestmark = pytest.mark.processes
HEAD = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize("kind", [slow_headers, slow_body, slow_upload])
def test_forty_slow_clients_do_not_delay_a_page(kind: Open, site: Running) -> None:
    """With gunicorn's gthread, sixteen of them stopped every page until its time-out."""
    with SlowClients(site.url, 40, kind):
        meanwhile = list(page_seconds(site.url, 2))  # a page that is stopped takes longer, and is waited for
    assert min(meanwhile) < 5  # none was, whatever else the machine does


def connect(site: Running) -> socket.socket:
    parts = urlsplit(site.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=40)


UNFINISHED = [b"", b"GET / HTTP/1.1\r\n", HEAD + b"Content-Length: 10\r\n\r\nabc"]


def test_requests_that_do_not_come_to_their_end_are_cut_off(site: Running) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(site)) for _ in UNFINISHED]
        began = time.monotonic()
        for client, sent in zip(clients, UNFINISHED, strict=True):
            client.sendall(sent)
        for client in clients:
            assert client.recv(100) == b""
            assert 5 < time.monotonic() - began < 30


def test_requests_one_after_the_other_and_pipelined_are_answered(site: Running) -> None:
    with httpx.Client() as browser:
        assert [browser.get(f"{site.url}/healthz/live").status_code for _ in range(3)] == [200, 200, 200]
        browser.cookies["csrftoken"] = "t" * 32
        form = {"email": "a" * 100_000, "csrfmiddlewaretoken": "t" * 32}
        # Above what the event loop collects. It must be read to its end: gunicorn closes where a view leaves that much.
        assert browser.post(f"{site.url}/sign-in", data=form).headers["Location"] == "/setup"
        assert browser.get(f"{site.url}/healthz/live").status_code == 200
    one = b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n"
    with connect(site) as client:
        client.sendall(one + b"\r\n" + one + b"Connection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
    assert answer.count(b"HTTP/1.1 200") == 2


def test_a_form_that_comes_in_pieces_is_put_together(site: Running) -> None:
    body = b"email=alice%40example.org&password=x"
    request = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with connect(site) as client:
        for position in range(0, len(request), 20):
            client.sendall(request[position : position + 20])
            time.sleep(0.02)
        assert b"403" in client.recv(65_536).split(b"\r\n")[0]


ARRIVALS = {
    HEAD: Arrival.PARTIAL,
    HEAD + b"\r\n": Arrival.COMPLETE,
    HEAD + b"Content-Length: 3\r\n\r\nab": Arrival.PARTIAL,
    HEAD + b"Content-Length: 3\r\n\r\nabc": Arrival.COMPLETE,
    HEAD + b"Content-Length: %d\r\n\r\n" % (SMALL_BODY + 1): Arrival.UPLOAD,
    HEAD + b"content-length: 3\r\ncontent-length: 9\r\n\r\nabc": Arrival.UPLOAD,
    HEAD + b"Content-Length: +3\r\n\r\nabc": Arrival.UPLOAD,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n": Arrival.UPLOAD,
    HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n": Arrival.UPLOAD,
    b"\r\n\r\n": Arrival.REFUSED,
    b"\n" + HEAD: Arrival.REFUSED,
    b"x" * (MOST_HEADER + 1): Arrival.REFUSED,
}


@pytest.mark.parametrize("sent", ARRIVALS)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_when_a_request_may_go_to_a_thread(sent: bytes, size: int) -> None:
    if size == 1 and len(sent) > 1000:
        size = 1000
    buffer, seen = RequestBuffer(), Arrival.PARTIAL
    for position in range(0, len(sent), size):
        seen = buffer.add(sent[position : position + size])
    assert seen is ARRIVALS[sent]


@pytest.mark.django_db  # the end of a response looks after the connections that other tests left open
def test_downloads_beyond_the_limit_are_refused_for_now(rf: RequestFactory) -> None:
    slots = StreamSlots(lambda _: StreamingHttpResponse(iter([b"row"])))
    running = [slots(rf.get("/")) for _ in range(STREAMS)]
    refused = slots(rf.get("/"))
    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    running[0].close()
    assert slots(rf.get("/")).status_code == 200


@pytest.mark.django_db  # as above
def test_a_download_beyond_the_limit_is_refused_before_it_does_any_work(rf: RequestFactory) -> None:
    slots = StreamSlots(lambda _: HttpResponse("a page"))
    waiting = [rf.get("/") for _ in range(STREAMS)]
    assert [slots.process_view(request, shared_results) for request in waiting] == [None] * STREAMS
    refused = slots.process_view(rf.get("/"), shared_results)
    assert refused is not None
    assert refused.status_code == 503
    assert slots.process_view(rf.get("/"), live) is None, "no file"
    assert slots(waiting[0]).status_code == 200
    assert slots.process_view(rf.get("/"), shared_results) is None, "what became no download gives its slot back"
