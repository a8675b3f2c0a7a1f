"""A clock that tests move: ours and the sandbox's go on together, so that no test sleeps for a timeout.

`time.monotonic` stays real, and with it the timeouts of sockets and the time budget of a step.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import time_machine
from django.utils import timezone

from tests.sandboxes import Sandbox

PAUSE = 0.005
"""Seconds to sleep where the clock is the real one."""


class Clock:
    """The time of this process, and of the sandbox that answers it."""

    def __init__(self, sandbox: Sandbox, travel: time_machine.Traveller) -> None:
        self._sandbox, self._travel = sandbox, travel

    def move(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._travel.shift(timedelta(seconds=seconds))
        self._sandbox.advance(seconds)


_in_force: list[Clock] = []


@contextlib.contextmanager
def moved_clock(sandbox: Sandbox) -> Iterator[Clock]:
    """Within it, `wait_until` moves the clock instead of waiting."""
    with time_machine.travel(datetime.now(UTC), tick=True) as travel:
        _in_force.append(Clock(sandbox, travel))
        try:
            yield _in_force[-1]
        finally:
            _in_force.pop()


def wait_until(moment: datetime | None) -> None:
    """Returns when it is `moment`: at once, by moving the clock. Where that is real, returns after a pause."""
    if not _in_force or moment is None:
        time.sleep(PAUSE)
        return
    seconds = (moment - timezone.now()).total_seconds()
    if seconds > 0:
        _in_force[-1].move(seconds + 0.001)
