"""What a database's error means is told by its code, never by its words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from batchsite.processes.database_errors import Trouble, trouble_of
from batchsite.processes.outages import LOCKED, is_disk_full, outage_of
from batchsite.teams.models import Team
from tests.factories import make_team

Run = Callable[[sqlite3.Connection, Path], object]


def _lock(database: sqlite3.Connection, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        database.execute("INSERT INTO words VALUES ('a')")


def _outgrow(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA max_page_count = 3")
    database.execute("INSERT INTO words VALUES (zeroblob(100000))")


def _overwrite(database: sqlite3.Connection, path: Path) -> None:
    path.write_bytes(b"This is my shopping list. " * 1000)
    sqlite3.connect(path).execute("SELECT * FROM words")


ERRORS: dict[str, tuple[Run, Trouble | None]] = {
    "another process holds it": (_lock, Trouble.LOCKED),
    "no room": (_outgrow, Trouble.FULL),
    "no database": (_overwrite, Trouble.DAMAGED),
    "a file that cannot be opened": (lambda _, path: sqlite3.connect(path / "none").execute("PRAGMA user_version"),
                                     Trouble.AWAY),
    "a table that is missing, whatever its name": (lambda base, _: base.execute('SELECT * FROM "disk is full"'), None),
    "a mistake in the query, whatever it says": (lambda base, _: base.execute("SELECT locked locked locked"), None),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_the_code_of_sqlite_tells_what_is_wrong(case: str, tmp_path: Path) -> None:
    run, trouble = ERRORS[case]
    path = tmp_path / "words.sqlite3"
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        database.execute("CREATE TABLE words (word TEXT)")
        with pytest.raises(sqlite3.DatabaseError) as caught:
            run(database, path)
    wrapped = OperationalError(*caught.value.args)
    wrapped.__cause__ = caught.value
    assert trouble_of(caught.value) is trouble_of(wrapped) is trouble
    assert is_disk_full(wrapped) is (trouble is Trouble.FULL)


@contextmanager
def a_locked_table() -> Iterator[None]:
    """Another connection writes to the table of teams meanwhile, and nobody waits for it."""
    locked, done = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                Team.objects.update(name="Locked")
                locked.set()
                done.wait(10)
        finally:
            connection.close()

    other = threading.Thread(target=write)
    other.start()
    assert locked.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=0" if connection.vendor == "sqlite" else "SET lock_timeout='10ms'")
    try:
        yield
    finally:
        done.set()
        other.join(10)
        connection.close()


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_a_lock_that_lasts_is_an_outage_and_a_missing_table_is_none() -> None:
    make_team()
    with a_locked_table(), pytest.raises(OperationalError) as caught:
        Team.objects.update(name="Mine")
    assert outage_of(caught.value) == LOCKED
    with pytest.raises(DatabaseError) as missing, connection.cursor() as cursor:
        cursor.execute('SELECT * FROM "locked"')
    assert outage_of(missing.value) == ""
