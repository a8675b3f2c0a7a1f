"""One running installation for the tests that leave it running, and hands for its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_django
from django.db import connection
from django.db.models import Manager

from tests.processes.chores.models import Chore
from tests.running import Running

CHORES = {
    "DJANGO_SETTINGS_MODULE": "tests.processes.site",
    "XAI_API_KEY": "xai-none",
    "BATCHSITE_MEMORY": "300000000",
}
"""An installation with chores to do and, having a key, no sandbox."""
LONG_AGO = "2020-01-01 00:00:00"


class Books:
    """The database of a running installation, from outside."""

    def __init__(self, data: Path) -> None:
        self._path = data / "db.sqlite3"

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path, timeout=20, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def add_chore(self, *, seconds: float = 0, steps: int = 1, due: str = LONG_AGO) -> int:
        rows = self.run(
            "INSERT INTO chores_chore (next_look_at, lease_token, tries, seconds, steps_left, begun, ended, pid)"
            " VALUES (?, '', 0, ?, ?, 0, 0, 0) RETURNING id",
            *(due, seconds, steps),
        )
        return int(rows[0][0])

    def chore(self, pk: int, column: str) -> Any:
        return self.run(f"SELECT {column} FROM chores_chore WHERE id = ?", pk)[0][0]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Shared by all tests that leave it running."""
    with Running(tmp_path_factory.mktemp("site"), CHORES, ready_in=150) as running:
        yield running


@pytest.fixture
def books(site: Running) -> Books:
    return Books(site.data)


@pytest.fixture(scope="session")
def _chores_have_a_table(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(Chore)


@pytest.fixture
def chores(_chores_have_a_table: None, db: None) -> Manager[Chore]:
    """Chores in the database of the test."""
    return Chore._default_manager
