"""`manage.py doctor` from outside, with each fault for real: it says what is wrong, what to do, and never breaks."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from batchsite.operations.machine_checks import PROBE
from tests.needs import need
from tests.operations.conftest import Place
from tests.sandboxes import Sandbox

NOT_RUNNING = {"ticker", "worker short", "worker long"}
"""What is always wrong where nothing runs."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_sound_place_where_nothing_runs_lacks_only_what_does_not_run(place: Place) -> None:
    seen = place.doctor()
    assert (seen.code, seen.problems()) == (1, NOT_RUNNING)
    assert "make run" in seen.about("ticker", "problem")
    assert "SQLite" in seen.about("database", "ok")
    assert "wal mode, sound, writable" in seen.about("database", "ok")
    assert "All are applied" in seen.about("migrations", "ok")
    assert "answers in" in seen.about("provider", "ok")
    assert "xAI accepts the key" in seen.about("key", "ok")
    assert "GB free" in seen.about("disk", "ok")
    assert "No `manage.py up` runs" in seen.about("processes", "warning")
    assert seen.errors == ""


def test_for_people_it_is_a_line_each_and_what_to_do_below(place: Place) -> None:
    lines = place.manage("doctor").stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("problem  ticker"))
    assert "No ticker has enqueued due work." in lines[at]
    assert lines[at + 1].strip().startswith("→ Start batchsite: make run")
    assert all(line.startswith(("ok ", "warning ", "problem ", "  ")) for line in lines)


# ---- the database ---------------------------------------------------------------------------------


def test_a_database_that_is_not_there_yet_is_told(tmp_path: Path, place: Place) -> None:
    place.database.unlink()
    seen = place.doctor()
    assert "There is none at" in seen.about("database", "problem")
    assert "need the database" in seen.about("work", "warning")
    assert not place.database.exists(), "a doctor who looks makes none"


def test_a_database_that_was_never_migrated(place: Place) -> None:
    place.database.unlink()
    sqlite3.connect(place.database).execute("PRAGMA journal_mode=WAL")
    assert "migrations of this version are not applied. → Start" in place.doctor().about("migrations", "problem")


def test_a_database_of_an_older_version(place: Place) -> None:
    last = "SELECT max(name) FROM django_migrations WHERE app = 'batches'"
    place.sql(f"DELETE FROM django_migrations WHERE app = 'batches' AND name = ({last})")
    seen = place.doctor()
    assert "1 migration of this version is not applied" in seen.about("migrations", "problem")
    assert "need the database" in seen.about("work", "warning")


def test_a_damaged_database_is_told(place: Place) -> None:
    with place.database.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096 * 12)
    said = place.doctor().about("database", "problem")
    assert "damaged" in said
    assert "restore the last backup" in said


def test_a_file_that_is_no_database(place: Place) -> None:
    place.database.write_bytes(b"This is my shopping list. " * 1000)
    assert "not a database" in place.doctor().about("database", "problem")


def test_a_locked_database_is_told_and_found_sound_again(place: Place) -> None:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        seen = place.doctor()
    assert "Locked" in seen.about("database", "problem")
    assert seen.code == 1
    assert place.doctor().problems() == NOT_RUNNING, "and the next look finds it sound again"


def test_a_database_that_nobody_may_even_read(place: Place) -> None:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT INTO processes_heartbeat VALUES ('x', '2026-01-01')")
        assert "Locked" in place.doctor().about("database", "problem")


def test_a_database_without_wal(place: Place) -> None:
    place.sql("PRAGMA journal_mode=DELETE")
    assert "delete mode instead of WAL" in place.doctor().about("database", "warning")


def test_postgresql_that_does_not_answer(place: Place) -> None:
    place.environ["DATABASE_URL"] = f"postgres://somebody:secret@127.0.0.1:{free_port()}/batchsite"
    seen = place.doctor()
    assert "It does not answer" in seen.about("database", "problem")
    assert "need the database" in seen.about("work", "warning")
    assert seen.about("disk", "ok")
    assert "secret" not in json.dumps(seen.findings)


# ---- the disk -------------------------------------------------------------------------------------


def test_a_disk_on_which_nothing_can_be_written_is_told(place: Place) -> None:
    """No file may grow beyond half of what the doctor tries to write."""
    most = PROBE // 2
    full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # noqa: E731
    seen = place.doctor(before=full)
    assert "Nothing can be written" in seen.about("disk", "problem")
    assert "Make room" in seen.about("disk", "problem")
    assert "no room to write" in seen.about("database", "problem")
    assert not any("were not examined" in finding["says"] for finding in seen.findings), "it reads on"


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass


def test_a_disk_that_is_really_full(place: Place, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "none", str(disk)], check=False)
    need("the right to mount a small disk", here=mounted.returncode == 0)
    try:
        subprocess.run(["cp", "-a", *map(str, place.data.iterdir()), str(disk)], check=True)
        small = Place(disk, place.environ)
        assert "Almost full" in small.doctor().about("disk", "problem")
        fill(disk / "ballast")
        seen = small.doctor()
        assert "Nothing can be written" in seen.about("disk", "problem")
        assert "no room" in seen.about("database", "problem")
        (disk / "ballast").unlink()
        assert "Almost full" in small.doctor().about("disk", "problem")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# ---- queue, provider, keys, settings -----------------------------------------------------------------


def test_a_broker_that_does_not_answer(place: Place) -> None:
    place.environ["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    said = place.doctor().about("queue short", "problem")
    assert "The broker does not answer" in said
    assert "REDIS_URL" in said


def test_a_provider_that_does_not_answer(place: Place) -> None:
    place.environ["XAI_API_BASE"] = f"http://127.0.0.1:{free_port()}"
    seen = place.doctor()
    assert "does not answer as expected" in seen.about("provider", "problem")
    assert "could not be tested" in seen.about("key", "warning")


def test_a_sandbox_that_does_not_run(place: Place) -> None:
    place.environ["XAI_API_KEY"] = ""
    (place.data / "run").mkdir(exist_ok=True)
    (place.data / "run" / "sandbox.port").write_text(str(free_port()))
    assert "The sandbox does not answer" in place.doctor().about("provider", "problem")


def test_a_key_that_is_refused_or_blocked_or_without_credits_and_is_never_shown(
    place: Place, provider: Sandbox
) -> None:
    place.environ["XAI_API_KEY"] = "wrong-key-1234567890"
    seen = place.doctor()
    assert "does not accept this key" in seen.about("key", "problem")
    assert "1234567890" not in json.dumps(seen.findings) + seen.errors
    place.environ["XAI_API_KEY"] = "sandbox-key-of-all"
    provider.fault("key_blocked", call="key")
    assert "blocks it" in place.doctor().about("key", "problem")
    provider.mend()
    provider.fault("no_credits", call="key")
    assert "no credits left" in place.doctor().about("key", "warning")


def test_a_stored_key_that_this_secret_key_cannot_read(place: Place) -> None:
    place.python(
        "from batchsite.teams.models import Team; from batchsite.teams.team_keys import store_key\n"
        "store_key(Team.objects.create(name='Support'), 'sandbox-of-support', '', None)"
    )
    assert "Team Support, key “Team key”: xAI accepts the key" in place.doctor().about("key", "ok")
    former = (place.data / "secret_key").read_text()
    place.environ["SECRET_KEY"] = "another one, which is long enough to be one: 0123456789 abcdefgh"
    said = place.doctor().about("key", "problem")
    assert "Team Support, key “Team key”: The stored xAI key cannot be read" in said
    assert "SECRET_KEY_FALLBACKS" in said
    place.environ["SECRET_KEY_FALLBACKS"] = former
    assert place.doctor().about("key", "problem") == ""


def test_batches_whose_key_is_gone(place: Place) -> None:
    place.python(
        "from batchsite.teams.models import Team; from tests.factories import make_dataset\n"
        "from batchsite.batches.models import Batch\n"
        "team = Team.objects.create(name='Support'); dataset = make_dataset(team)\n"
        "for kind in ('environment', 'team', 'sandbox'):\n"
        "    Batch.objects.create(team=team, dataset=dataset, name='x', account=kind, state='processing')"
    )
    (place.data / "run").mkdir(exist_ok=True)
    (place.data / "run" / "sandbox.port").write_text(str(free_port()))
    seen = place.doctor()
    assert "removed the key “Team key”" in seen.about("key", "problem")
    assert "1 batches run in the sandbox" in seen.about("provider", "warning")
    place.environ["XAI_API_KEY"] = ""
    assert "made with XAI_API_KEY, which is unset now" in place.doctor().about("key", "problem")


def test_settings_that_hurt_are_told(place: Place) -> None:
    place.environ["BATCHSITE_PAGE_ROWS"] = "2000"
    place.data.chmod(0o755)
    seen = place.doctor()
    assert "batchsite.E008" in seen.about("settings", "problem")
    assert "chmod 700" in seen.about("settings", "problem")
