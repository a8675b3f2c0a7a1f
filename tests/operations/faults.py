"""What the troubles of a machine are made with, and a batch that goes through them."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from tests.needs import need
from tests.operations.conftest import Place
from tests.patience import patient
from tests.running import wait_for
from tests.sandboxes import Sandbox

HASTY = {"DJANGO_SETTINGS_MODULE": "tests.hasty_settings", "BATCHSITE_CHUNK_ROWS": "50"}


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own that is soon full."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=False)
    need("the right to mount a small disk", here=mounted.returncode == 0)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path, leave: int = 0) -> None:
    """Write a file until nothing more fits, but for `leave` bytes."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    if leave:
        with path.open("r+b") as file:
            file.truncate(max(0, path.stat().st_size - leave))


def lock(database: Path, seconds: float) -> None:
    """Another process of this machine holds the database so long."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


@contextlib.contextmanager
def locked_now_and_then(database: Path, seconds: float, pause: float) -> Iterator[None]:
    """Another process of this machine holds the database, lets go of it, and holds it again."""
    over = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as other:
            while not over.is_set():
                other.execute("BEGIN EXCLUSIVE")
                over.wait(seconds)
                other.execute("ROLLBACK")
                over.wait(pause)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()


@contextlib.contextmanager
def locked_until(database: Path, is_enough: Callable[[], bool]) -> Iterator[None]:
    """Another process of this machine holds the database until something has happened, a minute at most."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")

        def hold() -> None:
            until = time.monotonic() + patient(60)
            while not is_enough() and time.monotonic() < until:
                time.sleep(0.1)
            other.execute("ROLLBACK")

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            yield
        finally:
            holder.join()


# ---- a batch -----------------------------------------------------------------------------------------


def write_table(path: Path, rows: int, width: int = 20) -> Path:
    """A CSV whose rows have text of about `width` characters that hardly compresses."""
    noise = random.Random(rows)
    lines = (f"c{n},Question {n} {noise.randbytes(width // 2).hex()}\n" for n in range(1, rows + 1))
    path.write_text("id,text\n" + "".join(lines))
    return path


def take_in(place: Place, table: Path) -> None:
    """As an upload that has just come: the workers import it."""
    place.python(
        "from pathlib import Path\n"
        "from batchsite.datasets.importer import receive_path; from batchsite.teams.models import Team\n"
        f"receive_path(Team.objects.get_or_create(name='Support')[0], Path({str(table)!r}))"
    )


def begin(place: Place, name: str = "first") -> None:
    """Queue a batch over the newest dataset; the workers do the rest."""
    place.python(
        "from batchsite.submission import actions; from batchsite.drafts import draft_store; "
        "from batchsite.datasets.models import Dataset\n"
        "dataset = Dataset.objects.order_by('-pk')[0]; batch = draft_store.new_draft(dataset.team, None, dataset)\n"
        f"batch.name, batch.prompt, batch.model = {name!r}, 'Answer {{{{text}}}}', 'grok-4.3'\n"
        "batch.save(); actions.start(batch, None, None)"
    )


STANDS = """
import json
from batchsite.batches.models import Batch
one = Batch.objects.order_by("-pk")[0]
sent = sum(one.submissions.values_list("sent", flat=True))
print(json.dumps([one.state, one.total, sent, one.succeeded, one.done, one.results.count(), one.cost_ticks]))
"""


def check_books(place: Place, provider: Sandbox, rows: int, billed_before: int = 0) -> None:
    """The newest batch: every row answered once, paid for once."""
    state, total, sent, succeeded, done, results, cost = json.loads(place.python(STANDS))
    assert (state, total, sent, succeeded, done, results) == ("completed", rows, rows, rows, rows, rows)
    assert cost == provider.billed() - billed_before


def wait_for_state(place: Place, wanted: str, seconds: float = 60) -> None:
    query = "SELECT state FROM batches_batch ORDER BY id DESC LIMIT 1"
    wait_for(lambda: _ask(place, query) == [(wanted,)], seconds, lambda: str(_ask(place, query)))


def _ask(place: Place, query: str) -> list[tuple[object, ...]]:
    for _ in range(100):
        with contextlib.suppress(sqlite3.OperationalError):
            return place.sql(query)
        time.sleep(0.1)
    return []
