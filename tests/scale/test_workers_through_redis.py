"""Real workers on PostgreSQL, their messages through Redis, which forgets them in the middle."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client

from tests import nursery
from tests.needs import need
from tests.running import Running, wait_for
from tests.services import ask_postgres, postgres, postgres_folder, redis, redis_server

pytestmark = [pytest.mark.services, pytest.mark.processes]
ROWS = 3_000
BEGIN = f"""
from batchsite.submission import actions
from batchsite.drafts import draft_store
from batchsite.batches.models import Batch
from tests.factories import make_dataset, make_team
team = make_team()
rows = [[str(number), "Question %d" % number] for number in range({ROWS})]
batch = draft_store.new_draft(team, None, make_dataset(team, ["id", "text"], rows))
Batch.objects.filter(pk=batch.pk).update(prompt="Answer: {{{{text}}}}", model="grok-4.3")
batch.refresh_from_db()
actions.start(batch, None, None)
"""
STATE = "SELECT state, succeeded FROM batches_batch"


class Site:
    """An installation, and the broker that it trusts with nothing."""

    def __init__(self, running: Running, broker: str) -> None:
        self.running, self.broker = running, redis_client.Redis.from_url(broker)

    def shell(self, code: str) -> str:
        done = nursery.run(["manage.py", "shell", "--no-imports", "-c", code], self.running.environ)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return ask_postgres(self.running.environ["DATABASE_URL"], query)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    need("PostgreSQL", here=postgres_folder() is not None)
    need("Redis", here=redis_server() is not None)
    with postgres() as database, redis() as broker:
        environ = {
            "DATABASE_URL": database,
            "REDIS_URL": broker,
            "SANDBOX_RATE": "1000",
            "DJANGO_SETTINGS_MODULE": "tests.hasty_settings",
        }
        with Running(tmp_path / "site", environ) as running:
            yield Site(running, broker)


def test_a_batch_comes_to_its_end_though_redis_forgets_every_message(site: Site) -> None:
    site.shell(BEGIN)

    def forgets_and_ends() -> bool:
        site.broker.flushall()
        time.sleep(0.5)  # some are taken meanwhile
        return site.ask(STATE) == [("completed", ROWS)]

    wait_for(forgets_and_ends, 90, lambda: f"{site.ask(STATE)}\n" + "\n".join(site.running.logs()))
