"""A backup that was made while batches ran goes on elsewhere: nothing lost, and nothing paid for twice."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from batchsite.operations.file_sizes import bytes_below, bytes_of
from batchsite.sandbox.store import Store
from tests import services
from tests.needs import need
from tests.operations.conftest import ON_SQLITE, Place
from tests.operations.test_doctor import fill
from tests.running import Running, wait_for
from tests.sandboxes import Sandbox

ROWS = 30
BEGIN = f"""
from batchsite.submission import actions, restore
from batchsite.drafts import draft_store
from batchsite.teams.models import Team
from tests.factories import make_dataset
restore.begin_anew()  # as every start does: this folder is a copy, and nothing was sent from it yet
team = Team.objects.create(name="Support")
for name in ("processing", "sending", "queued"):
    dataset = make_dataset(team, ["text"], [[f"question {{n}}"] for n in range({ROWS})])
    batch = draft_store.new_draft(team, None, dataset)
    batch.name, batch.prompt, batch.model = name, "Answer {{{{text}}}}", "grok-4.3"
    batch.save()
    actions.start(batch, None, None)
"""


@pytest.mark.processes
@ON_SQLITE
def test_a_backup_made_in_the_middle_goes_on_elsewhere(place: Place, provider: Sandbox, tmp_path: Path) -> None:
    """One batch is being answered, one stands in the middle of its chunks, one was not created yet.

    The first installation goes on for a while after the backup, so that xAI has more than the backup knows of.
    """
    provider.reset()
    provider.fault("status", call="create", batch="queued", status=429)
    provider.fault("status", call="add", batch="sending", after=2, status=429)
    provider.set(rate=1 / 60)
    place.environ |= {"DJANGO_SETTINGS_MODULE": "tests.hasty_settings", "BATCHSITE_CHUNK_ROWS": "5"}
    place.python(BEGIN)
    with Running(place.data, place.environ) as first:
        wait_for(lambda: sent(place) == {"processing": ROWS, "sending": 10, "queued": 0}, 60)
        done = place.manage("backup", str(tmp_path / "backup"))
        assert done.returncode == 0, done.stderr
        assert "cp -a" in done.stdout
        provider.mend()
        wait_for(lambda: set(sent(place).values()) == {ROWS}, 60)
        first.kill()
    shutil.copytree(tmp_path / "backup", tmp_path / "elsewhere")
    other = Place(tmp_path / "elsewhere", place.environ)
    assert sent(other) == {"processing": ROWS, "sending": 10, "queued": 0}
    with Running(other.data, other.environ):
        provider.complete()
        wait_for(lambda: {state for (state,) in other.sql("SELECT state FROM batches_batch")} == {"completed"}, 90)
    billed = {batch["name"].split(" [")[0]: batch["succeeded"] for batch in provider.batches() if batch["requests"]}
    assert billed == dict.fromkeys(("processing", "sending", "queued"), ROWS)
    assert len(provider.batches()) == 3
    assert other.sql("SELECT sum(succeeded), sum(cost_ticks) FROM batches_batch") == [(3 * ROWS, provider.billed())]
    [told] = other.sql("SELECT count(*) FROM batches_event WHERE kind = 'restored'")
    assert told == (3,)
    assert (other.data / "restored.json").exists()
    assert not (other.data / "backup.json").exists()


def sent(place: Place) -> dict[str, int]:
    query = "SELECT b.name, sum(s.sent) FROM batches_submission s JOIN batches_batch b ON b.id = s.batch_id GROUP BY 1"
    return dict(place.sql(query))


@ON_SQLITE
def test_uploads_and_the_secret_key_are_in_it_and_only_the_owner_can_look_in(place: Place, tmp_path: Path) -> None:
    uploads = place.data / "uploads" / "datasets" / "2026"
    uploads.mkdir(parents=True)
    (uploads / "a.csv").write_text("id\n1\n")
    (place.data / "uploads" / "incoming").mkdir(exist_ok=True)
    (place.data / "uploads" / "incoming" / "half.upload").write_text("not yet whole")
    assert place.manage("backup", str(tmp_path / "backup")).returncode == 0
    backup = tmp_path / "backup"
    found = sorted(str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file())
    assert found == ["backup.json", "db.sqlite3", "secret_key", "uploads/datasets/2026/a.csv"]
    assert backup.stat().st_mode & 0o777 == 0o700
    assert json.loads((backup / "backup.json").read_text())["uploads"] == 1


@ON_SQLITE
def test_a_backup_does_not_wait_for_writers(place: Place, tmp_path: Path) -> None:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO processes_heartbeat VALUES ('not committed', '2026-01-01')")
        assert place.manage("backup", str(tmp_path / "backup")).returncode == 0
    assert Place(tmp_path / "backup").sql("SELECT count(*) FROM processes_heartbeat") == [(0,)]


@ON_SQLITE
def test_the_sandbox_of_a_trial_is_in_it(place: Place, tmp_path: Path) -> None:
    """Made while the sandbox has its files open, and opened by a sandbox again."""
    store = Store(place.data / "sandbox")
    try:
        with store.write() as connection:
            connection.execute("CREATE TABLE of_this_test AS SELECT 7 AS number")
        (store.files / "file-1").write_text("uploaded")
        assert place.manage("backup", str(tmp_path / "backup")).returncode == 0
    finally:
        store.close()
    restored = Store(tmp_path / "backup" / "sandbox")
    try:
        with restored.read() as connection:
            assert [tuple(row) for row in connection.execute("SELECT number FROM of_this_test")] == [(7,)]
        assert (restored.files / "file-1").read_text() == "uploaded"
    finally:
        restored.close()


@ON_SQLITE
def test_a_folder_that_holds_something_is_not_touched(place: Place, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to my mother").write_text("Dear")
    done = place.manage("backup", str(tmp_path / "letters"))
    assert (done.returncode, "is not empty. Name a new folder" in done.stderr) == (1, True)
    done = place.manage("backup", str(tmp_path / "letters" / "to my mother"))
    assert "is a file" in done.stderr
    assert os.listdir(tmp_path / "letters") == ["to my mother"]


@ON_SQLITE
def test_a_damaged_database_gives_no_backup(place: Place, tmp_path: Path) -> None:
    with place.database.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096 * 12)
    done = place.manage("backup", str(tmp_path / "backup"))
    assert done.returncode == 1
    assert "No backup was made: " in done.stderr
    assert not (tmp_path / "backup").exists()


@ON_SQLITE
def test_a_target_without_room_is_told_and_left_empty(place: Place, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], check=False)
    need("the right to mount a small disk", here=mounted.returncode == 0)
    try:
        fill(disk / "ballast")
        done = place.manage("backup", str(disk / "backup"))
        assert (done.returncode, "has too little space" in done.stderr) == (1, True)
        (disk / "ballast").write_bytes(b"\0" * 400_000)
        limit = 200_000  # found out only in the middle
        done = place.manage("backup", str(disk / "backup"), before=lambda: _limit(limit))
        assert (done.returncode, "Nothing was left behind" in done.stderr) == (1, True)
        assert os.listdir(disk) == ["ballast"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _limit(most: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.services
def test_postgresql_is_dumped_first_and_restored_into_another_database(
    place: Place, provider: Sandbox, tmp_path: Path
) -> None:
    need("PostgreSQL", here=services.postgres_folder() is not None)
    backup = tmp_path / "backup"
    provider.reset()
    with services.postgres() as url:
        place.environ["DATABASE_URL"] = url
        place.python(BEGIN)
        asked = place.manage("backup", str(backup))
        assert (asked.returncode, "Dump the database first" in asked.stderr) == (1, True)
        [line] = [line for line in asked.stderr.splitlines() if "pg_dump" in line]
        programs = str(services.postgres_folder())
        shell = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        subprocess.run(line, shell=True, check=True, env=shell)
        assert place.manage("backup", str(backup)).returncode == 0
        assert [path.stat().st_mode & 0o077 for path in (backup, backup / "database.dump")] == [0, 0]

        subprocess.run(["psql", url, "-qc", "CREATE DATABASE elsewhere"], check=True, env=shell)
        there = url.replace("/migrated", "/elsewhere").replace("postgres:", "postgresql:")
        subprocess.run(["pg_restore", f"--dbname={there}", str(backup / "database.dump")], check=True, env=shell)
        shutil.copytree(backup, tmp_path / "elsewhere")
        other = Place(tmp_path / "elsewhere", {**place.environ, "DATABASE_URL": there})
        assert other.manage("migrate", "-v", "0").returncode == 0
        tried = other.python(
            "from batchsite.batches.models import Submission, Event; told = Event.objects.filter(kind='restored')\n"
            "print(Submission.objects.filter(batch__restored_at=None).count(), told.count())"
        )
        assert tried.split() == ["0", "3"]


def test_what_is_deleted_while_its_size_is_asked_for_takes_no_room(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "gone").symlink_to(tmp_path / "nowhere")  # listed, and not there any more

    assert bytes_below(tmp_path) == bytes_of([tmp_path / "kept", tmp_path / "gone"]) == 5
