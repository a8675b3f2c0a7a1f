"""What the databases do differently, once more on PostgreSQL with Redis as the broker.

The rest of the suite is proved on SQLite. `python -m tests.services python -m pytest --database-only` runs all of it.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from batchsite.options import ROOT
from tests.needs import need
from tests.services import postgres_folder, postgres_server, redis, redis_server

pytestmark = pytest.mark.services

ONLY_THERE = "tests/submission/on_postgresql.py"
"""Transactions that see each other's rows as soon as they commit; SQLite has one writer at a time."""
FEWER_CUTS = {"CUT_EVERY": "12", "CUT_PAIRS": "2"}
"""On SQLite more of them are tried."""


def files() -> list[str]:
    """Returns the test files that hold the marker: to collect no others saves their imports."""
    tests = (ROOT / "tests").rglob("test_*.py")
    return sorted(str(path.relative_to(ROOT)) for path in tests if "pytest.mark.databases" in path.read_text())


def test_leases_locks_queries_and_a_batch_of_each_kind_on_postgresql_and_redis() -> None:
    need("PostgreSQL", here=postgres_folder() is not None)
    need("Redis", here=redis_server() is not None)
    quiet = ["-q", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider", "--durations=20"]
    command = [sys.executable, "-m", "pytest", *quiet, "-m", "databases", *files(), ONLY_THERE]
    ours = ("PYTEST_", "DJANGO_", "BATCHSITE_DATA")  # of this run, not of that one
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with postgres_server() as server, redis() as broker:
        environ = {**inherited, "DATABASE_URL": server.empty_url, "REDIS_URL": broker, **FEWER_CUTS}
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
