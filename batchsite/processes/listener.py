"""The socket on which pages are served. The supervisor holds it, so that requests wait instead of being refused while
the web processes restart.
"""

from __future__ import annotations

import errno
import socket


class CannotListen(Exception):
    """The message says why, and what to do."""


def listen(bind: str, port: int) -> socket.socket:
    """Returns a listening socket. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        raise CannotListen(_why_not(bind, port, error)) from error
    return listener


def _why_not(bind: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: PORT={port + 1} make run"
    if error.errno == errno.EACCES:
        return f"Port {port} is not open to this user. Choose one above 1023: PORT=8000 make run"
    return f"Cannot listen on {bind} port {port}: {error}. Check BATCHSITE_BIND and PORT."


def reachable(listener: socket.socket) -> tuple[str, int]:
    """Host and port at which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


def address(listener: socket.socket) -> str:
    """The URL of the pages for a browser on this machine."""
    host, port = reachable(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
