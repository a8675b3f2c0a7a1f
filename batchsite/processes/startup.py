"""Before the processes start: the lock on the data folder, and the database."""

from __future__ import annotations

import contextlib
import fcntl
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from django.core.management import call_command
from django.db import connection, connections

MIGRATION_LOCK = 6_271_001
"""PostgreSQL advisory lock that makes machines which start at once migrate one after the other."""
SLOW = 1.5
"""Seconds of preparation after which the terminal says so."""


class AlreadyRunning(Exception):
    """The text says which process it is, and what to do."""


class Lock:
    """One supervisor's lock on a data folder. The kernel releases it however the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def take(self) -> dict[str, Any]:
        """Takes the lock and returns what its last holder wrote into it. Raises AlreadyRunning if it is held."""
        self._file = self.path.open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(self._holder()) from error
        return self._read()

    def fileno(self) -> int:
        """The descriptor of the open file. -1 before `take`."""
        return self._file.fileno() if self._file else -1

    def write(self, **facts: Any) -> None:
        with contextlib.suppress(OSError):  # a full disk; the lock holds all the same
            self.path.write_text(json.dumps(facts))

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads(self.path.read_text())
            return facts if isinstance(facts, dict) else {}
        return {}

    def _holder(self) -> str:
        holder = self._read()
        pid = holder.get("pid", "unknown")
        where = f", at {holder['address']}" if "address" in holder else ""
        return (
            f"batchsite already runs on the data folder {self.path.parent.parent}: process {pid}{where}.\n"
            f"Stop it with Ctrl-C in its terminal or with `kill {pid}`, or set BATCHSITE_DATA to another folder."
        )


def prepare(on_slow: Callable[[], None]) -> None:
    """Migrates the database and collects the static files. Calls `on_slow` if that takes a while."""
    timer = threading.Timer(SLOW, on_slow)
    timer.start()
    try:
        migrate()
        call_command("collectstatic", verbosity=0, interactive=False)
    finally:
        timer.cancel()
        timer.join()
        connections.close_all()


def migrate() -> None:
    """Migrates the database to this version."""
    with _one_at_a_time():
        call_command("migrate", verbosity=0, interactive=False)


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
