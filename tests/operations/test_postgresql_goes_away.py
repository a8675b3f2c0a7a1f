"""PostgreSQL is stopped in the middle, and started again: the pages say so, and everything goes on by itself."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from batchsite.options import ROOT
from tests import services
from tests.needs import need
from tests.operations.conftest import Place
from tests.operations.faults import HASTY, begin, check_books, take_in, write_table
from tests.patience import patient
from tests.running import Running, wait_for
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.processes, pytest.mark.services]
ROWS = 3_000


def test_a_batch_a_page_and_a_runbatch_outlive_it(place: Place, provider: Sandbox, tmp_path: Path) -> None:
    need("PostgreSQL", here=services.postgres_folder() is not None)
    need("Redis", here=services.redis_server() is not None)
    provider.reset()
    provider.set(rate=1 / 60)
    table = write_table(tmp_path / "table.csv", ROWS)
    with services.postgres_server() as server, services.redis() as redis_url:
        place.environ |= {**HASTY, "DATABASE_URL": server.url, "REDIS_URL": redis_url}
        with Running(place.data, place.environ) as site:
            take_in(place, table)
            ready, completed = "SELECT state FROM datasets_dataset", "SELECT state FROM batches_batch"
            wait_for(lambda: services.ask_postgres(server.url, ready) == [("ready",)], 40)
            begin(place)
            some_sent = "SELECT 1 FROM batches_submission WHERE sent > 0"
            wait_for(lambda: services.ask_postgres(server.url, some_sent), 40)
            beside = subprocess.Popen(
                [sys.executable, "manage.py", "runbatch", "--resume", "1"],
                cwd=ROOT,
                env=place.whole_environ,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert beside.stderr is not None
            assert "If this stops" in beside.stderr.readline(), "it must have begun"
            time.sleep(1)
            server.stop()
            page = httpx.get(f"{site.url}/", timeout=patient(20))
            assert (page.status_code, "The database does not answer" in page.text) == (503, True)
            health = httpx.get(f"{site.url}/healthz", timeout=patient(20))
            assert (health.status_code, health.json()["database"]) == (503, "does not answer")
            assert "It does not answer" in place.doctor().about("database", "problem")
            provider.complete()
            time.sleep(4)
            server.start()
            wait_for(lambda: services.ask_postgres(server.url, completed) == [("completed",)], 90)
            wait_for(lambda: httpx.get(f"{site.url}/healthz").status_code == 200, 20)
            _, said = beside.communicate(timeout=patient(60))
            assert beside.returncode == 0, said
            assert "The database does not answer" in said
            check_books(place, provider, ROWS)
