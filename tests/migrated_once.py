"""A migrated database costs many seconds and is always the same: it is made once, and everybody copies it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
from django.db import connection

from batchsite.options import ROOT

CACHE = ROOT / ".pytest_cache"
OURS = ("BATCHSITE_", "XAI_", "SANDBOX_", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "DJANGO_")
TEMPLATE = "migrated"
"""The database of PostgreSQL that all others are copies of."""


def migrated_file() -> Path:
    """Returns a SQLite database as the first start leaves it. It is kept until a migration changes."""
    file = CACHE / f"migrated-{digest()}.sqlite3"
    with one_at_a_time("sqlite"):
        if not file.exists():
            for older in CACHE.glob("migrated-*.sqlite3"):
                older.unlink()
            _make(file)
    return file


def migrate_from_outside(**environ: str) -> None:
    """Runs `manage.py migrate` with these variables and a data folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**inherited, **environ}, check=True)


def _make(file: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="batchsite-migrated-") as folder:
        data, copy = Path(folder, "data"), Path(folder, "copy.sqlite3")
        migrate_from_outside(BATCHSITE_DATA=str(data))
        with contextlib.closing(sqlite3.connect(data / "db.sqlite3")) as database:
            database.execute("VACUUM INTO ?", [str(copy)])
        with contextlib.closing(sqlite3.connect(copy)) as database:
            database.execute("PRAGMA journal_mode=WAL")
        part = file.with_suffix(".part")
        shutil.copyfile(copy, part)
        part.rename(file)


def digest() -> str:
    """Of all that decides what a migrated database looks like."""
    digest = hashlib.sha256(f"{django.VERSION} {sqlite3.sqlite_version}".encode())
    for path in sorted((ROOT / "batchsite").glob("*/migrations/*.py")):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Within it, no other process makes the same."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"migrated-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def migrated_once() -> Iterator[bool]:
    """Set the test database up within it. Yields whether it is there already."""
    test = connection.settings_dict["TEST"]
    if connection.vendor == "sqlite":
        shutil.copyfile(migrated_file(), test["NAME"])
        test["MIGRATE"] = False
        yield True
        return
    with one_at_a_time("postgresql"):
        if is_there := _has_template():
            test |= {"TEMPLATE": TEMPLATE, "MIGRATE": False}
        yield False
        if not is_there:
            _keep_as_template(connection.settings_dict["NAME"])


def _has_template() -> bool:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        return cursor.fetchone() is not None


def _keep_as_template(name: str) -> None:
    connection.close()  # nobody may look at what is copied
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE {TEMPLATE} TEMPLATE "{name}"')
