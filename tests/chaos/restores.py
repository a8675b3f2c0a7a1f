"""A database that is put back to an earlier moment, in each way in which people do it, while workers went on.

Nobody presses anything between the moment of the copy and that of the restore: what people decided in between is lost
with the database, and nothing could know of it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.db import Error, connections

from batchsite.batches.models import Batch
from batchsite.batches.states import RUNNING
from batchsite.submission.restore import MARK
from tests.chaos.actor import Actor
from tests.chaos.people import People
from tests.chaos.scene import Scene, for_good
from tests.chaos.tally import Tally

EVERY = (50.0, 110.0)
"""Seconds between two restores."""
BETWEEN = (2.0, 9.0)
"""Seconds that workers go on after the copy was taken."""
RESTORED = "database restored"


class Restorer(Actor):
    """Restores until it is told to stop."""

    def __init__(self, scene: Scene, people: People, tally: Tally, over: threading.Event) -> None:
        super().__init__("restorer", scene, tally, over)
        self.people = people
        self._copy = scene.folder / "copy"
        self.ways: dict[str, Callable[[], None]] = {
            "while it runs": self._put_back,
            "the database alone": self._alone,
            "with its data folder": self._with_folder,
            "into another data folder": self._elsewhere,
            "from a backup": self._from_backup,
        }

    def act(self) -> None:
        slower = self.scene.plan.slower
        while not self.over.wait(self.dice.uniform(*EVERY) * slower):
            with self.scene.hands, self.scene.steady, contextlib.suppress(Error, sqlite3.Error):
                way = self.dice.choice(list(self.ways))
                for run in self.people.shell.running():
                    run.send_signal(signal.SIGKILL)
                self._take()
                time.sleep(self.dice.uniform(*BETWEEN) * slower)
                self.ways[way]()
                connections.close_all()
                self.tally.count(self.tally.kills, f"{RESTORED} {way}")
                self.tally.count(self.tally.hits, RESTORED, Batch.objects.filter(state__in=RUNNING).count())
            connections.close_all()

    # ---- the copy -------------------------------------------------------------------------------------

    def _take(self) -> None:
        shutil.rmtree(self._copy, ignore_errors=True)
        self._copy.mkdir(mode=0o755)
        self._copy_generations(self._copy_of, to_copy=True)
        if self.scene.postgres is not None:
            for_good(self.scene.postgres.copy_to, self._copy / "cluster")
        else:
            _overwrite(self.scene.data / "db.sqlite3", self._copy / "db.sqlite3")

    def _put_back(self) -> None:
        if self.scene.postgres is not None:
            for_good(self.scene.postgres.put_back, self._copy / "cluster")
        else:
            _overwrite(self._copy / "db.sqlite3", self.scene.data / "db.sqlite3")

    def _copy_of(self, number: int) -> Path:
        return self._copy / f"generation-{number}"

    def _copy_generations(self, place: Callable[[int], Path], *, to_copy: bool) -> None:
        for number, site in enumerate(self.scene.sites):
            here, there = site.data / "generation", place(number)
            source, target = (here, there) if to_copy else (there, here)
            shutil.rmtree(target, ignore_errors=True)
            if source.exists():
                shutil.copytree(source, target)

    # ---- ways -----------------------------------------------------------------------------------------

    def _stopped(self, change: Callable[[], None]) -> None:
        for site in self.scene.sites:
            site.clean_up()
        self._put_back()
        change()
        for site in self.scene.sites:
            for_good(site.start)

    def _alone(self) -> None:
        self._stopped(lambda: None)

    def _with_folder(self) -> None:
        """Everything is that of the copy; only the folder's anchor tells."""
        self._stopped(lambda: self._copy_generations(self._copy_of, to_copy=False))

    def _elsewhere(self) -> None:
        def forget() -> None:
            for site in self.scene.sites:
                shutil.rmtree(site.data / "generation", ignore_errors=True)

        self._stopped(forget)

    def _from_backup(self) -> None:
        """As `manage.py backup` lays it out."""

        def mark() -> None:
            for site in self.scene.sites:
                shutil.rmtree(site.data / "generation", ignore_errors=True)
                (site.data / MARK).write_text(json.dumps({"at": "a moment ago"}))

        self._stopped(mark)


def _overwrite(source: Path, target: Path) -> None:
    """In one transaction, so that whoever has the file open sees all of it."""
    with (
        contextlib.closing(sqlite3.connect(source, timeout=20)) as ours,
        contextlib.closing(sqlite3.connect(target, timeout=20)) as theirs,
    ):
        ours.backup(theirs)
