"""batchsite as people run it: `manage.py up` with real processes, on a data folder of its own.

    with Running(tmp_path) as site:
        httpx.get(site.url)
        os.kill(site.cluster("short").workers[0].pid, signal.SIGKILL)

Leaving the block ends every process, however the test went; so does the end of the thread that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from batchsite.options import ROOT
from batchsite.processes.parentage import die_with_parent, end_marked, marked
from tests.migrated_once import migrated_file
from tests.patience import patient

UP = (sys.executable, "manage.py", "up")
ON_A_LEASH = (sys.executable, "-m", "tests.leash")
OURS = ("BATCHSITE_", "XAI_", "SANDBOX_", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "DJANGO_", "Q_CLUSTER_")
"""What the environment of the tests says is not for the installation: it gets what the test gives it."""
READY = re.compile(r"batchsite is ready: (http://\S+)")


@dataclass(frozen=True)
class Cluster:
    """The processes of one queue's worker."""

    main: psutil.Process
    sentinel: psutil.Process
    workers: list[psutil.Process]
    monitor: psutil.Process
    pusher: psutil.Process


class Running:
    """One installation. It keeps its port and its data folder when it is started again."""

    def __init__(
        self,
        data: Path,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = UP,
        ready_in: float = 120,
        *,
        from_nothing: bool = False,
    ) -> None:
        """`from_nothing`: it is to make its database, where there is none, by itself."""
        self.data, self.ready_in, self._from_nothing = data, ready_in, from_nothing
        self.command = command if command == UP else (*ON_A_LEASH, *command)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environ = {**inherited, "PORT": "0", "BATCHSITE_DATA": str(data), **(environ or {})}
        self.url = ""
        self.said: list[str] = []
        """Lines of the terminal, of all starts."""
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._marks: list[str] = []

    def __enter__(self) -> Running:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clean_up()

    def start(self, *, wait: bool = True) -> Running:
        """Start it and wait until its pages answer."""
        already_said = len(self.said)
        self._put_database()
        self._process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env={**self.environ, "LEASH_HELD_BY": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        if wait:
            try:
                self._await_ready(already_said)
            except BaseException:
                self.clean_up()
                raise
        return self

    def _put_database(self) -> None:
        file = self.data / "db.sqlite3"
        if not (self._from_nothing or "DATABASE_URL" in self.environ or file.exists()):
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(migrated_file(), file)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.rstrip("\n"))

    def _await_ready(self, since: int) -> None:
        def is_ready() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, "it ended:\n" + "\n".join(self.said[since:])
            return any(READY.search(line) for line in self.said[since:])

        wait_for(is_ready, self.ready_in, lambda: "\n".join([*self.said, *self.logs()]))
        found = next(filter(None, map(READY.search, self.said[since:])))
        self.url = found[1]
        self.environ["PORT"] = self.url.rsplit(":", 1)[1]
        self._marks.append(self.lock()["mark"])

    @property
    def pid(self) -> int:
        """Of the supervisor, or of what was started in its place (make)."""
        assert self._process is not None
        return self._process.pid

    def stop(self, number: int = signal.SIGINT, within: float = 45) -> int:
        """Stop it with a signal and wait; its exit code. Like a terminal, SIGINT goes to all of its group."""
        if number == signal.SIGINT:
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)
        return self.wait(within)

    def wait(self, within: float) -> int:
        """Wait for its end; its exit code. By then all that it said is in `said`."""
        assert self._process is not None
        assert self._listener is not None
        code = self._process.wait(patient(within))
        self._listener.join(patient(5))
        return code

    def kill(self) -> None:
        """kill -9 of the supervisor alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(patient(10))

    def clean_up(self) -> None:
        """End everything that was ever started here."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(patient(10))
        for mark in {*self._marks, self.lock().get("mark", "")} - {""}:
            end_marked(mark)

    def lock(self) -> dict[str, Any]:
        """What the supervisor says about itself: pid, mark, address."""
        try:
            facts: dict[str, Any] = json.loads((self.data / "run" / "supervisor.lock").read_text())
        except (OSError, ValueError):
            return {}
        return facts

    def survivors(self) -> list[psutil.Process]:
        """Living processes of any start so far."""
        pids = [pid for mark in self._marks for pid in marked(mark)]
        return [process for pid in pids if (process := _living(pid)) is not None]

    def child(self, name: str) -> psutil.Process:
        """The main process of web, worker-short, worker-long, ticker or sandbox."""
        return psutil.Process(int((self.data / "run" / f"{name}.pid").read_text()))

    def cluster(self, queue: str) -> Cluster:
        """All processes of a queue's worker, once they are all there."""
        workers = {"short": 3, "long": 2}[queue]

        def parts() -> Cluster | None:
            main = self.child(f"worker-{queue}")
            sentinels = main.children()
            inner = (
                sorted(sentinels[0].children(), key=lambda each: (each.create_time(), each.pid)) if sentinels else []
            )
            if len(inner) < workers + 2:
                return None
            return Cluster(main, sentinels[0], inner[:workers], inner[workers], inner[workers + 1])

        found = wait_for(lambda: _unless_gone(parts), 20, lambda: "no complete cluster")
        assert isinstance(found, Cluster)
        return found

    def logs(self) -> list[str]:
        """The last lines of every log, for the message of a failure."""
        files = sorted((self.data / "log").glob("*.log")) if (self.data / "log").exists() else []
        return [f"{file.name}: {line}" for file in files for line in file.read_text().splitlines()[-15:]]


def _living(pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None


def _unless_gone(find: Callable[[], Any]) -> Any:
    try:
        return find()
    except (psutil.Error, OSError, ValueError):
        return None


def wait_for(condition: Callable[[], Any], seconds: float, explain: Callable[[], str] = lambda: "") -> Any:
    """The first true value of `condition`; fails with `explain()` when there is none within `seconds`."""
    until = time.monotonic() + patient(seconds)
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {patient(seconds):g} s: {condition}\n{explain()}")
        time.sleep(0.05)
    return value
