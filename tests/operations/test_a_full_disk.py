"""The disk is really full: what cannot be written waits, in words, and goes on by itself when there is room again."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.operations.conftest import ON_SQLITE, Place
from tests.operations.faults import (
    HASTY,
    begin,
    check_books,
    fill,
    small_disk,
    take_in,
    wait_for_state,
    write_table,
)
from tests.running import Running, wait_for
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.processes, ON_SQLITE]
ROWS = 12_000
STANDS = "SELECT state, held_reason, (SELECT sum(sent) FROM batches_submission) FROM batches_batch"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 48) as disk:
        yield disk


def test_import_sending_and_collecting_wait_for_room_and_go_on(disk: Path, provider: Sandbox, tmp_path: Path) -> None:
    provider.reset()
    environ = {**HASTY, "XAI_API_KEY": "sandbox-key-of-all", "XAI_API_BASE": provider.url}
    place = Place(disk / "data", environ)
    with Running(disk / "data", environ) as site:
        workers = [site.child("worker-short").pid, site.child("worker-long").pid]
        table = write_table(tmp_path / "table.csv", ROWS, width=400)

        with filled(disk, leave=table.stat().st_size + 600_000):
            take_in(place, table)
            wait_for(lambda: "disk is full" in str(place.sql("SELECT held_reason FROM datasets_dataset")), 40)
            # The doctor looks at what is held only if the import left room for the 200 kB that it writes to try.
            diagnosis = place.doctor()
            said = diagnosis.about("database", "problem") or diagnosis.about("held", "warning")
            assert "There is no room to write" in said or "The server's disk is full" in said
        wait_for(
            lambda: place.sql("SELECT state, row_count, held_reason FROM datasets_dataset") == [("ready", ROWS, "")], 60
        )
        assert place.sql("SELECT count(*) FROM datasets_block") == [(ROWS // 500,)]

        provider.set(rate=1 / 60)
        provider.fault("status", call="add", status=429, after=20)  # for now, so that the rest is still to be sent
        begin(place)
        wait_for(lambda: sent(place) >= 500, 30, lambda: str(place.sql(STANDS)))
        with filled(disk):
            provider.mend()
            time.sleep(6)
            assert httpx.get(f"{site.url}/healthz").status_code == 200, "pages that only read still serve"
            assert place.sql("SELECT state FROM batches_batch") == [("submitting",)]
        wait_for_state(place, "processing", 60)
        with filled(disk):
            provider.complete()
            time.sleep(8)
            assert place.sql("SELECT state FROM batches_batch") != [("completed",)]
        wait_for_state(place, "completed", 60)
        assert [site.child("worker-short").pid, site.child("worker-long").pid] == workers, "nobody had to be killed"
    check_books(place, provider, ROWS)


def sent(place: Place) -> int:
    return int(place.sql("SELECT coalesce(sum(sent), 0) FROM batches_submission")[0][0])


@contextlib.contextmanager
def filled(disk: Path, leave: int = 0) -> Iterator[None]:
    fill(disk / "ballast", leave)
    yield
    (disk / "ballast").unlink()


def test_a_download_that_does_not_fit_is_told_and_can_be_made_again(place: Place, tmp_path: Path) -> None:
    table = write_table(tmp_path / "table.csv", 400, width=1000)
    asked = ["--prompt", "Answer {{text}}"]
    with small_disk(tmp_path / "disk", 1) as disk:
        output = disk / "results.csv"
        with filled(disk, leave=100_000):
            done = place.manage("runbatch", str(table), *asked, "--output", str(output))
            assert done.returncode == 1
            assert f"{output} cannot be written: No space left on device." in done.stderr
            assert "Traceback" not in done.stderr
            assert os.listdir(disk) == ["ballast"], "nothing half-written"
        [again] = [line for line in done.stderr.splitlines() if "manage.py runbatch --resume" in line][-1:]
        words = again.split("manage.py ")[1].split()
        assert place.manage(*words).returncode == 0
        assert len(output.read_text().splitlines()) == 401


def test_a_file_that_the_data_folder_has_no_room_for_is_told(place: Place, tmp_path: Path) -> None:
    table = write_table(tmp_path / "table.csv", 4000, width=1000)
    with small_disk(tmp_path / "disk", 4) as disk:
        shutil.copytree(place.data, disk / "data")
        small = Place(disk / "data", place.environ)
        done = small.manage("runbatch", str(table), "--prompt", "Answer {{text}}")
        assert done.returncode == 1
        assert "has no room for a copy of" in done.stderr
        assert small.sql("SELECT count(*) FROM datasets_dataset") == [(0,)]
        assert [path for path in (small.data / "uploads").rglob("*") if path.is_file()] == []
