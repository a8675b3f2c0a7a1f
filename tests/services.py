"""PostgreSQL and Redis for tests: started from Debian's packages on free ports, thrown away afterwards.

`python -m tests.services COMMAND …` runs a command with DATABASE_URL and REDIS_URL set.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.migrated_once import CACHE, TEMPLATE, digest, migrate_from_outside, one_at_a_time
from tests.patience import patient

UNPRIVILEGED = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
"""initdb refuses to run as root."""
INITDB = ("--no-sync", "-A", "trust", "-U", "tests", "-E", "UTF8", "--wal-segsize=4")
WITHOUT_CRASHES = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
"""Tests kill batchsite, not PostgreSQL, and keep nothing of it."""
ARCHIVING = {"wal_level": "replica", "archive_mode": "on", "max_wal_senders": "2"}
"""What goes back to a point in time needs, beside a command that keeps the log."""
SETTINGS = {**WITHOUT_CRASHES, "autovacuum": "off", "unix_socket_directories": "", "max_connections": "200"}


def postgres_folder() -> Path | None:
    """Where the newest PostgreSQL keeps its programs, as Debian installs it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def redis_server() -> str | None:
    return shutil.which("redis-server")


class Postgres:
    """A server of its own on a folder, which can be stopped and started again."""

    def __init__(self, folder: str, cluster: Path | None = None) -> None:
        """`cluster`: the data directory to begin with. Without it, a new one is made."""
        programs = postgres_folder()
        assert programs is not None, "PostgreSQL is not installed"
        self._environ = {**os.environ, "LC_ALL": "C"}
        self._as_nobody = UNPRIVILEGED if os.geteuid() == 0 else ()
        if self._as_nobody:
            shutil.chown(folder, "nobody", "nogroup")
        self._programs, self._data, self.port = programs, f"{folder}/data", _free_port()
        self.empty_url = f"postgres://tests@127.0.0.1:{self.port}/postgres"
        self.url = f"postgres://tests@127.0.0.1:{self.port}/{TEMPLATE}"
        """Of a migrated database."""
        self._running = contextlib.ExitStack()
        self._more_settings: dict[str, str] = {}
        initdb = [*self._as_nobody, programs / "initdb", *INITDB, "-D", self._data]
        begin = ["cp", "-a", str(cluster), self._data] if cluster else initdb
        subprocess.run(begin, env=self._environ, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        settings = SETTINGS | self._more_settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [*self._as_nobody, self._programs / "postgres", "-D", self._data, "-p", str(self.port), *options]
        # SIGINT: without waiting for clients to leave.
        running = _running(command, self.port, self._environ, signal.SIGINT)
        self._process = self._running.enter_context(running)

    def stop(self) -> None:
        self._running.close()

    def copy_to(self, folder: Path) -> None:
        """Of its data directory, while it stands still: what a snapshot of the volume or of the machine holds."""
        self.stop()
        subprocess.run(["cp", "-a", self._data, str(folder)], check=True)
        self.start()

    def put_back(self, folder: Path) -> None:
        """The data directory as `copy_to` took it."""
        self.stop()
        shutil.rmtree(self._data)
        subprocess.run(["cp", "-a", str(folder), self._data], check=True)
        self.start()

    def base_backup(self, folder: Path) -> None:
        """Of a server that runs, and keeps its log in that folder from now on."""
        for part in (folder, folder / "base", folder / "log"):
            part.mkdir(mode=0o700)
            if self._as_nobody:
                shutil.chown(part, "nobody", "nogroup")
        self.stop()
        self._more_settings = {**ARCHIVING, "archive_command": f"cp %p {folder}/log/%f"}
        self.start()
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "tests")
        command = [*self._as_nobody, self._programs / "pg_basebackup", *where, "-c", "fast", "-X", "none"]
        subprocess.run([*command, "-D", folder / "base"], env=self._environ, check=True, cwd="/", capture_output=True)

    def recover(self, folder: Path, moment: str) -> None:
        """The base backup in that folder, and the log that was kept up to a moment."""
        self.stop()  # the last of the log is kept as it stops
        shutil.rmtree(self._data)
        subprocess.run(["cp", "-a", str(folder / "base"), self._data], check=True)
        Path(self._data, "recovery.signal").touch()
        restore = {"restore_command": f"cp {folder}/log/%f %p", "recovery_target_time": moment}
        self._more_settings = {**ARCHIVING, **restore, "recovery_target_action": "promote", "archive_mode": "off"}
        self.start()

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: nothing is written any more, and the next start recovers."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)
        self._running.close()


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server that runs, with an empty and a migrated database."""
    with tempfile.TemporaryDirectory(prefix="batchsite-postgres-") as folder:
        server = Postgres(folder, _kept_cluster())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _kept_cluster() -> Path:
    """Returns a data directory with both databases. It is kept until a migration or PostgreSQL changes."""
    programs = postgres_folder()
    assert programs is not None, "PostgreSQL is not installed"
    kept = CACHE / f"cluster-{programs.parent.name}-{digest()}"
    with one_at_a_time("cluster"):
        if not kept.exists():
            for older in CACHE.glob("cluster-*"):
                shutil.rmtree(older)
            with tempfile.TemporaryDirectory(prefix="batchsite-postgres-") as folder:
                _make_cluster(Postgres(folder), Path(folder, "data"), kept)
    return kept


def _make_cluster(server: Postgres, data: Path, kept: Path) -> None:
    import psycopg

    server.start()
    try:
        with psycopg.connect(server.empty_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        with tempfile.TemporaryDirectory(prefix="batchsite-migrated-") as folder:
            migrate_from_outside(DATABASE_URL=server.url, BATCHSITE_DATA=f"{folder}/data")
    finally:
        server.stop()
    part = kept.with_name("part-of-a-cluster")
    shutil.rmtree(part, ignore_errors=True)
    subprocess.run(["cp", "-a", str(data), str(part)], check=True)
    part.rename(kept)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of a migrated database."""
    with postgres_server() as server:
        yield server.url


class Redis:
    """A server that keeps nothing, and can be killed and started again."""

    def __init__(self) -> None:
        program = redis_server()
        assert program is not None, "Redis is not installed"
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._running = contextlib.ExitStack()

    def start(self) -> None:
        self._process = self._running.enter_context(_running(self._command, self.port))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)
        self._running.close()

    def stop(self) -> None:
        self._running.close()


@contextlib.contextmanager
def redis_instance() -> Iterator[Redis]:
    """A Redis that runs, empty."""
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask_postgres(url: str, query: str) -> list[tuple[Any, ...]]:
    """Returns the rows of a query. Empty while there is no server or no such table."""
    import psycopg

    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()
    return []


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The address of an empty Redis that keeps nothing."""
    with redis_instance() as server:
        yield server.url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(
    command: Sequence[str | Path], port: int, environ: dict[str, str] | None = None, stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environ, cwd="/", stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + patient(20)
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise RuntimeError(f"{command[0]} did not start: {said.read().decode(errors='replace')[-2000:]}")
                time.sleep(0.05)
            time.sleep(0.2)  # PostgreSQL listens a moment before it serves
            yield process
        finally:
            process.send_signal(stop)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main(command: Sequence[str]) -> int:
    with postgres_server() as server, redis() as redis_url:
        environ = {**os.environ, "DATABASE_URL": server.empty_url, "REDIS_URL": redis_url}
        return subprocess.run(command, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
