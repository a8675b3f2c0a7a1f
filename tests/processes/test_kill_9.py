"""Any process may be killed at any moment; the work is done nevertheless, without anybody's help."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import psutil
import pytest

from tests.patience import patient
from tests.processes.conftest import LONG_AGO, Books
from tests.running import Running, wait_for

pytestmark = pytest.mark.processes

VICTIMS: dict[str, Callable[[Running], psutil.Process]] = {
    "the main process of a worker": lambda site: site.cluster("short").main,
    "the sentinel of a worker": lambda site: site.cluster("short").sentinel,
    "the pusher of a worker": lambda site: site.cluster("short").pusher,
    "the ticker": lambda site: site.child("ticker"),
}


def do_a_chore(books: Books, within: float) -> None:
    chore = books.add_chore()
    wait_for(lambda: books.chore(chore, "ended") == 1, within)


@pytest.fixture
def alive_again(site: Running) -> Callable[[str], bool]:
    """Whether there was a sign of life since the last call."""
    seen: dict[str, int] = {}

    def moved(name: str) -> bool:
        path = site.data / "run" / name
        stamp = path.stat().st_mtime_ns if path.exists() else 0
        before, seen[name] = seen.get(name), stamp
        return before is not None and before != stamp

    return moved


def test_idle_workers_show_that_they_live_though_nobody_sends_them_anything(
    site: Running, alive_again: Callable[[str], bool]
) -> None:
    ticker = site.child("ticker")
    ticker.suspend()
    beats = {"heartbeat-short": 0, "heartbeat-long": 0}

    def all_beat_three_times() -> bool:
        for name in beats:
            beats[name] += alive_again(name)
        return min(beats.values()) >= 3

    try:
        wait_for(all_beat_three_times, 36, lambda: str(beats))
    finally:
        ticker.resume()


def test_a_worker_in_a_long_step_shows_that_it_lives(
    site: Running, books: Books, alive_again: Callable[[str], bool]
) -> None:
    chore = books.add_chore(seconds=5)
    wait_for(lambda: books.chore(chore, "begun"), 30)
    wait_for(lambda: alive_again("busy-short"), 10)
    wait_for(lambda: books.chore(chore, "ended"), 30)


@pytest.mark.parametrize("victim", VICTIMS)
def test_work_goes_on_after_the_death_of(site: Running, books: Books, victim: str) -> None:
    do_a_chore(books, 30)
    VICTIMS[victim](site).kill()
    do_a_chore(books, 30)
    site.cluster("short")


@pytest.mark.parametrize("part", ["master", "worker"])
def test_pages_answer_again_after_the_death_of_a_web_process(site: Running, part: str) -> None:
    wait_for(lambda: len(site.child("web").children()) == 2, 60)
    master = site.child("web")
    (master if part == "master" else master.children()[0]).kill()
    assert httpx.get(f"{site.url}/healthz", timeout=patient(60)).status_code == 200, (
        "requests wait instead of being refused"
    )
    wait_for(lambda: len(site.child("web").children()) == 2, 60)


def test_idle_processes_that_are_killed_heal_within_30_seconds(site: Running, books: Books) -> None:
    """They take the lock of an internal queue along: nothing ends, and nothing works any more, until the watchdog.

    The message that was sent to the stuck cluster is lost with it, so this also shows that it is sent again.
    """
    short, long = site.cluster("short"), site.cluster("long")
    time.sleep(0.5)  # back in the queue
    began = time.monotonic()
    for worker in short.workers:
        worker.kill()
    long.monitor.kill()
    do_a_chore(books, 30)
    wait_for(lambda: not long.main.is_running(), 30 - (time.monotonic() - began))
    assert not short.main.is_running()
    assert "worker-short shows no sign of life and is being killed." in site.said


def test_a_step_whose_worker_is_killed_is_done_by_another(site: Running, books: Books) -> None:
    chore = books.add_chore(seconds=2)
    pid = wait_for(lambda: books.chore(chore, "pid"), 30)
    psutil.Process(pid).kill()
    books.run("UPDATE chores_chore SET lease_until = ?1, next_look_at = ?1 WHERE id = ?2", LONG_AGO, chore)
    wait_for(lambda: books.chore(chore, "next_look_at") is None, 30)
    assert (books.chore(chore, "begun"), books.chore(chore, "ended")) == (2, 1)


def test_the_ticker_waits_while_the_database_does_not_answer(site: Running, books: Books) -> None:
    ticker = site.child("ticker")
    books.run("ALTER TABLE chores_chore RENAME TO elsewhere")
    try:
        wait_for(lambda: any("ticker: error: the ticker is waiting" in line for line in site.said), 30)
    finally:
        books.run("ALTER TABLE elsewhere RENAME TO chores_chore")
    do_a_chore(books, 30)
    assert ticker.is_running()
