"""How pictures are served: only those that we made, as what they are, and nothing that a browser might run."""

from __future__ import annotations

from django.http import HttpResponse

KEPT = "private, max-age=86400"


def picture_answer(webp: bytes | memoryview) -> HttpResponse:
    """Returns a WebP of our own making. It is private to the person and to this site."""
    answer = HttpResponse(bytes(webp), content_type="image/webp")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Content-Disposition"] = "inline"
    answer["Cache-Control"] = KEPT
    return answer
