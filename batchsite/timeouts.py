"""How long to wait for what, in seconds. Tests shorten the times through `settings.TIMEOUTS`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True)
class PipelineTimeouts:
    """Seconds. The defaults are what production uses."""

    step: float = 8
    """A step stops after this long and continues when it is due again, so that other submissions get a worker."""
    call: float = 40
    """A call to the provider, its quick retries included. Must be shorter than a lease."""
    call_retries: int = 2
    completion: float = 90
    """One completion in real time; the caller keeps its lease meanwhile."""
    first_look: float = 2
    """From the last add to the first poll; after that `next_look` sets the pace."""
    poll: float = 10
    poll_later: float = 30
    """Once a batch is ten minutes old."""
    poll_idle: float = 120
    """Once nothing has changed for an hour."""
    after_unknown: float = 45
    """From a call whose outcome is unknown until we look whether it was applied. Longer than `call`: a call that
    timed out here may still be applied there while its connection lives."""
    look_twice: float = 30
    """Between the two looks that must both miss a batch or a row before it is sent again. With `after_unknown` longer
    than any call, whose last wait for the reply may go beyond `call`."""
    zero_counters: float = 120
    """Counters may stay at zero this long after an add before the list of requests is read (facts 2.11)."""
    cancel_settles: float = 90
    """Counters of a cancelled batch must stand still this long: they can go backwards (facts 2.9)."""
    deferred_kept: float = 24 * 3600
    """xAI keeps the answer of a deferred completion this long (facts 5)."""
    deferred_after_cancel: float = 600
    """So long after a cancel running completions are waited for: they are billed, and cannot be called back."""
    results_trail: float = 900
    """Results may trail the counters this long before the missing ones are looked for (facts 2.7)."""
    vanished: float = 600
    """A batch must be unknown to the provider this long before it counts as gone."""
    unmoved: float = 600
    """After this long without a change the page offers to finish with the answers that are there."""
    stalled: float = 3600
    """After this long without a change a batch needs attention."""
    no_worker: float = 13
    """Without a sign of life of a worker for this long, a page says that nothing is being worked on. It polls every two
    seconds, so that it is said within 15."""
    held_probe: float = 60
    """A held batch is tried again after this long, then ever less often."""
    held_is_news: float = 180
    """A hold that lasts this long is told to people; most end by themselves before."""
    bundle: float = 20
    """What happens so soon after another thing goes into the same mail."""
    between_mails: float = 600
    between_messages: float = 60
    """What happens within this time goes into one message of a chat."""
    delivery: float = 15
    """A server that is sent a webhook answers within this time."""
    fetch: float = 900
    """A table fetched from a web address, redirects included."""
    fetch_head: float = 30
    """The head of an answer is there by then; shorter than a lease."""
    fetch_idle: float = 20
    """A web server may be silent for this long."""
    longest: float = 300
    """The longest wait between two tries of something that keeps failing."""


def timeouts() -> PipelineTimeouts:
    """Returns the times in force."""
    configured: PipelineTimeouts = getattr(settings, "TIMEOUTS", _DEFAULT)
    return configured


_DEFAULT = PipelineTimeouts()


def soon(seconds: float) -> datetime:
    """Returns the time `seconds` from now, give or take a tenth, so that many batches are not polled at once."""
    return timezone.now() + timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311


def next_look(age: float, idle: float) -> float:
    """Returns seconds until the next poll of a batch sent `age` seconds ago that last changed `idle` seconds ago."""
    wait = timeouts()
    if idle > 3600:
        return wait.poll_idle
    if age > 600:
        return wait.poll_later
    return min(wait.poll, max(wait.first_look, age / 4))


def doubling(first: float, tries: int) -> float:
    """Returns `first` seconds, doubled with each try, at most the longest wait."""
    return float(min(timeouts().longest, first * 2 ** min(tries, 12)))
