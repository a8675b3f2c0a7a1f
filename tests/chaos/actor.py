"""Who acts until told to stop."""

from __future__ import annotations

import random
import threading

from tests.chaos.scene import Scene
from tests.chaos.tally import Tally


class Actor(threading.Thread):
    """A thread with dice of its own. What it starts, it starts `for_good` (see scene.py)."""

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

    def act(self) -> None:
        """Until `over` is set."""
        raise NotImplementedError
