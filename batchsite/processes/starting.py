"""What has to be in order before the processes start: nobody else at work here, a free port, the database."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from django.core.management import call_command
from django.db import connection, connections

MIGRATION_LOCK = 6_271_001
"""Of PostgreSQL's advisory locks: several machines that start at once migrate one after the other."""
SLOW = 1.5


class CannotStart(Exception):
    """Why, and what to do."""


class Lock:
    """The claim of one supervisor on a data folder. The kernel lets go of it when the process ends, however."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def take(self) -> dict[str, Any]:
        """Take the lock; what its last holder wrote into it. Raises CannotStart when it is held."""
        self._file = self.path.open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(self._who()) from error
        return self._read()

    def write(self, **facts: Any) -> None:
        with contextlib.suppress(OSError):  # a full disk: the lock itself holds nevertheless
            self.path.write_text(json.dumps(facts))

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads(self.path.read_text())
            return facts if isinstance(facts, dict) else {}
        return {}

    def _who(self) -> str:
        holder = self._read()
        pid = holder.get("pid", "unknown")
        where = f", at {holder['address']}" if "address" in holder else ""
        return (
            f"batchsite already runs on the data folder {self.path.parent.parent}: process {pid}{where}.\n"
            f"Stop it with Ctrl-C in its terminal or with `kill {pid}`, or set BATCHSITE_DATA to another folder."
        )


def listen(bind: str, port: int) -> socket.socket:
    """A listening socket. It is the supervisor's, so that requests wait, and are not refused, while web restarts."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        raise CannotStart(_why_not(bind, port, error)) from error
    return listener


def _why_not(bind: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Choose another one: PORT={port + 1} make run"
    if error.errno == errno.EACCES:
        return f"Port {port} is not open to this user. Choose one above 1023: PORT=8000 make run"
    return f"Cannot listen on {bind} port {port}: {error}. Check BATCHSITE_BIND and PORT."


def is_loopback(bind: str) -> bool:
    """Whether only this machine can reach `bind`."""
    if bind == "localhost":
        return True
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return False


def reachable(listener: socket.socket) -> tuple[str, int]:
    """Host and port at which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104


def prepare(slow: str, say: Callable[[str], None]) -> None:
    """Migrate the database and gather the static files; says `slow` if that takes a while."""
    timer = threading.Timer(SLOW, say, [slow])
    timer.start()
    try:
        with _one_at_a_time():
            call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
    finally:
        timer.cancel()
        timer.join()
        connections.close_all()


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
