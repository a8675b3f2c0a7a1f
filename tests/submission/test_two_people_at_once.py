"""Two people press at once, on PostgreSQL, where transactions see each other's rows as soon as they commit."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from batchsite.options import ROOT
from tests import services
from tests.needs import need

pytestmark = [pytest.mark.processes, pytest.mark.services]
CASES = "tests/submission/on_postgresql.py"


def test_nothing_is_paid_twice_and_nobody_waits_for_ever() -> None:
    need("PostgreSQL", here=services.postgres_folder() is not None)
    with services.postgres() as address:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", CASES],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-4_000:]
