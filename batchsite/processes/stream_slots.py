"""Limits how many downloads stream at the same time in a process, so that unread ones leave threads for pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

STREAMS = 6
"""Of the threads in gunicorn_config.py. An unread download is given up after 20 s (paced_socket.py)."""
BUSY = "Too many downloads are running. Try again in a minute.\n"


View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def streams(view: View) -> View:
    """Marks a view that answers with a file: without a free slot it is refused before it does any work.

    Otherwise two hundred openings of a link, all refused, delayed a page by 4.6 s.
    """
    view.streams = True  # type: ignore[attr-defined]
    return view


class StreamSlots:
    """Middleware. Stands behind WhiteNoise, whose files are small and not counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._slots = threading.BoundedSemaphore(STREAMS)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], *_: Any
    ) -> HttpResponseBase | None:
        if not getattr(view, "streams", False) or request.method == "HEAD":
            return None
        if not self._slots.acquire(blocking=False):
            return _busy()
        request.has_stream_slot = True  # type: ignore[attr-defined]
        return None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        has_slot = getattr(request, "has_stream_slot", False)
        if not response.streaming or request.method == "HEAD":
            if has_slot:
                self._slots.release()
            return response
        if not has_slot and not self._slots.acquire(blocking=False):  # to wait would hold the threads that this spares
            response.close()
            return _busy()
        response._resource_closers.append(self._slots.release)  # type: ignore[attr-defined]
        return response


def _busy() -> HttpResponse:
    return HttpResponse(BUSY, status=503, content_type="text/plain", headers={"Retry-After": "30"})
