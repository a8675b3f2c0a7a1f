"""Another process holds SQLite for longer than anybody waits: steps break off, and are made again when it lets go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from batchsite.options import ROOT
from tests.operations.conftest import ON_SQLITE, Place
from tests.operations.faults import (
    HASTY,
    begin,
    check_books,
    lock,
    locked_now_and_then,
    locked_until,
    take_in,
    wait_for_state,
    write_table,
)
from tests.running import Running, wait_for
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.processes, ON_SQLITE]
ROWS = 1_000
LONGER, PAUSE = 3.5, 2.5
"""Seconds; with these settings SQLite gives up after 2."""


def test_a_batch_comes_to_its_end_all_the_same(place: Place, provider: Sandbox, tmp_path: Path) -> None:
    """It is locked once while rows are read, once while they are sent, and once while answers are collected."""
    place.environ |= HASTY
    provider.set(rate=1 / 60)
    with Running(place.data, place.environ) as site:
        take_in(place, write_table(tmp_path / "table.csv", ROWS))
        lock(place.database, LONGER)
        states = "SELECT state, row_count, tries FROM datasets_dataset"
        wait_for(
            lambda: place.sql(states) == [("ready", ROWS, 0)],
            60,
            lambda: str([place.sql(states), *site.said, *site.logs()]),
        )
        begin(place)
        lock(place.database, LONGER)
        wait_for_state(place, "processing")
        provider.complete()
        lock(place.database, LONGER)
        wait_for_state(place, "completed")
        assert any("database is locked" in line for line in site.said)
        check_books(place, provider, ROWS)


def test_a_start_waits_until_it_is_let_go(place: Place) -> None:
    place.environ |= HASTY
    words, log = "The database is busy: database is locked. Waiting", place.data / "log" / "supervisor.log"
    locked = locked_until(place.database, lambda: log.exists() and words in log.read_text())
    with locked, Running(place.data, place.environ) as site:
        assert any(words in line for line in site.said)


def test_runbatch_says_that_it_waits_and_goes_on(place: Place, provider: Sandbox, tmp_path: Path) -> None:
    place.environ |= HASTY
    provider.set(rate=1 / 60)
    table, output = write_table(tmp_path / "table.csv", ROWS), tmp_path / "results.csv"
    asked = ["runbatch", str(table), "--prompt", "Answer {{text}}", "--output", str(output)]
    running = subprocess.Popen(
        [sys.executable, "manage.py", *asked], cwd=ROOT, env=place.whole_environ, stderr=subprocess.PIPE, text=True
    )
    wait_for_state(place, "processing")
    with locked_now_and_then(place.database, LONGER, PAUSE):
        provider.complete()
        _, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert "The database is busy: database is locked. Waiting." in said
    assert "Traceback" not in said
    assert len(output.read_text().splitlines()) == ROWS + 1
    check_books(place, provider, ROWS)


def test_a_runbatch_that_cannot_even_begin_says_so(place: Place, tmp_path: Path) -> None:
    place.environ |= HASTY
    table = write_table(tmp_path / "table.csv", ROWS)
    with locked_now_and_then(place.database, 60, PAUSE):
        done = place.manage("runbatch", str(table), "--prompt", "Answer {{text}}")
    assert done.returncode == 1
    assert done.stderr.startswith("The database is busy: database is locked.\nNothing was sent. Run it again")
    assert place.sql("SELECT count(*) FROM datasets_dataset") == [(0,)]
    assert [path for path in (place.data / "uploads").rglob("*") if path.is_file()] == []
