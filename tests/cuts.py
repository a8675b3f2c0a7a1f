"""Cutting a process at every boundary: before and after each call to the provider, and each commit.

A cut is a death: from then on the process does nothing any more. No query reaches the database and no call the
provider, whatever `finally` and `except` blocks try, until `revive` starts the next process on what was committed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.db import connection

from batchsite.asks.models import Ask
from batchsite.batches.models import Submission
from batchsite.datasets.models import Dataset
from batchsite.gallery.models import Harvest
from batchsite.teams import provider_client
from batchsite.trials.models import Trial


class Cut(BaseException):
    """The process died here."""


class Guillotine:
    """Counts boundaries, and cuts at those whose numbers were given."""

    def __init__(self, *at: int) -> None:
        self.at, self.count, self.dead, self.between_lives = frozenset(at), 0, False, False
        self.names: list[str] = []
        self.in_a_step = False
        self._files: list[frozenset[str]] = []

    def different_cuts(self) -> list[int]:
        """Returns the numbers of the boundaries of an uncut life that leave different things behind.

        From after one write or call to before the next one nothing happens that outlives a process, unless a file
        was written or removed: of such neighbours the second is left out.
        """
        numbers = range(1, self.count + 1)
        return [number for number in numbers if not (number > 1 and self._leaves_the_same(number))]

    def _leaves_the_same(self, number: int) -> bool:
        first, second = self.names[number - 2], self.names[number - 1]
        is_pause = first.startswith("after ") and second.startswith("before ")
        return is_pause and self._files[number - 2] == self._files[number - 1]

    def boundary(self, name: str) -> None:
        if self.dead:
            raise Cut(name)
        self.count += 1
        self.names.append(name)
        if not self.at:
            self._files.append(frozenset(str(path) for path in Path(settings.MEDIA_ROOT).rglob("*")))
        if self.count in self.at:
            self.dead = True
            raise Cut(name)

    def expire_leases(self) -> None:
        """Of whoever holds one: the time has come in which a process counts as dead."""
        was, self.between_lives = self.between_lives, True
        for model in (Submission, Dataset, Ask, Trial, Harvest):
            model._default_manager.exclude(lease_token="").update(lease_until="2000-01-01T00:00Z")
        self.between_lives = was

    @contextlib.contextmanager
    def over_everything(self) -> Iterator[None]:
        """Watch this thread's database connection and every call to the provider."""
        with self._over_calls(), self._over_commits(), connection.execute_wrapper(self._over_query):
            yield

    def _over_query(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Outside a transaction every write commits itself."""
        if self.dead:
            raise Cut(sql)
        if (
            self.between_lives
            or connection.in_atomic_block
            or sql.lstrip()[:6].upper() not in {"INSERT", "UPDATE", "DELETE"}
        ):
            return execute(sql, params, many, context)
        self.boundary(f"before {sql[:60]}")
        result = execute(sql, params, many, context)
        self.boundary(f"after {sql[:60]}")
        return result

    @contextlib.contextmanager
    def _over_commits(self) -> Iterator[None]:
        connection.ensure_connection()
        commit = connection._commit  # type: ignore[attr-defined]

        def watched() -> None:
            self.boundary("before commit")
            commit()
            self.boundary("after commit")

        connection._commit = watched  # type: ignore[attr-defined]
        try:
            yield
        finally:
            del connection._commit  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def _over_calls(self) -> Iterator[None]:
        send = httpx.HTTPTransport.handle_request

        def watched(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            if not request.url.path.startswith("/v1/"):
                return send(transport, request)
            self.boundary(f"before {request.method} {request.url.path}")
            response = send(transport, request)
            self.boundary(f"after {request.method} {request.url.path}")
            return response

        httpx.HTTPTransport.handle_request = watched  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            httpx.HTTPTransport.handle_request = send  # type: ignore[method-assign]

    @contextlib.contextmanager
    def to_the_end(self) -> Iterator[None]:
        """A life in which it may be cut: what the dead run into on their way out is not heard by anybody."""
        try:
            yield
        except BaseException:
            if not self.dead:
                raise
            self.revive()

    def revive(self) -> None:
        """A new process on the same database, once the leases of the dead one have run out."""
        if connection.connection is not None:
            connection.connection.close()
            connection.connection = None
        connection.connect()
        provider_client._client.cache_clear()  # with its open connections, which a death does not close in good order
        self.dead = False
        self.expire_leases()


class Sleeper(Guillotine):
    """A process that is not dead: it falls asleep at a boundary, and wakes when its successor has done its work.

    Only in the steps of a worker, and outside of transactions: in one, everybody would wait for it.
    """

    def __init__(self, at: int) -> None:
        super().__init__()
        self._sleeps_at, self._thread, self.slept = at, threading.current_thread(), False
        self.asleep, self.wake = threading.Event(), threading.Event()

    def boundary(self, name: str) -> None:
        if threading.current_thread() is not self._thread or self.wake.is_set() or not self.in_a_step:
            return
        self.count += 1
        self.names.append(name)
        if self.count >= self._sleeps_at and name != "before commit" and not connection.in_atomic_block:
            self.slept = True
            self.asleep.set()
            assert self.wake.wait(60), "nobody woke it"

    def sleeps_in(self, thread: threading.Thread) -> None:
        self._thread = thread
