"""Counting over all rows of a batch, slice by slice, in steps of a few seconds that any worker can continue.

A step reads slices outside of any transaction, then stores the tally and how far it got in one. What is shown is
always the last complete count. If what is counted changes in the meantime, the count starts over.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.utils import timezone

from batchsite.processes.bounded_work import end_in_words
from batchsite.processes.leases import Claim
from batchsite.results.models import SlicedWork

STEP_SECONDS = 3.0
"""Longest time that a step keeps beginning new slices."""

W = TypeVar("W", bound=SlicedWork)


class SlicedCount(ABC, Generic[W]):
    """What is counted over rows 1 to `last_row`."""

    @property
    @abstractmethod
    def slice_rows(self) -> int:
        """Rows of a slice."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Changes when a count would."""

    @abstractmethod
    def last_row(self) -> int: ...

    @abstractmethod
    def load(self, tally: dict[str, Any] | None) -> None:
        """Continues a tally that `dump` wrote. None starts a new one."""

    @abstractmethod
    def add(self, first: int, last: int) -> None:
        """Counts rows `first` to `last`."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """Returns the tally as JSON."""

    def on_restart(self, work: W) -> None:
        """Removes what an abandoned count stored. Runs in the transaction of the step."""

    def on_stored(self, work: W) -> None:
        """Stores what belongs to the slices of this step. Runs in its transaction."""

    def on_complete(self, work: W) -> None:
        """The tally is shown from now on. Sets fields of `work`, which the step saves whole."""


def attempt(claim: Claim[W], fingerprint: str, what: str, step: Callable[[], None]) -> None:
    """Runs a step of the count of `fingerprint`; `what` begins the sentence that says why it is given up."""

    def give_up(reason: str) -> None:
        with claim.locked() as fresh:
            fresh.problem, fresh.given_up, fresh.doing = f"{what} {reason}.", fingerprint, ""
            fresh.save(update_fields=["problem", "given_up", "doing"])

    end_in_words(claim, step, give_up)


def begin_again(work: SlicedWork) -> None:
    """Lets a count that was given up be tried again. Only writes the row."""
    values = {"problem": "", "given_up": "", "next_look_at": timezone.now()}
    type(work)._default_manager.filter(pk=work.pk).update(**values)


def advance(claim: Claim[W], work: W, count: SlicedCount[W]) -> bool:
    """Counts for some seconds, at least one slice. Returns whether the count is complete. Raises LeaseLost."""
    fingerprint, last = count.fingerprint(), count.last_row()
    if work.fingerprint == fingerprint:
        return True
    continues = work.doing == fingerprint
    count.load(work.tally if continues else None)
    through = work.through if continues else 0
    deadline, is_begun = time.monotonic() + STEP_SECONDS, False
    while through < last and (not is_begun or time.monotonic() < deadline):
        first, through, is_begun = through + 1, min(through + count.slice_rows, last), True
        count.add(first, through)
    with claim.locked() as fresh:
        if not continues:
            count.on_restart(fresh)
        count.on_stored(fresh)
        fresh.doing, fresh.through, fresh.tally = fingerprint, through, count.dump()
        if through >= last:
            fresh.shown, fresh.tally = fresh.tally, None
            fresh.fingerprint, fresh.doing, fresh.as_of = fingerprint, "", timezone.now()
            count.on_complete(fresh)
        fresh.save(update_fields=fresh.counted_fields)
    return through >= last
