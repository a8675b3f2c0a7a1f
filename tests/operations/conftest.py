"""An installation that does not run: a data folder of its own, asked from outside as operators do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from batchsite.options import ROOT
from tests import nursery
from tests.migrated_once import migrated_file
from tests.sandboxes import Sandbox, running_sandbox

ON_SQLITE = pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="how SQLite fails")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is asked of an installation from outside, a process answers."""
    for item in items:
        if "place" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.processes)


@dataclass
class Place:
    """A data folder, and what is in the environment."""

    data: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.data / "db.sqlite3"

    @property
    def whole_environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XAI_", "BATCHSITE_"))}
        return {**inherited, "BATCHSITE_DATA": str(self.data), **self.environ}

    def manage(self, *words: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
        """`manage.py` with these words; `before` runs in the new process first."""
        if before is None:
            return nursery.run(["manage.py", *words], self.whole_environ)
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.whole_environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=before,
        )

    def python(self, code: str) -> str:
        """What a few lines of Python print, with Django set up."""
        whole = "import django; django.setup()\n" + code
        done = nursery.run(["-c", whole], {**self.whole_environ, "DJANGO_SETTINGS_MODULE": "batchsite.settings"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=20, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def doctor(self, **options: Any) -> Diagnosis:
        done = self.manage("doctor", "--json", **options)
        return Diagnosis(done.returncode, json.loads(done.stdout)["findings"], done.stderr)


@dataclass(frozen=True)
class Diagnosis:
    code: int
    findings: list[dict[str, str]]
    errors: str

    def about(self, what: str, level: str) -> str:
        """What is said, and what is to be done, about something on that level; empty where nothing is."""
        found = [one for one in self.findings if one["about"] == what and one["level"] == level]
        return "\n".join(f"{one['says']} → {one['do']}" for one in found)

    def problems(self) -> set[str]:
        return {one["about"] for one in self.findings if one["level"] == "problem"}


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that plays xAI."""
    with running_sandbox(tmp_path_factory.mktemp("provider")) as sandbox:
        yield sandbox


@pytest.fixture
def place(tmp_path: Path, provider: Sandbox) -> Place:
    """Migrated, with a key in the environment that the provider takes."""
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copyfile(migrated_file(), tmp_path / "data" / "db.sqlite3")
    provider.reset()
    return Place(tmp_path / "data", {"XAI_API_KEY": "sandbox-key-of-all", "XAI_API_BASE": provider.url})
