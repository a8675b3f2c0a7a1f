"""Limits how many downloads stream at the same time in a process, so that unread ones leave threads for pages."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

STREAMS = 6
"""Of the threads in gunicorn_config.py. An unread download is given up after 20 s (paced_socket.py)."""
BUSY = "Too many downloads are running. Try again in a minute.\n"


class StreamSlots:
    """Middleware. Stands behind WhiteNoise, whose files are small and not counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._slots = threading.BoundedSemaphore(STREAMS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.streaming or request.method == "HEAD":
            return response
        if not self._slots.acquire(blocking=False):  # to wait would hold the very threads that this spares
            response.close()
            return HttpResponse(BUSY, status=503, content_type="text/plain", headers={"Retry-After": "30"})
        response._resource_closers.append(self._slots.release)  # type: ignore[attr-defined]
        return response
