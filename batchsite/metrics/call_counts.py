"""Counts the calls to xAI that the client logs, and adds them to the database from time to time."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter

from django.db import Error, connection, transaction

FLUSH_SECONDS = 10.0
_WORD = re.compile(r"[a-z]+(-[a-z]+)*")


class CallCounter(logging.Handler):
    """A handler of the client's logger. A process that is killed loses what it counted since it last wrote."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._milliseconds: Counter[tuple[str, str]] = Counter()
        self._written_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        operation = getattr(record, "call_operation", None)
        if operation is None:
            return
        key = (operation_of(operation), str(record.__dict__["call_outcome"]))
        self._counts[key] += 1
        self._milliseconds[key] += round(record.__dict__["call_milliseconds"])
        self.write_if_due()

    def write_if_due(self) -> None:
        """Writes if the last time is long enough ago. Called after every call, and after every task of a worker."""
        if time.monotonic() - self._written_at >= FLUSH_SECONDS and _may_write():
            self._written_at = time.monotonic()
            self.write()

    def write(self) -> None:
        """Adds what was counted to the database. Keeps it for the next time if the database does not answer."""
        counts, milliseconds = self._counts.copy(), self._milliseconds.copy()
        try:
            _add(counts, milliseconds)
        except Error:
            return
        self._counts.subtract(counts)
        self._milliseconds.subtract(milliseconds)


def write_what_is_due(**_: object) -> None:
    """Writes the counters of this process: one that makes no more calls would keep its last ones."""
    for handler in logging.getLogger("batchsite.xai").handlers:
        if isinstance(handler, CallCounter):
            handler.write_if_due()


def operation_of(call: str) -> str:
    """Returns `GET /batches/batch_1/results` with `*` for ids, so that the kinds of calls are few."""
    method, _, path = call.partition(" ")
    return f"{method} {'/'.join(_without_id(part) for part in path.strip('/').split('/'))}"[:80]


def _without_id(part: str) -> str:
    name, colon, verb = part.partition(":")
    return (name if _WORD.fullmatch(name) else "*") + colon + verb


def _may_write() -> bool:
    """Whether it may write here: in the main thread, and never inside another transaction."""
    return threading.current_thread() is threading.main_thread() and not connection.in_atomic_block


def _add(counts: Counter[tuple[str, str]], milliseconds: Counter[tuple[str, str]]) -> None:
    from batchsite.metrics.models import ProviderCalls

    with transaction.atomic():
        for operation, outcome in sorted(key for key, count in counts.items() if count):  # one order for all
            row, _ = ProviderCalls.objects.select_for_update(no_key=True).get_or_create(
                operation=operation, outcome=outcome
            )
            row.count += counts[operation, outcome]
            row.milliseconds += milliseconds[operation, outcome]
            row.save()
