"""The watchdog decides from files alone, and never against a worker that works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchsite.processes.children import Child, Spec
from batchsite.processes.watchdog import (
    GRACE,
    QUIET,
    TICKER_QUIET,
    TOLD,
    TROUBLE,
    DatabaseWatch,
    TickerWatch,
    TouchedFile,
    WorkerWatch,
)

LONGEST_STEP = 120.0


class Scene:
    """A worker that was started at second 0, its files, and a clock. Who `lives` touches a file every second."""

    def __init__(self, tmp_path: Path) -> None:
        self.run, self.now, self._stamp = tmp_path, 0.0, 0
        child = Child(Spec("worker-short", lambda: ["true"]), tmp_path)
        self.database = DatabaseWatch(self.run, 0.0)
        heartbeat, busy = TouchedFile(self.run / "heartbeat", 0.0), TouchedFile(self.run / "busy", 0.0)
        self.watch = WorkerWatch(child, LONGEST_STEP, heartbeat, busy, self.database)

    def touch(self, name: str) -> None:
        self._stamp += 1
        path = self.run / name
        path.touch()
        os.utime(path, ns=(self._stamp, self._stamp))

    def pass_time(self, seconds: float, *alive: str) -> bool:
        """Whether the watchdog bit at any second."""
        stuck = False
        for _ in range(int(seconds)):
            self.now += 1
            for name in alive:
                self.touch(name)
            stuck = self.watch.is_stuck(self.now) or stuck
        return stuck


HEART, BUSY, TICKER = "heartbeat", "busy", "ticker-succeeded"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_worker_with_a_heartbeat_is_left_alone(scene: Scene) -> None:
    assert not scene.pass_time(3600, HEART, TICKER)


def test_a_worker_without_a_heartbeat_is_stuck(scene: Scene) -> None:
    scene.pass_time(60, HEART, TICKER)
    assert not scene.pass_time(QUIET, TICKER)
    assert scene.pass_time(2, TICKER)


def test_a_worker_has_time_to_come_up(scene: Scene) -> None:
    assert not scene.pass_time(GRACE + QUIET, TICKER)
    assert scene.pass_time(2, TICKER)


def test_the_heartbeat_of_an_earlier_worker_does_not_count(scene: Scene) -> None:
    scene.pass_time(100, HEART, TICKER)
    scene.watch.child.started = scene.now
    assert not scene.pass_time(GRACE + QUIET, TICKER)
    assert scene.pass_time(2, TICKER)


def test_a_worker_in_a_long_step_is_not_stuck(scene: Scene) -> None:
    scene.pass_time(60, HEART, TICKER)
    assert not scene.pass_time(LONGEST_STEP, BUSY, TICKER)
    assert scene.pass_time(1000, TICKER)


def test_a_monitor_that_is_stuck_is_found_though_workers_are_busy(scene: Scene) -> None:
    """No step takes that long: something should have come out of the cluster."""
    scene.pass_time(60, HEART, TICKER)
    assert scene.pass_time(LONGEST_STEP + QUIET + 2, BUSY, TICKER)


def test_while_the_database_is_away_no_worker_is_judged(scene: Scene) -> None:
    scene.pass_time(60, HEART, TICKER)
    assert not scene.pass_time(3600)
    assert not scene.pass_time(QUIET, TICKER)
    assert scene.pass_time(QUIET, TICKER)


def test_an_old_file_with_a_time_in_the_future_is_no_sign_of_life(tmp_path: Path) -> None:
    (tmp_path / "sign").touch()
    os.utime(tmp_path / "sign", (4e9, 4e9))
    assert TouchedFile(tmp_path / "sign", 10.0).touched(500.0) == 10.0


def test_a_clock_that_was_set_back_still_shows_life(tmp_path: Path) -> None:
    (tmp_path / "sign").touch()
    sign = TouchedFile(tmp_path / "sign", 10.0)
    os.utime(tmp_path / "sign", (1, 1))
    assert sign.touched(500.0) == 500.0


def test_a_ticker_that_waits_for_the_database_is_left_alone(tmp_path: Path) -> None:
    child = Child(Spec("ticker", lambda: ["true"]), tmp_path)
    watch = TickerWatch(child, TouchedFile(tmp_path / "heartbeat-ticker", 0.0))
    assert not watch.is_stuck(TICKER_QUIET)
    assert watch.is_stuck(TICKER_QUIET + 1)


def test_a_person_is_told_once_that_the_database_is_away_and_once_that_it_is_back(scene: Scene) -> None:
    said = []
    for alive in [True] * 30 + [False] * 100 + [True] * 30:
        scene.now += 1
        if alive:
            scene.touch(TICKER)
        said.append(scene.database.news(scene.now))
    told = {second: text for second, text in enumerate(said) if text}
    away, back = told
    assert (away, back) == (30 + TOLD, 130)
    assert told[away].startswith("Work waits")
    assert told[back].startswith("The database and the broker answer again")
    assert TROUBLE < TOLD
