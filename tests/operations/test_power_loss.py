"""A commit is on the disk when it returns: an intent is recorded before the call that costs money."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from batchsite.options import ROOT
from tests.operations.conftest import Place

WRITE = """
import django; django.setup()
from django.db import connection, transaction
from batchsite.processes.models import Leadership
from django.utils import timezone
with transaction.atomic():
    Leadership.objects.create(name="power", token="", until=timezone.now())
print("now the call is made", flush=True)
"""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL commits synchronously by default")
def test_every_connection_to_sqlite_is_fully_synchronous(db: None) -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_disk_is_flushed_between_the_commit_and_what_follows(place: Place, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    environ = {**place.whole_environ, "DJANGO_SETTINGS_MODULE": "batchsite.settings"}
    strace = ["strace", "-f", "-y", "-e", "trace=fdatasync,fsync,write", "-o", str(trace)]
    run = subprocess.run([*strace, sys.executable, "-c", WRITE], cwd=ROOT, env=environ, capture_output=True, text=True)
    if "ptrace" in run.stderr:
        pytest.skip("strace may not trace here")
    assert "now the call is made" in run.stdout, run.stderr
    before_the_call = trace.read_text().split("now the call is made")[0]
    assert re.search(r"fdatasync\(\d+<.*db\.sqlite3-wal>", before_the_call)
