"""Troubles that pass by themselves, in words: the disk is full, the database is locked or away.

Nothing is lost for them: what is written stands, workers wait and go on. The pages say so instead of "error 500".
"""

from __future__ import annotations

import errno
import sys

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
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
AGAIN = "10"
"""Seconds after which to ask again."""


def trouble(error: BaseException | None) -> str:
    """FULL, LOCKED or AWAY where that is what the error, or what caused it, comes from; else empty."""
    while error is not None:
        if found := _trouble(error):
            return found
        error = error.__cause__ or error.__context__
    return ""


def _trouble(error: BaseException) -> str:
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


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an exception that nobody caught: 503 in words for a trouble that passes, else 500."""
    what = trouble(sys.exc_info()[1])
    if not what:
        return broken(request)
    headers = {"Retry-After": AGAIN, "Cache-Control": "no-store"}
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": f"{what}. {_DO[what]}"}, status=503, headers=headers)
    # Without the request: the context of a usual page asks the database.
    page = loader.get_template("503.html").render({"what": what, "does": _DO[what]})
    return HttpResponse(page, status=503, headers=headers)
