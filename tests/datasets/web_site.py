"""A website of this machine, for tests that fetch from one: what it answers is set by path."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """The Content-Length that is announced, if it is not that of the body."""
    pause: threading.Event | None = None
    """The body waits for it."""


@dataclass
class WebSite:
    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Paths that were asked for."""
    heads: list[str] = field(default_factory=list)
    """Paths of which the head was asked for."""
    hosts: list[str] = field(default_factory=list)
    """Their Host headers."""


@contextmanager
def running_site() -> Iterator[WebSite]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            site.heads.append(self.path)
            self._begin()

        def _begin(self) -> Page:
            page = site.pages.get(self.path, Page(status=404))
            self.send_response(page.status)
            for name, value in ({"Content-Type": "text/csv"} | page.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body) if page.length is None else page.length))
            self.end_headers()
            return page

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.hosts.append(self.headers["Host"])
            page = self._begin()
            if page.pause:
                page.pause.wait(10)
            self.wfile.write(page.body)

        def log_message(self, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = WebSite(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
