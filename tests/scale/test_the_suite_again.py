"""Everything that touches the database, once more on PostgreSQL with Redis as the broker."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from batchsite.options import ROOT
from tests.needs import need
from tests.services import postgres, postgres_folder, redis, redis_server

pytestmark = pytest.mark.services
MORE = (
    "tests/results",
    "tests/drafts",
    "tests/trials",
    "tests/prompts",
    "tests/provider",
    "tests/home",
    "tests/pricing",
)
PARTS = ("tests/batches", "tests/submission", "tests/datasets", "tests/teams", "tests/pages", "tests/exports", *MORE)
ALONE = "not browser and not processes and not services and not litellm"

FEWER_CUTS = {"CUT_EVERY": "5", "CUT_PAIRS_SECONDS": "3"}
"""On SQLite the same suite cuts everywhere."""


def test_the_pipeline_and_the_pages_on_postgresql_and_redis() -> None:
    need("PostgreSQL", here=postgres_folder() is not None)
    need("Redis", here=redis_server() is not None)
    quiet = ["-q", "-p", "no:cacheprovider", "--durations=40"]
    command = [sys.executable, "-m", "pytest", *quiet, "--database-only", "-m", ALONE, *PARTS]
    ours = ("PYTEST_", "DJANGO_", "BATCHSITE_DATA")  # of this run, not of that one
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with postgres() as database, redis() as broker:
        environ = {**inherited, "DATABASE_URL": database, "REDIS_URL": broker, **FEWER_CUTS}
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
