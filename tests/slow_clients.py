"""Clients that are slow on purpose: with their headers, with their bodies, with reading a download.

python -m tests.slow_clients http://127.0.0.1:8000 200        what a page takes meanwhile, for each kind
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx

Open = Callable[[socket.socket], None]


def slow_headers(client: socket.socket) -> None:
    client.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n")


def slow_body(client: socket.socket) -> None:
    client.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nemail=")


def slow_upload(client: socket.socket) -> None:
    client.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\nemail=")


def unread(path: str, cookie: str = "") -> Open:
    """Asks for `path` and never reads the answer."""

    def ask(client: socket.socket) -> None:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())

    return ask


class SlowClients:
    """`count` clients that begin as `begin` says, then send a byte a second. Those that are cut off come again."""

    def __init__(self, url: str, count: int, begin: Open) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        self._count, self._begin = count, begin
        self._clients: list[socket.socket] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> SlowClients:
        self._thread.start()
        time.sleep(1.5)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for client in self._clients:
            client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._clients = [client for client in self._clients if self._goes_on(client)]
            while len(self._clients) < self._count and not self._stop.is_set():
                with contextlib.suppress(OSError):
                    self._clients.append(self._connect())
            self._stop.wait(1)

    def _connect(self) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that what is unread fills up soon
        client.settimeout(5)
        client.connect(self._address)
        self._begin(client)
        return client

    def _goes_on(self, client: socket.socket) -> bool:
        try:
            if self._begin in (slow_headers, slow_body, slow_upload):
                client.sendall(b"x")
                with selectors.DefaultSelector() as selector:
                    selector.register(client, selectors.EVENT_READ)
                    return not selector.select(0) or bool(client.recv(1, socket.MSG_PEEK))
        except OSError:
            return False
        return True


def page_seconds(url: str, seconds: float) -> Iterator[float]:
    """How long the sign-in page takes, again and again."""
    until = time.monotonic() + seconds
    with httpx.Client(
        timeout=20, follow_redirects=True, headers={"Connection": "close"}
    ) as browser:  # a connection each, as new visitors
        while time.monotonic() < until:
            began = time.monotonic()
            with contextlib.suppress(httpx.TimeoutException):
                browser.get(f"{url}/sign-in").raise_for_status()
            yield time.monotonic() - began
            time.sleep(0.1)


def main(url: str, count: int, path: str = "", cookie: str = "") -> None:
    kinds: dict[str, Open] = {"headers": slow_headers, "bodies": slow_body, "uploads": slow_upload}
    if path:
        kinds["unread downloads"] = unread(path, cookie)
    alone = sorted(page_seconds(url, 3))
    print(f"alone: median {1000 * statistics.median(alone):.0f} ms, worst {1000 * alone[-1]:.0f} ms")
    for name, begin in kinds.items():
        with SlowClients(url, count, begin):
            times = sorted(page_seconds(url, 20))
        print(f"{count} {name}: median {1000 * statistics.median(times):.0f} ms, worst {1000 * times[-1]:.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
