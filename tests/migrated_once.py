"""The workers of pytest-xdist share one migrated SQLite file: the first one makes it, the others copy it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection


def template() -> Path | None:
    """Returns where the workers of this run share the file. None where there is nothing to share."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if not run or connection.vendor != "sqlite":
        return None
    return Path(tempfile.gettempdir(), f"batchsite-migrated-{run}.sqlite3")


@contextlib.contextmanager
def migrated_once() -> Iterator[bool]:
    """Set the test database up within it. Yields whether it is there and migrated already."""
    shared = template()
    if shared is None:
        yield False
        return
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shared.exists():
            fcntl.flock(lock, fcntl.LOCK_UN)
            test = connection.settings_dict["TEST"]
            shutil.copyfile(shared, test["NAME"])
            test["MIGRATE"] = False
            yield True
            return
        yield False
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(shared)])


def forget(run: str) -> None:
    """Remove what the workers of a run shared."""
    for path in Path(tempfile.gettempdir()).glob(f"batchsite-migrated-{run}.*"):
        path.unlink(missing_ok=True)
