"""`manage.py up` and `make run`: one command starts everything, one key stops it, and it comes back as it was."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from batchsite.options import ROOT
from batchsite.processes.listener import listen
from batchsite.processes.parentage import marked
from tests.patience import patient
from tests.processes.conftest import CHORES, Books
from tests.running import Running, wait_for

pytestmark = pytest.mark.processes
PORT_FILE = Path("run/sandbox.port")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Running]:
    """Not started yet, with chores to do."""
    running = Running(tmp_path, CHORES)
    yield running
    running.clean_up()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_newcomer_starts_it_stops_it_and_finds_everything_where_it_was(tmp_path: Path) -> None:
    with Running(tmp_path, command=("make", "run"), from_nothing=True) as site:
        assert httpx.get(f"{site.url}/healthz").json()["ready"] is True
        wait_for((tmp_path / PORT_FILE).exists, 20)
        port = (tmp_path / PORT_FILE).read_text()
        Books(tmp_path).run("INSERT INTO processes_heartbeat VALUES ('kept', '2020-01-01')")
        assert site.said[-3:-1] == [
            f"batchsite is ready: {site.url}",
            "No XAI_API_KEY is set: a sandbox on this machine answers instead of xAI. Nothing is paid.",
        ]

        began = time.monotonic()
        assert site.stop() in {0, -signal.SIGINT}
        assert time.monotonic() - began < patient(9)
        assert site.survivors() == []
        assert "Stopping …" in site.said
        assert site.said[-1] == "Stopped."

        url = site.url
        site.start()
        assert site.url == url
        assert Books(tmp_path).run("SELECT count(*) FROM processes_heartbeat WHERE queue = 'kept'") == [(1,)]
        key = (tmp_path / "run" / "sandbox.key").read_text().strip()
        wait_for(lambda: _answers(f"http://127.0.0.1:{port.strip()}/v1/models", key), 20)
        assert site.stop(signal.SIGTERM) in {0, -signal.SIGTERM}
        assert site.survivors() == []


def _answers(url: str, key: str) -> bool:
    try:
        return httpx.get(url, headers={"Authorization": f"Bearer {key}"}).status_code == 200
    except httpx.TransportError:
        return False


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        site = Running(tmp_path, {**CHORES, "PORT": str(port)}, from_nothing=True)
        site.start(wait=False)
        assert site.wait(30) == 1
    assert any(f"Port {port} is taken by another program." in line for line in site.said)
    assert any(f"PORT={port + 1} make run" in line for line in site.said)
    assert not (tmp_path / "db.sqlite3").exists(), "nothing was begun"


def test_a_stop_lets_running_steps_end_and_begins_no_new_ones(fresh: Running) -> None:
    fresh.start()
    books = Books(fresh.data)
    workers = len(fresh.cluster("short").workers)
    chores = [books.add_chore(seconds=5) for _ in range(3 * workers)]
    wait_for(lambda: sum(books.chore(pk, "begun") for pk in chores) == workers, 20)
    assert fresh.stop() == 0
    assert sum(books.chore(pk, "begun") for pk in chores) <= workers + 1
    assert all(books.chore(pk, "begun") == books.chore(pk, "ended") for pk in chores)
    assert all(books.chore(pk, "lease_token") == "" for pk in chores)
    told = [
        line for line in fresh.said if line.endswith("to finish what is running. Press Ctrl-C again to end at once.")
    ]
    assert len(told) == 1
    assert "worker-short" in told[0]


def test_after_kill_9_nobody_survives_and_the_next_start_works_until_a_second_ctrl_c(fresh: Running) -> None:
    fresh.start()
    fresh.cluster("short")
    fresh.cluster("long")
    url = fresh.url
    fresh.kill()
    assert fresh.start().url == url
    _ends_at_once_at_the_second_ctrl_c(fresh)


def _ends_at_once_at_the_second_ctrl_c(site: Running) -> None:
    books = Books(site.data)
    chore = books.add_chore(seconds=60)
    wait_for(lambda: books.chore(chore, "begun"), 30)
    os.kill(site.pid, signal.SIGINT)
    wait_for(lambda: "Stopping …" in site.said, 20)
    time.sleep(0.5)  # sooner, it counts as the first one
    began = time.monotonic()
    assert site.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 15, "steps have 20 seconds otherwise, and a chore has a minute"
    assert site.survivors() == []
    assert books.chore(chore, "ended") == 0


def test_a_closed_terminal_stops_it(fresh: Running) -> None:
    """The head of the session is told of it, and here, as make does, it waits and passes nothing on."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvpe("sh", ["sh", "-c", f"trap : HUP; {' '.join(fresh.command)}; true"], fresh.environ)
    wait_for(lambda: "mark" in fresh.lock() and (fresh.data / "run" / "web.pid").exists(), 60)
    mark = fresh.lock()["mark"]
    os.close(terminal)
    wait_for(lambda: marked(mark) == [], 20)
    os.waitpid(pid, 0)
