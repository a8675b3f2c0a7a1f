"""The sandbox's SQLite file: one writer, many readers, and nothing acknowledged is lost.

WAL with synchronous=NORMAL survives kill -9 of the process; only a power failure may lose the last commits.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue

_IDLE_READERS = 8
_CACHE_KIB = 8_000
"""Page cache per connection; small, so that memory stays flat with a million requests."""

_LAYOUT = 2
"""Version of the tables below. A new version starts a new file: simulated data is not worth a migration."""

_TABLES = {
    "meta": "(name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "batches": """(
        number INTEGER PRIMARY KEY AUTOINCREMENT, batch_id TEXT UNIQUE NOT NULL, team TEXT NOT NULL,
        key_id TEXT NOT NULL, name TEXT NOT NULL, input_file_id TEXT, created_us INT NOT NULL,
        first_add_us INT, requests INT NOT NULL DEFAULT 0, last_due INT NOT NULL DEFAULT 0,
        offset_us INT NOT NULL DEFAULT 0, cancelled_us INT, cancel_message TEXT, revert_us INT,
        expired_us INT, results_gone INT NOT NULL DEFAULT 0, wiped INT NOT NULL DEFAULT 0,
        vanished INT NOT NULL DEFAULT 0)""",
    "chunks": """(
        batch INT, earlier INT, start_us INT NOT NULL, interval_ns INT NOT NULL, count INT NOT NULL,
        last_due INT NOT NULL, added_us INT NOT NULL, PRIMARY KEY (batch, earlier)) WITHOUT ROWID""",
    "requests": """(
        batch INT, id TEXT, due INT NOT NULL, odd INT NOT NULL DEFAULT 0, ticks INT NOT NULL,
        body BLOB NOT NULL, said BLOB NOT NULL, PRIMARY KEY (batch, id)) WITHOUT ROWID""",
    "repeats": "(batch INT, id TEXT, times INT NOT NULL, PRIMARY KEY (batch, id)) WITHOUT ROWID",
    "odd": """(
        batch INT, id TEXT, due INT NOT NULL, outcome TEXT NOT NULL, envelope TEXT NOT NULL,
        text TEXT NOT NULL, code INT NOT NULL, PRIMARY KEY (batch, id)) WITHOUT ROWID""",
    "files": """(
        number INTEGER PRIMARY KEY AUTOINCREMENT, file_id TEXT UNIQUE NOT NULL, team TEXT NOT NULL,
        filename TEXT NOT NULL, bytes INT NOT NULL, created_us INT NOT NULL, expires_us INT)""",
    "deferred": """(
        request_id TEXT PRIMARY KEY, team TEXT NOT NULL, ready_us INT NOT NULL, reply BLOB NOT NULL)""",
    "asked": """(
        number INTEGER PRIMARY KEY AUTOINCREMENT, team TEXT NOT NULL, request_id TEXT UNIQUE NOT NULL,
        client_request_id TEXT NOT NULL, deferred INT NOT NULL, ticks INT NOT NULL, read_us INT)""",
    "direct": "(team TEXT PRIMARY KEY, calls INT NOT NULL, ticks INT NOT NULL)",
    "keys": "(digest TEXT PRIMARY KEY, team TEXT NOT NULL)",
    "faults": """(
        number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, rule TEXT NOT NULL,
        seen INT NOT NULL DEFAULT 0, hits INT NOT NULL DEFAULT 0)""",
    "marks": "(rule INT, mark TEXT, count INT NOT NULL, PRIMARY KEY (rule, mark)) WITHOUT ROWID",
}
_INDEXES = ("CREATE INDEX IF NOT EXISTS odd_due ON odd (batch, outcome, due)",)


class FolderInUse(RuntimeError):
    """Another sandbox is using the folder."""


class Store:
    """``folder`` holds the database, the uploaded files and a lock that keeps out a second sandbox."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self._lock_file = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock_file.close()
            raise FolderInUse(f"Another sandbox is using {folder}; stop it or choose another folder.") from None
        self._path = folder / f"sandbox-{_LAYOUT}.sqlite3"
        self._writing = threading.Lock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue(_IDLE_READERS)
        self._writer = self._connect()
        self._create_tables()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=20)
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        return connection

    def _create_tables(self) -> None:
        for name, columns in _TABLES.items():
            self._writer.execute(f"CREATE TABLE IF NOT EXISTS {name} {columns}")
        for index in _INDEXES:
            self._writer.execute(index)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Yields the writer in a transaction; an exception rolls it back."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # on a full disk SQLite may have rolled back already
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Yields a reader in a transaction, so that all reads see the same snapshot."""
        try:
            connection = self._readers.get_nowait()
        except Empty:
            connection = self._connect()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")
            try:
                self._readers.put_nowait(connection)
            except Exception:  # noqa: BLE001  the pool is full
                connection.close()

    def meta(self, name: str) -> str | None:
        with self.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def set_meta(self, name: str, value: str) -> None:
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Deletes everything, including faults and uploaded files."""
        with self.write() as connection:
            for name in _TABLES:
                connection.execute(f"DROP TABLE {name}")
            self._create_tables()
        for path in self.files.iterdir():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Waits for the current write, then closes all connections."""
        with self._writing:
            self._writer.close()
        with suppress(Empty):
            while True:
                self._readers.get_nowait().close()
        self._lock_file.close()
