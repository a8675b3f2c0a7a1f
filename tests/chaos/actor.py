"""Who acts until told to stop: a thread that stays for as long as the processes that it started shall live."""

from __future__ import annotations

import random
import threading

from tests.chaos.scene import Scene
from tests.chaos.tally import Tally


class Actor(threading.Thread):
    """Linux ends a child that dies with its parent when the *thread* that started it ends: so this one stays."""

    def __init__(self, name: str, scene: Scene, tally: Tally, over: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.scene, self.tally, self.over = scene, tally, over
        self.dice = random.Random(f"{scene.plan.seed} {name}")
        self.acted = threading.Event()
        self.failed = False

    def run(self) -> None:
        try:
            self.act()
        except BaseException:
            self.failed = True
            raise
        finally:
            self.acted.set()
            self.scene.left.wait()

    def act(self) -> None:
        """Until `over` is set."""
        raise NotImplementedError
