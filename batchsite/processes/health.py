"""Health checks for a load balancer. See docs/operations.md, "Health"."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from batchsite.processes.heartbeats import seconds_since_beat
from batchsite.processes.queue import QUEUES

log = logging.getLogger(__name__)


def live(request: HttpRequest) -> JsonResponse:
    """Always 200: this process answers."""
    return _answer({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """200 if this process can serve pages, otherwise 503 with the reason.

    The seconds since the last heartbeat of each queue's workers are included and do not change the status, as pages are
    served without workers.
    """
    try:
        missing = missing_migrations()
        beats = {} if missing else {queue: seconds_since_beat(queue) for queue in QUEUES}
    except Error as error:
        log.warning("not ready, the database does not answer: %s", [*str(error).splitlines(), ""][0])
        return _answer({"ready": False, "database": "does not answer"}, 503)
    if missing:
        return _answer({"ready": False, "database": "answers", "migrations": f"{missing} are missing"}, 503)
    workers = {queue: None if seconds is None else round(seconds, 1) for queue, seconds in beats.items()}
    return _answer(
        {"ready": True, "database": "answers", "migrations": "applied", "seconds_since_a_worker_beat": workers}
    )


def _answer(facts: dict[str, object], status: int = 200) -> JsonResponse:
    return JsonResponse(facts, status=status, headers={"Cache-Control": "no-store"})


_migrated = False
"""Once all migrations are applied, they stay so while this process runs."""


def missing_migrations() -> int:
    """The number of this version's migrations that are not applied. Raises what the database raises."""
    global _migrated
    if _migrated:
        return 0
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    _migrated = not missing
    return missing


def is_new() -> bool:
    """Whether the database is empty. Raises what the database raises."""
    return not connection.introspection.table_names()


class HealthFirst:
    """Answers health checks before the host name is checked: load balancers ask by address, and in plain HTTP."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = {"/healthz": ready, "/healthz/live": live}.get(request.path_info)
        return view(request) if view else self.get_response(request)
