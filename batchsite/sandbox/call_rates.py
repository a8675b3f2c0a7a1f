"""What direct completions may be made in a minute, and the headers that say what is left of it (facts 1.1, 5)."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from batchsite.sandbox.sandbox_settings import Settings

WINDOW_US = 60_000_000


@dataclass(frozen=True)
class Rates:
    """Limits and what is left of them, for one team."""

    requests: int
    requests_left: int
    tokens: int
    tokens_left: int

    def headers(self) -> tuple[tuple[str, str], ...]:
        """There is no header that says when more is allowed."""
        return (
            ("x-ratelimit-limit-requests", str(self.requests)),
            ("x-ratelimit-remaining-requests", str(self.requests_left)),
            ("x-ratelimit-limit-tokens", str(self.tokens)),
            ("x-ratelimit-remaining-tokens", str(self.tokens_left)),
        )


class CallRates:
    """The calls of the last minute by team, in memory: a restart forgets them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[tuple[int, int]]] = defaultdict(deque)

    def left(self, team: str, now: int, settings: Settings) -> Rates:
        """Returns what the team may still ask for at `now`."""
        with self._lock:
            calls = self._calls[team]
            while calls and calls[0][0] <= now - WINDOW_US:
                calls.popleft()
            requests, tokens = int(settings.requests_per_minute), int(settings.tokens_per_minute)
            used = sum(each for _, each in calls)
            return Rates(requests, max(0, requests - len(calls)), tokens, max(0, tokens - used))

    def count(self, team: str, now: int, tokens: int) -> None:
        with self._lock:
            self._calls[team].append((now, tokens))
