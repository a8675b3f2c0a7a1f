"""One step at a time on one row, however many workers run.

    with claimed(Submission, pk) as claim:      # raises Busy while another process holds the row
        ...network...
        with claim.locked() as submission:      # a transaction; raises LeaseLost if another process took over
            ...write...
        claim.next_look_at = soon               # None: nothing is left to do

A lease is taken by compare-and-set and runs out by itself, so a killed process does not hold a row for long. Every
transaction of a step verifies the lease under the row's lock: a process that was merely slow cannot overwrite what
its successor wrote.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db import Error, transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils import timezone

from batchsite.processes.heartbeats import stopping
from batchsite.processes.models import Work
from batchsite.processes.outages import outage_of

log = logging.getLogger(__name__)
W = TypeVar("W", bound=Work)

LEASE = timedelta(seconds=50)
"""Longer than any single call of a step (the client gives up after 40 s). Work goes on within a minute of a crash."""
MOST_TRIES = 8
"""Steps that may begin in a row without one ending before a person has to look."""


class Busy(Exception):
    """Another process holds this row. Not an error."""


class LeaseLost(Exception):
    """The lease ran out and another process took it. What this step has not written is dropped."""


class Claim(Generic[W]):
    """A lease that is held. `next_look_at` is written when the step ends, unless it was changed meanwhile."""

    def __init__(self, model: type[W], pk: int, token: str, tries: int, was_due: datetime | None) -> None:
        self.model, self.pk, self.token, self.tries, self.was_due = model, pk, token, tries, was_due
        self.next_look_at: datetime | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[W]:
        """The row, fresh and locked, in a transaction that also extends the lease.

        Raises LeaseLost. Save only the fields that changed (`save(update_fields=…)`).
        """
        with transaction.atomic():
            self.extend()  # from here on the row is locked
            yield self.model._default_manager.get(pk=self.pk)

    def extend(self) -> None:
        """Keeps the lease for another `LEASE`. Raises LeaseLost."""
        held = self.model._default_manager.filter(pk=self.pk, lease_token=self.token)
        if not held.update(lease_until=timezone.now() + LEASE):
            raise LeaseLost(f"{self.model.__name__} {self.pk}")

    def release(self, *, ended: bool) -> None:
        """Gives the row back. A step that `ended` resets the count of tries.

        If somebody asked for another step while this one ran (a person cancels), their `next_look_at` stays.
        """
        look = Case(
            When(next_look_at=self.was_due, then=Value(self.next_look_at, DateTimeField())),
            default=F("next_look_at"),
        )
        values: dict[str, object] = {"lease_token": "", "lease_until": None, "next_look_at": look}
        if ended:
            values["tries"] = 0
        self.model._default_manager.filter(pk=self.pk, lease_token=self.token).update(**values)


def claim(model: type[W], pk: int) -> Claim[W]:
    """Takes the lease on a row. Raises Busy if it is held, the row is gone, or this worker is stopping."""
    if stopping():
        raise Busy(f"{model.__name__} {pk}: this worker is stopping")
    token, now = secrets.token_hex(16), timezone.now()
    row = model._default_manager.filter(pk=pk)
    seen = row.values_list("next_look_at", "tries").first()
    taken = row.filter(free(now)).update(lease_token=token, lease_until=now + LEASE, tries=F("tries") + 1)
    if seen is None or not taken:
        raise Busy(f"{model.__name__} {pk}")
    was_due, tries = seen
    return Claim(model, pk, token, tries + 1, was_due)


def free(now: datetime) -> Q:
    """Selects rows that no process holds, or whose lease has run out."""
    return Q(lease_token="") | Q(lease_until__lt=now) | Q(lease_until=None)


@contextlib.contextmanager
def claimed(model: type[W], pk: int) -> Iterator[Claim[W]]:
    """`claim`, released at the end. A step that raises is due again later, with a growing delay while it fails."""
    held = claim(model, pk)
    try:
        yield held
    except LeaseLost:
        log.warning("lease lost", extra={"row": f"{model.__name__} {pk}"})
        raise
    except BaseException as error:
        is_outage = bool(outage_of(error))  # a full disk or a database that is away is not the step's fault
        _log_failure(error, is_outage=is_outage)
        held.next_look_at = timezone.now() + backoff(held.tries)
        with contextlib.suppress(Error):  # then the lease runs out by itself
            held.release(ended=is_outage)
        raise
    held.release(ended=True)


def _log_failure(error: BaseException, *, is_outage: bool) -> None:
    if isinstance(error, Exception):  # and not Ctrl-C
        reason = [*str(error).splitlines(), ""][0]
        name = type(error).__name__
        log.warning("a step failed and will be repeated: %s: %s", name, reason, exc_info=not is_outage)


def backoff(tries: int) -> timedelta:
    """Delay after the nth failure in a row: 2 s, doubled each time, at most five minutes."""
    return timedelta(seconds=min(300, 2 ** min(tries, 10)))
