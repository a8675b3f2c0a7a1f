"""What happened, counted by threads of several kinds."""

from __future__ import annotations

import threading
import time
from collections import Counter

OFTEN = 20
_lock = threading.Lock()


class Tally:
    """Counters of kills, faults, hits and what people did; and when it began."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.kills: Counter[str] = Counter()
        self.lies: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.oddities: Counter[str] = Counter()
        """What went wrong for a person at the moment, and was to be expected: a lost connection, a locked database."""

    def count(self, counter: Counter[str], what: str, times: int = 1) -> None:
        with _lock:
            counter[what] += times

    def idle_faults(self) -> list[str]:
        """Returns a sentence about each fault that was scripted often and never struck: it tested nothing."""
        return [
            f"{what} was scripted {times} times and never struck"
            for what, times in self.lies.items()
            if times >= OFTEN and not self.hits[what]
        ]

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self.began) / 60


def listed(counter: Counter[str]) -> str:
    """`12 ticker, 9 web worker`."""
    return ", ".join(f"{count:,} {what}" for what, count in counter.most_common())
