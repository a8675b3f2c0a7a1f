"""kill -9 of whatever runs, at random: busy and idle workers, their cluster, the web, the supervisor, the provider."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable

import psutil

from tests.chaos.actor import Actor
from tests.chaos.people import People
from tests.chaos.scene import Scene, for_good
from tests.chaos.tally import Tally

BUSY_SOON = 1.5
"""Seconds to wait for a worker that is in the middle of a step."""
MOST_DOWN = 3.0
"""Seconds that a provider stays down."""


class Killer(Actor):
    """Kills until it is told to stop."""

    def __init__(self, scene: Scene, people: People, tally: Tally, over: threading.Event) -> None:
        super().__init__("killer", scene, tally, over)
        self.people = people
        self.victims: dict[str, tuple[int, Callable[[], str]]] = {
            "busy": (8, lambda: self._part("worker busy")),
            "idle": (3, lambda: self._part("worker idle")),
            "pusher": (1, lambda: self._part("pusher")),
            "monitor": (1, lambda: self._part("monitor")),
            "sentinel": (2, lambda: self._part("sentinel")),
            "main": (2, self._cluster),
            "web worker": (3, self._web_worker),
            "web": (1, lambda: self._child("web", "gunicorn's master")),
            "ticker": (2, lambda: self._child("ticker", "ticker")),
            "supervisor": (1, self._supervisor),
            "provider": (3, self._provider),
            "runbatch": (4, self._runbatch),
        }
        if scene.postgres is not None:
            self.victims |= {"redis": (2, self._forget_messages), "postgres": (1, self._restart_postgres)}

    def act(self) -> None:
        names = list(self.victims)
        weights = [weight for weight, _ in self.victims.values()]
        while not self.over.wait(self.dice.expovariate(1 / self.scene.plan.pace)):
            [name] = self.dice.choices(names, weights)
            with contextlib.suppress(psutil.Error, OSError, ValueError, IndexError):  # it is gone, or not yet there
                killed = self.victims[name][1]()
                if killed:
                    self.tally.count(self.tally.kills, killed)

    # ---- processes of the site -----------------------------------------------------------------------

    def _child(self, name: str, label: str) -> str:
        self.scene.running.child(name).kill()
        return label

    def _cluster(self) -> str:
        queue = self.dice.choice(("short", "long"))
        return self._child(f"worker-{queue}", f"{queue} cluster's main")

    def _web_worker(self) -> str:
        self.dice.choice(self.scene.running.child("web").children()).kill()
        return "web worker"

    def _part(self, role: str) -> str:
        """A process inside of a cluster. A busy worker may have to be waited for; if none is, an idle one must do."""
        queues = self.dice.sample(("short", "long"), 2)
        until = time.monotonic() + (BUSY_SOON if role == "worker busy" else 0)
        while True:
            for queue in queues:
                for process in self._inside(queue):
                    if self._role(process) == role:
                        process.kill()
                        return f"{queue} {role}"
            if time.monotonic() > until:
                return ""
            time.sleep(0.005)

    def _inside(self, queue: str) -> list[psutil.Process]:
        inside: list[psutil.Process] = self.scene.running.child(f"worker-{queue}").children(recursive=True)
        self.dice.shuffle(inside)
        return inside

    def _role(self, process: psutil.Process) -> str:
        with contextlib.suppress(OSError):
            return (self.scene.data / "run" / "roles" / str(process.pid)).read_text()
        return ""

    def _supervisor(self) -> str:
        """The terminal's window is closed hard, and somebody starts it again."""
        self.scene.running.kill()
        for_good(self.scene.running.start)
        return "supervisor"

    # ---- around it ----------------------------------------------------------------------------------

    def _provider(self) -> str:
        if self.scene.provider.inside:
            return self._child("sandbox", "provider")
        self.scene.provider.kill()
        time.sleep(self.dice.uniform(0, MOST_DOWN))
        self.scene.provider.start()
        return "provider"

    def _runbatch(self) -> str:
        runs = [run for run in self.people.runs() if run.poll() is None]
        if not runs:
            return ""
        self.dice.choice(runs).send_signal(signal.SIGKILL)
        return "runbatch"

    def _forget_messages(self) -> str:
        """What a restarted Redis does, that keeps nothing."""
        import redis

        redis.Redis.from_url(self.scene.redis_url).flushall()
        return "Redis' messages"

    def _restart_postgres(self) -> str:
        assert self.scene.postgres is not None
        self.scene.postgres.stop()
        time.sleep(self.dice.uniform(0, MOST_DOWN))
        self.scene.postgres.start()
        return "PostgreSQL"
