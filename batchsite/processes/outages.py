"""Troubles that pass by themselves, in words: the disk is full, the database is locked or away.

Nothing is lost for them: what is written stands, workers wait and go on. The pages say so instead of "error 500".
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.defaults import server_error as broken

FULL = "The server's disk is full"
LOCKED = "The database is busy"
AWAY = "The database does not answer"
_DO = {
    FULL: "Ask whoever runs batchsite to make room.",
    LOCKED: "Another process holds it just now. Try again in a moment.",
    AWAY: "Try again in a moment. If it stays, tell whoever runs batchsite; `manage.py doctor` says why.",
}
_FULL_SIGNS = ("disk is full", "No space left", "disk I/O error")  # SQLite says the last where its WAL cannot grow
A_MOMENT = 0.3
"""Seconds that a page waits to write what it could do without."""
AGAIN = "10"
"""Seconds after which to ask again."""


def outage_of(error: BaseException | None) -> str:
    """FULL, LOCKED or AWAY where that is what the error, or what caused it, comes from; else empty."""
    while error is not None:
        if found := _outage_in(error):
            return found
        error = error.__cause__ or error.__context__
    return ""


def _outage_in(error: BaseException) -> str:
    words = str(error)
    if is_disk_full(error):
        return FULL
    if not isinstance(error, OperationalError | InterfaceError) or "no such" in words:
        return ""  # a table that is not there is no trouble that passes
    return LOCKED if "locked" in words or "lock timeout" in words else AWAY


def is_disk_full(error: BaseException) -> bool:
    """Whether the system, SQLite or PostgreSQL says that there is no room left."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return isinstance(error, OperationalError) and any(sign in str(error) for sign in _FULL_SIGNS)


def write_if_possible(write: Callable[[], object]) -> None:
    """Do what a page writes beside what it shows; leave it out where the disk is full or the database is held.

    Who only reads still reads then, and does not wait for long; the next page writes it.
    """
    try:
        with _patient_for(A_MOMENT), transaction.atomic():
            write()
    except OperationalError as error:
        if outage_of(error) not in {FULL, LOCKED}:
            raise


@contextmanager
def _patient_for(seconds: float) -> Iterator[None]:
    """SQLite waits only so long for another writer. PostgreSQL locks single rows, and we hold those but shortly."""
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
    """How long SQLite waits for another writer from now on; as it is where nothing is given."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" + ("" if milliseconds is None else f"={milliseconds}"))
        return int(cursor.fetchone()[0])


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an exception that nobody caught: 503 in words for a trouble that passes, else 500."""
    what = outage_of(sys.exc_info()[1])
    if not what:
        return broken(request)
    headers = {"Retry-After": AGAIN, "Cache-Control": "no-store"}
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": f"{what}. {_DO[what]}"}, status=503, headers=headers)
    # Without the request: the context of a usual page asks the database.
    page = loader.get_template("503.html").render({"what": what, "does": _DO[what]})
    return HttpResponse(page, status=503, headers=headers)
