"""How long to wait for what, in seconds. One list; tests shorten it through `settings.PATIENCE`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True)
class Patience:
    step: float = 8
    """A step ends after this long and goes on in its next turn, so that others get theirs."""
    call: float = 40
    """A call to the provider, with its own quick retries. Shorter than a lease."""
    call_retries: int = 2
    completion: float = 90
    """One answer in real time; whoever waits for it holds on to their lease meanwhile."""
    first_look: float = 2
    """From the last add to the first look; then the pace of `next_look`."""
    poll: float = 10
    poll_later: float = 30
    """Once a batch is ten minutes old."""
    poll_idle: float = 120
    """Where nothing has moved for an hour."""
    after_unknown: float = 2
    """Between a call whose outcome is unknown and the look whether it was applied."""
    zero_counters: float = 120
    """Counters may be zero for so long after an add before we look closer (facts 2.11)."""
    cancel_settles: float = 90
    """Counters of a cancelled batch must stand still for so long: they can go backwards (facts 2.9)."""
    results_trail: float = 900
    """Results may trail the counters for so long before the rest is looked for (facts 2.7)."""
    vanished: float = 600
    """A batch must be unknown to the provider for so long before it counts as gone."""
    stalled: float = 3600
    """Nothing moved for so long: the page says so."""
    held_probe: float = 60
    """A held batch is tried again after this long, then ever later."""
    longest: float = 300
    """Between two tries of whatever keeps failing."""


def patience() -> Patience:
    found: Patience = getattr(settings, "PATIENCE", _DEFAULT)
    return found


_DEFAULT = Patience()


def soon(seconds: float) -> datetime:
    """So many seconds from now, give or take a tenth: many batches should not be looked at in one breath."""
    return timezone.now() + timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311


def next_look(age: float, idle: float) -> float:
    """Seconds until the next look at a batch that was sent `age` ago and moved `idle` ago."""
    wait = patience()
    if idle > 3600:
        return wait.poll_idle
    if age > 600:
        return wait.poll_later
    return min(wait.poll, max(wait.first_look, age / 2))


def doubling(first: float, tries: int) -> float:
    """`first` seconds, doubled with each try, up to the longest wait."""
    return float(min(patience().longest, first * 2 ** min(tries, 12)))
