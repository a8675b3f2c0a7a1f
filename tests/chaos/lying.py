"""Faults at random, each for some seconds: of the network, the provider, the account, and the database of the site.

What a provider says for a while and then takes back lasts for less than our patience with it (tests/hasty_settings.py):
beyond patience even a true provider would be believed too early.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from tests.chaos.actor import Actor
from tests.chaos.scene import Scene
from tests.chaos.tally import Tally
from tests.hasty import clock

CALLS = ("create", "add", "get", "list", "requests", "results", "cancel", "chat", "deferred")
READS = ("get", "list", "requests", "results", "deferred")
Rule = dict[str, Any]
Family = tuple[Callable[[random.Random], Rule], int, tuple[float, float]]


def network(dice: random.Random) -> Rule:
    """One of the ways in which a call can go wrong on its way."""
    applied = dice.random() < 0.5
    return dice.choice(
        (
            {"what": "lost_reply", "call": dice.choice(CALLS), "applied": applied, "reset": dice.random() < 0.5},
            {"what": "reset", "call": dice.choice(("add", "create", *READS))},
            {"what": "truncate", "call": dice.choice(("create", *READS)), "honest": dice.random() < 0.5},
            {"what": "timeout", "call": dice.choice(CALLS), "seconds": 6.0, "applied": applied, "times": 5},
            {"what": "applied_late", "call": dice.choice(("create", "add", "cancel")), "seconds": 3.0},
            {"what": "trickle", "call": dice.choice(READS), "seconds": 0.05, "pieces": 10},
            {"what": "not_json", "call": dice.choice(CALLS), "applied": applied},
            {
                "what": "html",
                "call": dice.choice(CALLS),
                "status": dice.choice((502, 503, 200, 403, 400)),
                "applied": applied,
            },
            {
                "what": "status",
                "call": dice.choice(("any", *CALLS)),
                "status": dice.choice((429, 429, 500, 502, 503, 529)),
                "form": dice.choice(("json", "text")),
                "retry_after": dice.choice(("", "1")),
            },
        )
    ) | {"probability": dice.choice((0.1, 0.3, 0.7))}


def provider(dice: random.Random) -> Rule:
    """One of the ways in which the provider can lie about what it has."""
    return dice.choice(
        (
            {"what": "counters_zero", "seconds": 3.0},
            {"what": "counters_missing", "seconds": 3.0},
            {"what": "results_trail", "seconds": 3.0},
            {"what": "not_visible", "seconds": 4.0, "share": 0.3},
            {"what": "duplicate_rows", "share": 0.3},
            {"what": "stranger_rows", "count": 3},
            {"what": "requests_lag", "seconds": 2.0},
            {"what": "cancelled_hidden"},
            {"what": "cancel_reverts", "seconds": 2.0},
            {"what": "cursor_repeats", "call": dice.choice(("results", "requests", "list")), "probability": 0.3},
            {"what": "drop_add", "probability": 0.2},
            {"what": "late_rows"},
        )
    )


def rows(dice: random.Random) -> Rule:
    """Rows that do not come to a good end, or batches that do not."""
    envelope = dice.choice(("a", "b", "c", "d", "d-text", "e", "f", "f-unknown", "mixed"))
    return dice.choice(
        (
            {"what": "fail_rows", "share": dice.choice((0.02, 0.3, 1.0)), "envelope": envelope, "batches": 1},
            {"what": "fail_rows", "share": 0.1, "envelope": envelope, "text": "The model is overloaded.", "code": 14},
            {"what": "hang_rows", "share": 0.02},
            {"what": "refuse_model", "times": 2},
            {"what": "vanish", "call": dice.choice(("get", "results", "add")), "times": 1},
            {"what": "expire", "call": "get", "times": 1, "results": dice.choice(("readable", "gone"))},
            {"what": "cancel_by_xai", "call": "get", "times": 1, "rows": "kept"},
            {"what": "cancel_by_xai", "call": "create", "times": 1, "rows": "none"},
        )
    )


def account(dice: random.Random) -> Rule:
    form = dice.choice(("429", "403", "new_team", "spending"))
    return dice.choice(({"what": "no_credits", "form": form}, {"what": "key_revoked"}, {"what": "key_blocked"}))


JUMPS = (-40.0, -10.0, 15.0, 70.0)
"""Seconds by which the clock of a machine is wrong for a while."""
FAMILIES: tuple[Family, ...] = (
    (network, 6, (2.0, 10.0)),
    (provider, 5, (5.0, 20.0)),
    (rows, 2, (4.0, 12.0)),
    (account, 1, (1.0, 5.0)),
)
"""(maker, weight, seconds in force)."""
UNLISTED = 6.5
"""Seconds, hastily, for which a new batch may be missing in the list: the first look misses it, the second does not."""
LOSE_A_CREATE = (20.0, 30.0)
"""Seconds, hastily, between two creates whose replies are lost, and whose batches are not listed at first."""
TRAIL = 3.0
"""Seconds after which a provider's lie that was taken back shows nowhere any more."""


class Liar(Actor):
    """Up to a few faults at a time, until it is told to stop; then everything is mended."""

    MOST = 5

    def __init__(self, scene: Scene, tally: Tally, over: threading.Event) -> None:
        super().__init__("liar", scene, tally, over)
        self._in_force: dict[int, tuple[str, float]] = {}
        self._lose_next = 0.0

    def act(self) -> None:
        self._slow_tries()
        while not self.over.wait(self.dice.uniform(0.5, 3)):
            with contextlib.suppress(httpx.HTTPError, OSError):
                self._end_old()
                if not self.scene.plan.is_strict and self.dice.random() < 0.04:
                    self._jump()
                if len(self._in_force) < self.MOST:
                    self._begin(FAMILIES)
                if time.monotonic() > self._lose_next:
                    self._lose_a_create()
            if self.scene.postgres is None and self.dice.random() < 0.05:
                self._lock_database(self.dice.uniform(0.5, 4))
        self.mend()

    def _slow_tries(self) -> None:
        """Rows that are tried take their time, mostly, so that somebody can be killed meanwhile.

        Not always: a reply has one fault, and this one comes first.
        """
        slow = {"what": "trickle", "call": "chat", "seconds": 0.1, "pieces": 8, "probability": 0.6}
        self.scene.provider.admin("POST", "faults", slow)

    def _jump(self) -> None:
        """The clock of one machine is set wrong for some seconds, and right again."""
        self.mend()
        self._slow_tries()
        self.over.wait(TRAIL)
        file = self.dice.choice(self.scene.sites).data / "run" / clock.FILE
        file.write_text(str(self.dice.choice(JUMPS)))
        until = time.monotonic() + self.dice.uniform(3, 9)
        self.tally.count(self.tally.lies, "clock jumped")
        while time.monotonic() < until and not self.over.wait(1):
            self._end_old()
            if len(self._in_force) < self.MOST:
                self._begin(tuple(family for family in FAMILIES if family[0] is not provider))
        file.unlink()
        self.tally.count(self.tally.hits, "clock jumped")

    def _begin(self, families: Sequence[Family]) -> None:
        [(make, _, seconds)] = self.dice.choices(families, [weight for _, weight, _ in families])
        self._script({**make(self.dice), "seed": self.dice.randrange(10**6)}, self.dice.uniform(*seconds))

    def _lose_a_create(self) -> None:
        """The reply to the next create is lost, and who looks for its batch by its name does not find it at first."""
        slower = self.scene.plan.slower
        seconds = self.dice.uniform(*LOSE_A_CREATE) * slower
        self._lose_next = time.monotonic() + seconds
        self._script({"what": "lost_reply", "call": "create", "applied": True, "times": 1}, seconds)
        self._script({"what": "unlisted", "seconds": UNLISTED * slower, "reads": 1}, seconds)

    def _script(self, rule: Rule, seconds: float) -> None:
        """Put a fault into force for so long."""
        number = int(self.scene.provider.admin("POST", "faults", rule)["numbers"][0])
        self._in_force[number] = (rule["what"], time.monotonic() + seconds)
        self.tally.count(self.tally.lies, rule["what"])

    def _end_old(self) -> None:
        now = time.monotonic()
        for number in [number for number, (_, until) in self._in_force.items() if now > until]:
            self._end(number)

    def _end(self, number: int) -> None:
        what, _ = self._in_force[number]
        rules = self.scene.provider.admin("GET", "faults")["faults"]
        hits = sum(rule["hits"] for rule in rules if rule["number"] == number)
        self.scene.provider.admin("DELETE", f"faults/{number}")
        del self._in_force[number]
        self.tally.count(self.tally.hits, what, hits)

    def _lock_database(self, seconds: float) -> None:
        """Somebody copies the file, or looks into it with a tool, for longer than a worker waits."""
        with contextlib.suppress(sqlite3.Error):
            file = sqlite3.connect(self.scene.data / "db.sqlite3", isolation_level=None, timeout=5)
            with contextlib.closing(file):
                file.execute("BEGIN EXCLUSIVE")
                self.over.wait(seconds)
                file.execute("ROLLBACK")
            self.tally.count(self.tally.lies, "database locked")
            self.tally.count(self.tally.hits, "database locked")

    def mend(self) -> None:
        """No faults from now on."""
        for number in list(self._in_force):
            with contextlib.suppress(httpx.HTTPStatusError):
                self._end(number)
        self.scene.provider.admin("DELETE", "faults")
