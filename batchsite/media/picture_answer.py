"""How pictures are served: only those that we made, with their true type, and nothing that a browser might run."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase

KEPT = "private, max-age=86400"
Answer = TypeVar("Answer", bound=HttpResponseBase)


def picture_answer(webp: bytes | memoryview) -> HttpResponse:
    """Returns a WebP of our own making. It is private to the person and to this site."""
    return only_shown(HttpResponse(bytes(webp), content_type="image/webp"))


def only_shown(answer: Answer) -> Answer:
    """Returns the answer with headers that let a browser show it as what it is, and do nothing else with it."""
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Content-Disposition"] = "inline"
    answer["Cache-Control"] = KEPT
    return answer
