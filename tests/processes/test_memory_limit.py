"""A worker lives on when a file needs more memory than it may use; the upload says so."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from tests import nursery
from tests.patience import patient
from tests.processes.conftest import Books
from tests.running import Running, wait_for

pytestmark = pytest.mark.processes

UPLOAD = """
import sys, django
django.setup()
from pathlib import Path
from batchsite.datasets.importer import receive_path
from batchsite.teams.models import Team
print(receive_path(Team.objects.create(name="Large files"), Path(sys.argv[1])).pk)
"""


def test_a_file_that_needs_too_much_is_refused_and_no_process_ends(site: Running, books: Books, tmp_path: Path) -> None:
    """The limit of this installation is 300 MB: what 40 MB of text in one row take is more than that."""
    died = _deaths(site)
    row = ("😀" * 4_900_000).encode()
    file = tmp_path / "large.csv.gz"
    file.write_bytes(gzip.compress(b"a,b\n" + row + b"," + row + b"\n", 1))
    made = nursery.run(["-c", UPLOAD, str(file)], site.environ)
    assert made.returncode == 0, made.stderr
    pk = int(made.stdout)
    wait_for(lambda: books.run("SELECT state FROM datasets_dataset WHERE id = ?", pk) != [("importing",)], 60)
    state, problems, tries = books.run("SELECT state, problems, tries FROM datasets_dataset WHERE id = ?", pk)[0]
    assert state == "refused"
    assert "needs more memory than a process may use (300 MB, BATCHSITE_MEMORY)" in problems
    assert tries == 0
    assert _deaths(site) == died
    assert httpx.get(f"{site.url}/healthz", timeout=patient(20)).status_code == 200


def _deaths(site: Running) -> int:
    """How many workers had to be replaced. One that has done much, or grown large, ends by itself: that is no death."""
    return (site.data / "log" / "worker-short.log").read_text().count("reincarnated")


@pytest.mark.parametrize("name", ["web", "worker-short", "worker-long"])
def test_every_process_that_reads_what_people_send_is_limited(site: Running, name: str) -> None:
    for process in [site.child(name), *site.child(name).children(recursive=True)]:
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert next(line for line in limits.splitlines() if line.startswith("Max data size")).split()[3] == "300000000"
