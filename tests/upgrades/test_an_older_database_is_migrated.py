"""A database that the version of November 2026 filled is upgraded in place: nothing of it is lost or changed.

It holds a completed batch of 20 rows with a note and a tag, a draft with a trial on three rows, a queued batch, and one
that was answered up to the tenth of 30 rows.
"""

from __future__ import annotations

import contextlib
import lzma
import os
import sqlite3
from pathlib import Path

import pytest

from tests import nursery
from tests.migrated_once import migrated_file
from tests.needs import need
from tests.services import postgres_folder, postgres_server

pytestmark = pytest.mark.processes
HERE = Path(__file__).parent
LOOK = """
import json
import os

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "batchsite.settings"
django.setup()
call_command("migrate", verbosity=0)
call_command("migrate", check_unapplied=True, verbosity=0)
from batchsite.batches.models import Batch, FlawCount, Result, Submission
from batchsite.batches.batch_recipe import recipe_of
from batchsite.trials.models import TrialAnswer
batches = Batch.objects.order_by("pk")
print("LOOK " + json.dumps({
    "batches": [[b.name, b.state, b.total, b.succeeded, b.cost_ticks] for b in batches],
    "sums": [sum(Result.objects.filter(batch=b).values_list("cost_ticks", flat=True)) for b in batches],
    "tags": [b.tags for b in batches],
    "recipes": [recipe_of(b).prompt.columns for b in batches],
    "uncounted": list(FlawCount.objects.order_by("pk").values_list("batch__name", flat=True)),
    "trial": list(TrialAnswer.objects.order_by("row").values_list("row", "state")),
    "tokens": [len(token) for token in Submission.objects.order_by("pk").values_list("token", flat=True)],
}))
"""


def _migrated(environ: dict[str, str]) -> str:
    """What the upgraded database says. Fails where a migration does, or one is missing."""
    env = {**os.environ, "BATCHSITE_HTTPS": "0", "SECRET_KEY": "k" * 60, **environ}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    done = nursery.run(["-c", LOOK], env)
    assert done.returncode == 0, done.stderr[-3000:]
    return next(line.removeprefix("LOOK ") for line in done.stdout.splitlines() if line.startswith("LOOK "))


EXPECTED = (
    '{"batches": [["Done", "completed", 20, 20, 53297600], ["Sorting", "draft", 0, 0, 0], '
    '["Queued", "queued", 12, 0, 0], ["Half", "processing", 30, 10, 28657600]], '
    '"sums": [53297600, 0, 0, 28657600], "tags": [["german"], [], [], []], "recipes": [[1], [1], [1], [1]], '
    '"uncounted": ["Done", "Half"], '
    '"trial": [[1, "answered"], [2, "answered"], [3, "answered"]], "tokens": [10, 10, 10]}'
)


def _schema(file: Path) -> set[tuple[object, ...]]:
    """Returns all columns, foreign keys, indexes and triggers, in whatever order a table has its columns."""
    found: set[tuple[object, ...]] = set()
    with contextlib.closing(sqlite3.connect(file)) as database:
        for kind, name, sql in database.execute("SELECT type, name, sql FROM sqlite_master"):
            if kind == "table":
                columns = database.execute(
                    'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', [name]
                )
                keys = database.execute('SELECT "table", "from", "to" FROM pragma_foreign_key_list(?)', [name])
                found.update((name, *row) for row in [*columns, *keys])
            else:
                found.add((name, sql))
    return found


def test_a_database_of_sqlite_is_upgraded_in_place_and_has_what_a_new_one_has(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.executescript(lzma.decompress((HERE / "november.sqlite.sql.xz").read_bytes()).decode())
    assert _migrated({"BATCHSITE_DATA": str(tmp_path)}) == EXPECTED
    assert _schema(tmp_path / "db.sqlite3") == _schema(migrated_file()), "squashed migrations make the same tables"


@pytest.mark.services
def test_a_database_of_postgresql_is_upgraded_in_place(tmp_path: Path) -> None:
    need("PostgreSQL", here=postgres_folder() is not None)
    import psycopg

    with postgres_server() as server:
        with psycopg.connect(server.empty_url, autocommit=True) as connection:
            connection.execute(lzma.decompress((HERE / "november.postgresql.sql.xz").read_bytes()))
        assert _migrated({"BATCHSITE_DATA": str(tmp_path), "DATABASE_URL": server.empty_url}) == EXPECTED
