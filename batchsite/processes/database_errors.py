"""What a database error means, by its code: of SQLite (sqlite.org/rescode.html) or of PostgreSQL (SQLSTATE)."""

from __future__ import annotations

import sqlite3
from enum import Enum, auto

from django.db import Error, InterfaceError, OperationalError


class Trouble(Enum):
    """What keeps a database from working though the query is right."""

    FULL = auto()
    LOCKED = auto()
    DAMAGED = auto()
    AWAY = auto()


_SQLITE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.FULL,  # where the WAL cannot grow
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: Trouble.AWAY,
    sqlite3.SQLITE_READONLY: Trouble.AWAY,
    sqlite3.SQLITE_PERM: Trouble.AWAY,
    sqlite3.SQLITE_PROTOCOL: Trouble.LOCKED,  # a race for the locks of the WAL
    sqlite3.SQLITE_NOMEM: Trouble.AWAY,
}
_POSTGRESQL = {
    "53100": Trouble.FULL,  # disk_full
    "58030": Trouble.FULL,  # io_error
    "55P03": Trouble.LOCKED,  # lock_not_available, also after lock_timeout
    "40P01": Trouble.LOCKED,  # deadlock_detected
    "40001": Trouble.LOCKED,  # serialization_failure
    "XX001": Trouble.DAMAGED,  # data_corrupted
    "XX002": Trouble.DAMAGED,  # index_corrupted
}


def trouble_of(error: BaseException) -> Trouble | None:
    """Returns what keeps the database from working. None if the error is of another kind, such as a missing table.

    Takes errors of Django, and of sqlite3 and psycopg, which Django's have as their cause.
    """
    cause = error.__cause__ if isinstance(error, Error) and error.__cause__ else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)  # without the extension of the code
    state = getattr(cause, "sqlstate", None)
    if state in _POSTGRESQL:
        return _POSTGRESQL[state]
    return Trouble.AWAY if isinstance(error, OperationalError | InterfaceError) else None
