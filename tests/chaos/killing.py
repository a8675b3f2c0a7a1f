"""kill -9 of whatever runs, at random: busy and idle workers, their cluster, the web, the supervisor, the provider."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable

import psutil
from django.db import Error, connections

from batchsite.batches.models import LiveRequest, LiveState, Submission
from batchsite.trials.models import AnswerState, TrialAnswer
from tests.chaos.actor import Actor
from tests.chaos.people import People
from tests.chaos.scene import Scene, for_good
from tests.chaos.tally import Tally
from tests.running import Running

BUSY_SOON = 1.5
"""Seconds to wait for a worker that is in the middle of a step."""
RARE_SOON = 8.0
"""Seconds to wait for a moment that is rare."""
MOST_DOWN = 3.0
"""Seconds that a provider stays down."""
IN_A_TRY, FROZEN_WITH_A_LEASE = "worker while a row was tried", "worker frozen with a lease"
ASKING_LIVE = "worker while rows were asked live"
FROZEN = (11.0, 16.0)
"""Seconds that a worker stands still: longer than its lease (tests/hasty/apps.py)."""


class Killer(Actor):
    """Kills until it is told to stop."""

    def __init__(self, scene: Scene, people: People, tally: Tally, over: threading.Event) -> None:
        super().__init__("killer", scene, tally, over)
        self.people = people
        self._frozen: list[tuple[psutil.Process, float]] = []
        """Processes that are stopped, and when they are let go on."""
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
            "a try": (4, self._in_a_try),
            "asking live": (3, self._asking_live),
            "frozen": (2, self._freeze),
        }
        if scene.postgres is not None:
            self.victims |= {
                "messages": (1, self._forget_messages),
                "redis": (1, self._kill_redis),
                "postgres": (1, self._restart_postgres),
                "postgres hard": (1, self._crash_postgres),
            }

    def act(self) -> None:
        names = list(self.victims)
        weights = [weight for weight, _ in self.victims.values()]
        while not self.over.wait(self.dice.expovariate(1 / self.scene.plan.pace)):
            [name] = self.dice.choices(names, weights)
            try:
                with self.scene.steady:
                    self._thaw(time.monotonic())
                    killed = self.victims[name][1]()
                if killed:
                    self.tally.count(self.tally.kills, killed)
            except Error:
                connections.close_all()  # one that a database's death broke would stay broken
            except (psutil.Error, OSError, ValueError, IndexError):
                continue  # it is gone, or not yet there
        self._thaw(float("inf"))

    # ---- processes of the site -----------------------------------------------------------------------

    def _child(self, name: str, label: str) -> str:
        self._site().child(name).kill()
        return label

    def _site(self) -> Running:
        return self.dice.choice(self.scene.sites)

    def _cluster(self) -> str:
        queue = self.dice.choice(("short", "long"))
        return self._child(f"worker-{queue}", f"{queue} cluster's main")

    def _web_worker(self) -> str:
        self.dice.choice(self._site().child("web").children()).kill()
        return "web worker"

    def _part(self, role: str) -> str:
        """A process inside of a cluster. A busy worker may have to be waited for."""
        queue, process = self._find(role)
        if process is None:
            return ""
        process.kill()
        return f"{queue} {role}"

    def _catch(self, is_right: Callable[[], bool]) -> list[psutil.Process]:
        """Returns all busy workers, stopped in their tracks at a moment that is right. Empty if there was none."""
        until = time.monotonic() + RARE_SOON
        while time.monotonic() < until:
            if not is_right():
                time.sleep(0.02)
                continue
            caught = [process for site in self.scene.sites for process in self._busy(site)]
            for process in caught:
                process.suspend()
            if caught and is_right():
                return caught
            for process in caught:
                process.resume()
        return []

    def _busy(self, site: Running) -> list[psutil.Process]:
        every = [process for queue in ("short", "long") for process in self._inside(site, queue)]
        return [process for process in every if self._role(site, process) == "worker busy"]

    def _find(self, role: str) -> tuple[str, psutil.Process | None]:
        """Returns (queue, process), None if none has that role."""
        queues, site = self.dice.sample(("short", "long"), 2), self._site()
        until = time.monotonic() + (BUSY_SOON if role == "worker busy" else 0)
        while True:
            for queue in queues:
                for process in self._inside(site, queue):
                    if self._role(site, process) == role:
                        return queue, process
            if time.monotonic() > until:
                return "", None
            time.sleep(0.005)

    def _inside(self, site: Running, queue: str) -> list[psutil.Process]:
        inside: list[psutil.Process] = site.child(f"worker-{queue}").children(recursive=True)
        self.dice.shuffle(inside)
        return inside

    def _role(self, site: Running, process: psutil.Process) -> str:
        with contextlib.suppress(OSError):
            return (site.data / "run" / "roles" / str(process.pid)).read_text()
        return ""

    def _in_a_try(self) -> str:
        """While a row is being asked in real time, the worker that waits for its answer, and the others too."""
        caught = self._catch(TrialAnswer.objects.filter(state=AnswerState.SENDING).exists)
        for process in caught:
            process.kill()
        return IN_A_TRY if caught else ""

    def _asking_live(self) -> str:
        """Between the intent to ask a row live and the record of its reply: nobody can ever look what became of it."""
        caught = self._catch(LiveRequest.objects.filter(state=LiveState.SENDING).exists)
        for process in caught:
            process.kill()
        return ASKING_LIVE if caught else ""

    def _freeze(self) -> str:
        """A worker that holds a lease stands still until the lease has run out, and then goes on."""
        caught = self._catch(Submission.objects.exclude(lease_token="").exists)
        until = time.monotonic() + self.dice.uniform(*FROZEN)
        self._frozen += [(process, until) for process in caught]
        return FROZEN_WITH_A_LEASE if caught else ""

    def _thaw(self, now: float) -> None:
        for process, until in [each for each in self._frozen if now > each[1]]:
            self._frozen.remove((process, until))
            with contextlib.suppress(psutil.Error):
                process.resume()

    def _supervisor(self) -> str:
        """The terminal's window is closed hard, and somebody starts it again."""
        site = self._site()
        site.kill()
        for_good(site.start)
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
        runs = self.people.shell.running()
        if not runs:
            return ""
        self.dice.choice(runs).send_signal(signal.SIGKILL)
        return "runbatch"

    def _forget_messages(self) -> str:
        """What a restarted Redis does, that keeps nothing."""
        import redis

        assert self.scene.redis is not None
        redis.Redis.from_url(self.scene.redis.url).flushall()
        return "Redis' messages"

    def _kill_redis(self) -> str:
        assert self.scene.redis is not None
        self.scene.redis.kill()
        time.sleep(self.dice.uniform(0, MOST_DOWN))
        for_good(self.scene.redis.start)
        return "Redis"

    def _restart_postgres(self) -> str:
        assert self.scene.postgres is not None
        self.scene.postgres.stop()
        time.sleep(self.dice.uniform(0, MOST_DOWN))
        for_good(self.scene.postgres.start)
        return "PostgreSQL"

    def _crash_postgres(self) -> str:
        assert self.scene.postgres is not None
        self.scene.postgres.crash()
        time.sleep(self.dice.uniform(0, MOST_DOWN))
        for_good(self.scene.postgres.start)
        return "PostgreSQL, at once"
