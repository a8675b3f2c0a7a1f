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
from tests.running import Running, wait_for
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.processes, pytest.mark.services]
ROWS = 3_000
STATES = "from batchsite.batches.models import Batch; print(*Batch.objects.values_list('state', flat=True))"
SENT = "from batchsite.batches.models import Submission as S; print(sum(S.objects.values_list('sent', flat=True)))"


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
            ready = "from batchsite.datasets.models import Dataset; print(Dataset.objects.get().state)"
            wait_for(lambda: place.python(ready).strip() == "ready", 40)
            begin(place)
            wait_for(lambda: int(place.python(SENT)) > 0, 40)
            beside = subprocess.Popen(
                [sys.executable, "manage.py", "runbatch", "--resume", "1"],
                cwd=ROOT,
                env=place.whole_environ,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert beside.stderr is not None
            assert "Should this stop" in beside.stderr.readline(), "it must have begun"
            time.sleep(1)
            server.stop()
            page = httpx.get(f"{site.url}/", timeout=20)
            assert (page.status_code, "The database does not answer" in page.text) == (503, True)
            health = httpx.get(f"{site.url}/healthz", timeout=20)
            assert (health.status_code, health.json()["database"]) == (503, "does not answer")
            assert "It does not answer" in place.doctor().about("database", "problem")
            provider.complete()
            time.sleep(4)
            server.start()
            wait_for(lambda: place.python(STATES).split() == ["completed"], 90)
            wait_for(lambda: httpx.get(f"{site.url}/healthz").status_code == 200, 20)
            _, said = beside.communicate(timeout=60)
            assert beside.returncode == 0, said
            assert "The database does not answer" in said
            check_books(place, provider, ROWS)
