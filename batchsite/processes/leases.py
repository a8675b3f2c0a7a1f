"""One step at a time on one row, however many workers run.

    with claimed(Submission, pk) as claim:      # None-safe: raises Busy when somebody else is at it
        ...network...
        with claim.locked() as submission:      # a transaction; raises LeaseLost if the lease went to another
            ...write...
        claim.next_look_at = soon

A lease is taken by compare-and-set and runs out by itself, so a killed process holds nothing for long. Every
transaction of a step verifies the lease under the row's lock: a process that was only slow, and is thought
dead, cannot write over its successor.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from batchsite.processes.models import Work

log = logging.getLogger(__name__)
W = TypeVar("W", bound=Work)

LEASE = timedelta(seconds=50)
"""Longer than any single call of a step (the client gives up after 40 s); a restart goes on within a minute."""
MOST_TRIES = 8
"""Steps that may begin in a row without one ending, before a person has to look."""


class Busy(Exception):
    """Another process is at this row; it is no error."""


class LeaseLost(Exception):
    """The lease ran out and went to another process; what this step still held is dropped."""


class Claim(Generic[W]):
    """A lease that is held. `next_look_at` is written when the step ends."""

    def __init__(self, model: type[W], pk: int, token: str, tries: int) -> None:
        self.model, self.pk, self.token, self.tries = model, pk, token, tries
        self.next_look_at: datetime | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[W]:
        """The row, fresh and locked, in a transaction that also extends the lease.

        Raises LeaseLost. Save only the fields that changed (`save(update_fields=…)`).
        """
        with transaction.atomic():
            row = self.model._default_manager.select_for_update().filter(pk=self.pk).first()
            if row is None or row.lease_token != self.token:
                raise LeaseLost(f"{self.model.__name__} {self.pk}")
            self.extend()
            yield row

    def extend(self) -> None:
        """Hold on for another `LEASE`. Raises LeaseLost."""
        held = self.model._default_manager.filter(pk=self.pk, lease_token=self.token)
        if not held.update(lease_until=timezone.now() + LEASE):
            raise LeaseLost(f"{self.model.__name__} {self.pk}")

    def release(self, *, ended: bool) -> None:
        """Give the row back. A step that `ended` clears the count of tries."""
        values: dict[str, object] = {
            "lease_token": "",
            "lease_until": None,
            "next_look_at": self.next_look_at,
        }
        if ended:
            values["tries"] = 0
        self.model._default_manager.filter(pk=self.pk, lease_token=self.token).update(**values)


def claim(model: type[W], pk: int) -> Claim[W]:
    """Take the lease on a row. Raises Busy when it is held, or the row is gone."""
    token, now = secrets.token_hex(16), timezone.now()
    free = Q(lease_token="") | Q(lease_until__lt=now) | Q(lease_until=None)
    taken = model._default_manager.filter(free, pk=pk).update(
        lease_token=token, lease_until=now + LEASE, tries=F("tries") + 1
    )
    if not taken:
        raise Busy(f"{model.__name__} {pk}")
    tries = model._default_manager.values_list("tries", flat=True).get(pk=pk)
    return Claim(model, pk, token, tries)


@contextlib.contextmanager
def claimed(model: type[W], pk: int) -> Iterator[Claim[W]]:
    """`claim`, released at the end. A step that raises is looked at again later, ever later while it fails."""
    held = claim(model, pk)
    try:
        yield held
    except LeaseLost:
        log.warning("lease lost", extra={"row": f"{model.__name__} {pk}"})
        raise
    except BaseException:
        held.next_look_at = timezone.now() + backoff(held.tries)
        held.release(ended=False)
        raise
    held.release(ended=True)


def backoff(tries: int) -> timedelta:
    """Wait after the nth failure in a row: 2 s, doubling, at most five minutes."""
    return timedelta(seconds=min(300, 2 ** min(tries, 10)))
