"""A copy of a whole installation, made while it runs: database, uploads, secret key, sandbox.

The copy is laid out like a data folder, so restoring means starting batchsite on a copy of it. `backup.json` is written
last, so a folder without it is not a complete backup. It also tells batchsite that it runs on a restored copy, see
submission/restore.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from batchsite.operations.file_sizes import bytes_below, bytes_of
from batchsite.operations.findings import size
from batchsite.submission.restore import MARK

DUMP = "database.dump"
"""The dump of PostgreSQL in a backup, made by pg_dump."""
WAIT = 60.0
"""Seconds that SQLite waits for a lock."""


class CannotBackUp(Exception):
    """The text says why, and what to do."""


@dataclass(frozen=True)
class BackupSummary:
    """What was copied. `bytes` is the size of all files together."""

    at: str
    database: str
    uploads: int
    bytes: int


def back_up(folder: Path) -> BackupSummary:
    """Makes a backup in `folder`, which must be new or empty. Raises CannotBackUp, and then leaves nothing behind."""
    data = Path(settings.DATA)
    at = timezone.now().isoformat(timespec="seconds")
    existed = folder.exists()
    try:
        _check(folder, data)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(
            0o700
        )  # also if somebody else made it, for the dump: a data folder that others can read is refused
        if connection.vendor == "sqlite":
            _copy_sqlite(Path(connection.settings_dict["NAME"]), folder / "db.sqlite3")
        else:
            (folder / DUMP).chmod(0o600)
        # After the database, so that all uploads it refers to are there; there may only be more by now.
        uploads = _copy_folder(data / "uploads", folder / "uploads", leave_out="incoming")
        _copy_secret(data, folder)
        _copy_sandbox(data / "sandbox", folder / "sandbox")
        summary = BackupSummary(at, connection.vendor, uploads, bytes_below(folder))
        _write_last(folder / MARK, json.dumps(asdict(summary)))
    except (OSError, sqlite3.Error) as error:
        _remove(folder, existed=existed)
        raise CannotBackUp(f"No backup was made: {error}. Nothing was left behind.") from error
    return summary


def _check(folder: Path, data: Path) -> None:
    """Raises CannotBackUp if the folder cannot hold a backup."""
    if folder.exists() and not folder.is_dir():
        raise CannotBackUp(f"{folder} is a file. Name a new folder for each backup.")
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if names - {DUMP}:
        raise CannotBackUp(f"{folder} is not empty. Name a new folder for each backup.")
    if connection.vendor == "postgresql" and DUMP not in names:
        raise CannotBackUp(f"Dump the database first, then run this again:\n{dump_line(folder)}")
    needed = bytes_below(data / "uploads") + bytes_of(data.glob("db.sqlite3*"))
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    if needed > free:
        raise CannotBackUp(f"{folder} has too little space: the backup needs {size(needed)}, and {size(free)} is free.")


def dump_line(folder: Path) -> str:
    """The command that dumps PostgreSQL. Without the password, which would stay in the shell's history."""
    database = connection.settings_dict
    where = {"host": database["HOST"], "port": database["PORT"], "username": database["USER"]}
    options = " ".join(f"--{name}={value}" for name, value in where.items() if value)
    dump = f"pg_dump --format=custom --file={folder / DUMP} {options} {database['NAME']}"
    return f"(umask 077; mkdir -p {folder} && {dump})"


def _copy_sqlite(source: Path, target: Path) -> None:
    """Makes a consistent copy while others read and write."""
    with contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT)) as file:
        file.execute("VACUUM INTO ?", [str(target)])
    target.chmod(0o600)
    with contextlib.closing(sqlite3.connect(target)) as copy:
        [verdict] = copy.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged ({verdict}); run manage.py doctor")


def _copy_folder(source: Path, target: Path, leave_out: str = "") -> int:
    """Copies all files below `source` and returns their number. A file that vanishes belongs to a deleted dataset."""
    count = 0
    for place, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name != leave_out]
        copy = target / Path(place).relative_to(source)
        copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                shutil.copy2(Path(place) / name, copy / name)
                count += 1
    return count


def _copy_secret(data: Path, folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # SECRET_KEY is in the environment
        shutil.copy2(data / "secret_key", folder / "secret_key")


def _copy_sandbox(source: Path, target: Path) -> None:
    """Copies the sandbox's data; a new sandbox would not know the batches that were sent to it.

    The name of its database has the number of its layout, as in sandbox-2.sqlite3.
    """
    databases = sorted(source.glob("sandbox*.sqlite3"))
    if databases:
        target.mkdir(mode=0o700)
        for database in databases:
            _copy_sqlite(database, target / database.name)
        _copy_folder(source / "files", target / "files")


def _write_last(path: Path, text: str) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(text)
    draft.replace(path)


def _remove(folder: Path, *, existed: bool) -> None:
    """Removes an unfinished backup, but neither a dump nor a folder that existed before."""
    for path in list(folder.iterdir()) if folder.exists() else []:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != DUMP:
            path.unlink(missing_ok=True)
    if not existed:
        shutil.rmtree(folder, ignore_errors=True)
