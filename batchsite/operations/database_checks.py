"""Does the database exist, and is it intact, writable and migrated?"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import Error, connection, transaction

from batchsite.operations.findings import Finding, first_line, ok, problem, size, warning
from batchsite.processes.database_errors import Trouble, trouble_of
from batchsite.processes.health import missing_migrations

ABOUT = "database"
LOCK_WAIT = 3.0
"""Seconds that a lock may last before it is reported."""
PROBE = 200_000
"""Bytes that are written and rolled back, to see whether there is room."""


def examine_database() -> Iterator[Finding]:
    """The database itself."""
    try:
        if connection.vendor == "sqlite":
            yield from _sqlite(Path(connection.settings_dict["NAME"]))
        else:
            yield from _postgresql()
    except (Error, sqlite3.Error) as error:
        yield _unusable(error)


def can_be_read() -> bool:
    """Whether the rest can be examined although something is wrong: without room to write, reading goes on."""
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return False  # and none is made by looking
    try:
        return not missing_migrations()
    except (Error, sqlite3.Error):
        return False


def examine_migrations() -> Iterator[Finding]:
    missing = missing_migrations()
    if missing:
        advice = "Start batchsite (`make run` migrates automatically), or run: manage.py migrate"
        which = "1 migration of this version is" if missing == 1 else f"{missing} migrations of this version are"
        yield problem("migrations", f"{which} not applied.", advice)
    else:
        yield ok("migrations", "All are applied.")


def _unusable(error: Exception) -> Finding:
    text, trouble = first_line(error), trouble_of(error)
    if trouble is Trouble.LOCKED:
        return problem(
            ABOUT,
            f"Locked: nobody else could read or write for {LOCK_WAIT:.0f} s.",
            "Work continues automatically once the lock is gone. Who holds it: `fuser -v` on db.sqlite3.",
        )
    if trouble is Trouble.FULL:
        return problem(
            ABOUT,
            f"There is no room to write, or the disk is failing: {text}.",
            "Make room on its disk; work continues automatically.",
        )
    if trouble is Trouble.DAMAGED:
        return problem(
            ABOUT, f"The file is damaged: {text}.", "Stop batchsite and restore the last backup: docs/operations.md."
        )
    return problem(
        ABOUT,
        f"It does not answer: {text}",
        "Check that it runs, and DATABASE_URL. Work waits, and continues automatically.",
    )


# ---- SQLite -------------------------------------------------------------------------------------


def _sqlite(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield problem(ABOUT, f"There is none at {path} yet.", "Start batchsite once: make run")
        return
    uri = f"{path.absolute().as_uri()}?mode=rw"  # never makes a new file
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=LOCK_WAIT, isolation_level=None)) as file:
        [mode] = file.execute("PRAGMA journal_mode").fetchone()
        damage = [row[0] for row in file.execute("PRAGMA quick_check(3)")]
        _probe_sqlite(file)
    if damage != ["ok"]:
        advice = "Stop batchsite and restore the last backup: docs/operations.md, “Restore”."
        yield problem(ABOUT, f"The file is damaged: {'; '.join(damage)}", advice)
    if mode != "wal":
        advice = "Restart batchsite, which sets it; on a network file system it cannot be set: use a local disk."
        yield warning(ABOUT, f"SQLite is in {mode} mode instead of WAL: readers and writers block each other.", advice)
    if damage == ["ok"]:
        yield ok(ABOUT, f"SQLite {sqlite3.sqlite_version}, {size(path.stat().st_size)}, {mode} mode, sound, writable.")


def _probe_sqlite(file: sqlite3.Connection) -> None:
    """Raises if nothing can be written. What is written is rolled back."""
    file.execute("PRAGMA cache_size = 5")  # in pages; more than that is written to disk at once
    file.execute("BEGIN IMMEDIATE")
    try:
        file.execute("CREATE TABLE doctor_was_here (data BLOB)")
        file.execute("INSERT INTO doctor_was_here VALUES (zeroblob(?))", (PROBE,))
    finally:
        if file.in_transaction:
            file.execute("ROLLBACK")


# ---- PostgreSQL ---------------------------------------------------------------------------------


def _postgresql() -> Iterator[Finding]:
    version, read_only, bytes_used, used, allowed = _ask(
        "SELECT current_setting('server_version'), current_setting('transaction_read_only'),"
        " pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity),"
        " current_setting('max_connections')::int"
    )
    if read_only == "on":
        yield problem(
            ABOUT, "PostgreSQL accepts no writes. Is it a standby?", "Let DATABASE_URL name the primary server."
        )
        return
    _probe_postgresql()
    yield ok(ABOUT, f"PostgreSQL {version}, {size(bytes_used)}, writable, {used} of {allowed} connections in use.")
    if used > 0.8 * allowed:
        advice = "Raise max_connections, or run fewer processes."
        yield warning(ABOUT, f"{used} of {allowed} connections are in use.", advice)
    [idle] = _ask(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%%' AND now() - state_change > interval '2 minutes'"
    )
    if idle:
        advice = "Find them in pg_stat_activity and end them: work may be waiting for their locks."
        yield warning(ABOUT, f"{idle} connections sit in an open transaction for more than 2 minutes.", advice)


def _ask(query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _probe_postgresql() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE doctor_was_here ON COMMIT DROP AS SELECT repeat('x', %s) AS data", [PROBE]
        )
