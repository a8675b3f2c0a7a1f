"""Temporary outages: the disk is full, or the database is locked or unreachable.

Nothing is lost: committed data stays, workers wait and continue. Pages say so with status 503.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.defaults import server_error as plain_server_error

from batchsite.processes.database_errors import Trouble, trouble_of

FULL = "The server's disk is full"
LOCKED = "The database is busy"
AWAY = "The database does not answer"
MEMORY = "The server ran out of memory for this page"
_ADVICE = {
    FULL: "Ask whoever runs batchsite to make room.",
    LOCKED: "Another process is using it right now. Try again in a moment.",
    MEMORY: "Try again in a moment, with fewer rows or columns if you can choose them.",
    AWAY: "Try again in a moment. If it stays, tell whoever runs batchsite; manage.py doctor says why.",
}
_OF_DATABASE = {Trouble.FULL: FULL, Trouble.LOCKED: LOCKED, Trouble.AWAY: AWAY}
"""A damaged database does not pass."""
A_MOMENT = 0.3
"""Seconds that a page waits for an optional write."""
AGAIN = "10"
"""Seconds after which a browser may ask again."""


def outage_of(error: BaseException | None) -> str:
    """FULL, LOCKED or AWAY if that is the cause of the error. Otherwise empty."""
    while error is not None:
        if outage := _outage_in(error):
            return outage
        error = error.__cause__ or error.__context__
    return ""


def _outage_in(error: BaseException) -> str:
    if is_disk_full(error):
        return FULL
    trouble = trouble_of(error)
    return _OF_DATABASE.get(trouble, "") if trouble else ""


def is_disk_full(error: BaseException) -> bool:
    """Whether the system, SQLite or PostgreSQL reports that no room is left."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return trouble_of(error) is Trouble.FULL


def write_if_possible(write: Callable[[], object]) -> None:
    """Does an optional write of a page. Skips it if the disk is full or the database is locked.

    So a page that only reads is still shown, and soon; the next page writes.
    """
    try:
        with _busy_timeout_of(A_MOMENT), transaction.atomic():
            write()
    except OperationalError as error:
        if outage_of(error) not in {FULL, LOCKED}:
            raise


@contextmanager
def _busy_timeout_of(seconds: float) -> Iterator[None]:
    """Limits how long SQLite waits for another writer. PostgreSQL locks single rows, which are held briefly."""
    if connection.vendor != "sqlite":
        yield
        return
    usual = _busy_timeout()
    _busy_timeout(int(1000 * seconds))
    try:
        yield
    finally:
        _busy_timeout(usual)  # Django may have opened a new connection meanwhile


def _busy_timeout(milliseconds: int | None = None) -> int:
    """Sets how long SQLite waits for another writer, if a value is given. Returns the current value."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" + ("" if milliseconds is None else f"={milliseconds}"))
        return int(cursor.fetchone()[0])


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an uncaught exception: 503 with an explanation for an outage or too little memory, otherwise 500."""
    error = sys.exc_info()[1]
    outage = MEMORY if isinstance(error, MemoryError) else outage_of(error)
    if not outage:
        return plain_server_error(request)
    headers = {"Retry-After": AGAIN, "Cache-Control": "no-store"}
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": f"{outage}. {_ADVICE[outage]}"}, status=503, headers=headers)
    # Without the request, as the context processors would ask the database.
    page = loader.get_template("503.html").render({"what": outage, "does": _ADVICE[outage]})
    return HttpResponse(page, status=503, headers=headers)
