"""Addresses and bytes that a provider, or whoever answers in its place, gives for pictures."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from batchsite.gallery import picture_fetch
from batchsite.gallery.picture_fetch import Dead, NotNow, fetch
from batchsite.xai.results import read_result


@contextmanager
def serving(headers: dict[str, str], pieces: Iterator[bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in pieces:
                    self.wfile.write(piece)
            except OSError:
                pass  # the client has enough

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "address",
    ["http://0177.0.0.1/x", "https://" + "a" * 70_000 + ".example/", "https://a\x7f.example/", "javascript:1"],
)
def test_an_address_that_is_none_is_dead(address: str) -> None:
    assert isinstance(fetch(address, ""), Dead)


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1/x", "http://2130706433/x", "http://0x7f000001/x", "http://[::ffff:127.0.0.1]/x"),
        *("http://[::1]/x", "http://169.254.169.254/latest", "http://[64:ff9b::7f00:1]/x", "http://0/x"),
        *("http://[::127.0.0.1]/x", "http://10.0.0.1/x", "http://100.64.0.1/x", "http://[fe80::1]/x"),
    ],
)
def test_a_picture_is_never_fetched_from_a_private_network(address: str) -> None:
    reply = fetch(address, "https://api.x.ai/v1")
    assert isinstance(reply, NotNow | Dead)
    assert "private network" in reply.words or "no website" in reply.words


def test_a_picture_that_drips_is_given_up() -> None:
    briefly = picture_fetch.Most(1_000_000, seconds=0.2, at_once=1)

    def drops() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield b"x"

    with serving({}, drops()) as address:
        assert fetch(f"{address}/a.png", address, briefly) == NotNow("It arrived too slowly.")


def test_a_packed_picture_is_not_unpacked() -> None:
    packed = gzip.compress(gzip.compress(bytes(30_000_000)))
    with serving({"Content-Encoding": "gzip, gzip"}, iter([packed])) as address:
        assert fetch(f"{address}/a.png", address) == packed


def test_a_row_has_as_many_pictures_as_xai_makes() -> None:
    data = [{"url": f"https://a.example/{number}?{'x' * 20_000}"} for number in range(1_000)]
    row = {"batch_request_id": "a", "batch_result": {"response": {"image_generation": {"data": data}}}}
    pictures = read_result(row).pictures
    assert len(pictures) == 20
    assert max(map(len, pictures)) == 8_000
