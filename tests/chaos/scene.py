"""What runs: batchsite under `manage.py up`, a provider beside or inside it, and services where they are asked for."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from batchsite.options import ROOT
from batchsite.processes.parentage import die_with_parent
from tests import services
from tests.running import Running
from tests.sandboxes import Sandbox

KEY = "sandbox-chaos"
SPEED = {"SANDBOX_SETTLE": "0.3", "SANDBOX_DELAY": "0.1"}


T = TypeVar("T")
_starter = ThreadPoolExecutor(1)


def for_good(start: Callable[..., T], *given: Any, **options: Any) -> T:
    """Start a process in a thread that lasts: to the kernel, a parent's death is that of the thread that forked."""
    return _starter.submit(start, *given, **options).result()


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    minutes: float
    seed: int
    batches: int
    database: str
    sandbox: str
    """outside: a process of the harness, which a site with a key takes for xAI; inside: the site's own."""
    pace: float
    """Seconds between kills, on average."""
    rate: float
    """Rows that the provider answers in a second, in each batch."""
    supervisors: int = 1
    """Installations (`manage.py up`) on the same PostgreSQL and Redis, each with a data folder of its own."""
    patience: str = "hasty"
    """hasty: waiting times a tenth of production's, in its proportions; normal: those of production."""

    @property
    def is_strict(self) -> bool:
        """Whether the provider bills an identical request that is added again. If not, clocks jump instead: a clock
        that runs ahead shortens the wait before a second look, and nobody could tell what comes still later."""
        return self.seed % 2 == 0

    @property
    def slower(self) -> float:
        """How much longer than hastily everything may take."""
        return 10 if self.patience == "normal" else 1


class Provider:
    """The sandbox, wherever it runs. Survives being killed, as its ledger is on disk."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.inside = plan.sandbox == "inside"
        self._data = folder / "data"
        self._noted = self._data / "run" / "sandbox.port" if self.inside else folder / "provider.port"
        self._store = folder / "provider"
        self._rate, self._is_strict = plan.rate, plan.is_strict
        self._process: subprocess.Popen[Any] | None = None
        self._starting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._noted.read_text().strip()}"

    @property
    def key(self) -> str:
        return (self._data / "run" / "sandbox.key").read_text().strip() if self.inside else KEY

    def start(self) -> None:
        """Outside only; on the same port as before."""
        port = self._noted.read_text().strip() if self._noted.exists() else "0"
        command = [sys.executable, "-m", "batchsite.sandbox", "--port", port, "--port-file", str(self._noted)]
        command += ["--data", str(self._store), "--rate", str(self._rate)]
        environ = {**os.environ, **SPEED, "SANDBOX_IDENTICAL_ADDS": "billed" if self._is_strict else "ignored"}
        self._process = for_good(
            subprocess.Popen,
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )

    def kill(self) -> None:
        """kill -9; `start` is the caller's."""
        with self._starting:
            assert self._process is not None
            self._process.kill()
            self._process.wait(10)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """One of the admin routes; tried again while the sandbox is down."""
        until = time.monotonic() + 30
        while True:
            try:
                return Sandbox(self.url, 0, self.key).admin(method, path, body)
            except (httpx.TransportError, OSError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def get(self, path: str) -> httpx.Response:
        """A call of the API, with the key of the site."""
        return httpx.get(
            f"{self.url}/v1/{path}", headers={"authorization": f"Bearer {self.key}"}, trust_env=False, timeout=30
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


class Scene:
    """Everything that runs. Use it as a context: leaving it ends every process."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan, self.data = folder, plan, folder / "data"
        self.provider = Provider(folder, plan)
        self.postgres: services.Postgres | None = None
        self.redis: services.Redis | None = None
        self._services = contextlib.ExitStack()
        settings = "tests.hasty_settings" if plan.patience == "hasty" else "tests.patient_settings"
        self.environ = {"BATCHSITE_DATA": str(self.data), "DJANGO_SETTINGS_MODULE": settings}
        self.sites: list[Running] = []
        self.hands, self.steady = threading.Lock(), threading.Lock()
        """Held while people press something, and while something is killed and started again."""

    def __enter__(self) -> Scene:
        self.data.mkdir(mode=0o700)
        if self.plan.database == "postgres":
            self.postgres = self._services.enter_context(services.postgres_server())
            self.redis = self._services.enter_context(services.redis_instance())
            self.environ |= {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url, "SECRET_KEY": "k" * 50}
        if self.provider.inside:
            self.environ |= {**SPEED, "SANDBOX_RATE": str(int(self.plan.rate))}
            self.environ["SANDBOX_IDENTICAL_ADDS"] = "billed" if self.plan.is_strict else "ignored"
        else:
            self.provider.start()
            self._wait_for_provider()
            self.environ |= {"XAI_API_KEY": KEY, "XAI_API_BASE": self.provider.url}
        self.environ |= {"BATCHSITE_CHUNK_ROWS": "100", "BATCHSITE_PAGE_ROWS": "200", "XAI_CREATES_PER_SECOND": "20"}
        self.sites = [
            Running(folder, {**self.environ, "BATCHSITE_DATA": str(folder)}, ready_in=180)
            for folder in self._data_folders()
        ]
        return self

    def _data_folders(self) -> Iterator[Path]:
        """Each machine has a data folder of its own, and the uploads of all."""
        yield self.data
        for number in range(2, self.plan.supervisors + 1):
            other = self.folder / f"data-{number}"
            other.mkdir(mode=0o700)
            (self.data / "uploads").mkdir(mode=0o700, exist_ok=True)
            (other / "uploads").symlink_to(self.data / "uploads")
            yield other

    def __exit__(self, *_: object) -> None:
        for site in self.sites:
            site.clean_up()
        self.provider.stop()
        self._services.close()

    @property
    def running(self) -> Running:
        """The first machine."""
        return self.sites[0]

    def _wait_for_provider(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError, httpx.TransportError):
                httpx.get(f"{self.provider.url}/healthz", trust_env=False)
                return
            time.sleep(0.05)
        raise RuntimeError("the provider did not start")

    def manage(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """A command of the site, in a session of its own, which dies with the harness."""
        return for_good(
            subprocess.Popen,
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.running.environ,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
            **options,
        )
