"""Whatever puts the database back to an earlier moment: what was sent after it is neither lost nor paid for again.

By the backup command, a copy of the files, a dump of PostgreSQL, a copy of its data directory, which stands in for
snapshots of volumes and machines, or its log up to a point in time. Queued, half-sent, retried and tried rows are in
it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import nursery, services
from tests.needs import need
from tests.operations.conftest import ON_SQLITE, Place
from tests.operations.restored_worker import ROWS, TRIED
from tests.sandboxes import Sandbox

Restore = Callable[[], Place]
"""Puts back what was copied. Returns where it is then."""


def work(place: Place, what: str) -> dict[str, Any]:
    """What an installation does, as a process of its own."""
    environ = {**place.whole_environ, "DJANGO_SETTINGS_MODULE": "tests.hasty_settings", "BATCHSITE_CHUNK_ROWS": "5"}
    done = nursery.run(["-m", "tests.operations.restored_worker", what], environ, 200)
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    return said


def by_backup(place: Place, tmp_path: Path) -> Restore:
    assert place.manage("backup", str(tmp_path / "backup")).returncode == 0

    def restore() -> Place:
        shutil.copytree(tmp_path / "backup", tmp_path / "elsewhere")
        (tmp_path / "elsewhere").chmod(0o700)
        return Place(tmp_path / "elsewhere", place.environ)

    return restore


def by_copied_files(place: Place, tmp_path: Path) -> Restore:
    subprocess.run(["cp", "-a", str(place.data), str(tmp_path / "copy")], check=True)
    return lambda: Place(tmp_path / "copy", place.environ)


def by_copied_database(place: Place, tmp_path: Path) -> Restore:
    """Only the database's file, put back into the data folder that has gone on meanwhile."""
    shutil.copy2(place.database, tmp_path / "db.sqlite3")

    def restore() -> Place:
        for path in place.data.glob("db.sqlite3*"):
            path.unlink()
        shutil.copy2(tmp_path / "db.sqlite3", place.database)
        return place

    return restore


@contextlib.contextmanager
def by_dump(place: Place, tmp_path: Path) -> Iterator[Restore]:
    programs = services.postgres_folder()
    assert programs is not None
    shell = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    source = place.environ["DATABASE_URL"].replace("postgres:", "postgresql:")
    subprocess.run(["pg_dump", "-Fc", "-f", str(tmp_path / "dump"), source], check=True, env=shell)

    def restore() -> Place:
        subprocess.run(["psql", source, "-qc", "CREATE DATABASE elsewhere"], check=True, env=shell)
        there = source.replace("/migrated", "/elsewhere")
        subprocess.run(["pg_restore", f"--dbname={there}", str(tmp_path / "dump")], check=True, env=shell)
        return Place(place.data, {**place.environ, "DATABASE_URL": there.replace("postgresql:", "postgres:")})

    yield restore


def check(place: Place, provider: Sandbox, copy: Callable[[], Restore]) -> None:
    """Begin, copy, go on to the end, restore, and go on to the end again."""
    provider.fault("fail_rows", batches=1, batch="retried", text="Internal server error")
    provider.fault("status", call="add", batch="half sent", after=2, status=429)
    work(place, "begin")
    restore = copy()
    provider.mend()
    first = work(place, "go-on")
    assert first["rows"].keys() == {"retried", "half sent", "queued"}
    assert all(succeeded == ROWS for succeeded, _ in first["rows"].values())
    assert first["tried"] == ["answered"] * len(TRIED)
    billed, tried = provider.admin("GET", "ledger")["totals"], provider.admin("GET", "ledger")["direct"]

    restored = restore()
    second = work(restored, "go-on")
    assert second["rows"] == first["rows"], "every row is there, at the same cost"
    assert second["told"] == 3, "the timelines say what happened"
    assert second["tried"] == ["unknown"] * len(TRIED), "tries that may have been asked are not asked again"
    ledger = provider.admin("GET", "ledger")
    assert (ledger["totals"], ledger["direct"]) == (billed, tried), "nothing was paid after the restore"
    assert all(row["processed"] == 1 for row in provider.rows())


@pytest.mark.parametrize("way", [by_backup, by_copied_files, by_copied_database])
@ON_SQLITE
def test_on_sqlite(way: Callable[[Place, Path], Restore], place: Place, provider: Sandbox, tmp_path: Path) -> None:
    check(place, provider, lambda: way(place, tmp_path))


@pytest.mark.services
@pytest.mark.parametrize("way", ["a dump", "a copy of its data directory", "a point in time"])
def test_on_postgresql(way: str, place: Place, provider: Sandbox, tmp_path: Path) -> None:
    need("PostgreSQL", here=services.postgres_folder() is not None)
    with services.postgres_server() as server, contextlib.ExitStack() as stack:
        place.environ["DATABASE_URL"] = server.url

        def copy_directory() -> Restore:
            server.copy_to(tmp_path / "directory")

            def put_back() -> Place:
                server.put_back(tmp_path / "directory")
                return place

            return put_back

        kept = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="batchsite-log-")))
        kept.chmod(0o755)  # PostgreSQL runs as somebody else

        def note_moment() -> Restore:
            """The base backup is older: what it lacks comes from the log."""
            with psycopg.connect(server.url, autocommit=True) as connection:
                [moment] = connection.execute("SELECT now()::text").fetchone() or [""]

            def recover() -> Place:
                server.recover(kept / "kept", moment)
                return place

            return recover

        ways = {
            "a dump": lambda: stack.enter_context(by_dump(place, tmp_path)),
            "a copy of its data directory": copy_directory,
            "a point in time": note_moment,
        }
        if way == "a point in time":
            server.base_backup(kept / "kept")
        check(place, provider, ways[way])
