"""Work that needs more memory than a process may use: see `memory_runs_out.py`.

It runs in processes of its own. What other tests leave behind, such as texts bound to cached statements of the
database, is given back at any time, and then there is more room than the tests allow.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from batchsite.options import ROOT

STORIES = "tests/submission/memory_runs_out.py"
pytestmark = pytest.mark.processes


@pytest.mark.parametrize("which", ["not a_filter", "a_filter"])
def test_it_ends_in_a_sentence(which: str) -> None:
    ours = ("PYTEST_", "DJANGO_", "BATCHSITE_DATA")  # of this run, not of that one
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", which, STORIES],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
