"""What views share: the request that middleware has completed, and answers for htmx and for plain browsers."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

UNPROCESSABLE = 422
"""The status of a page whose form has errors: htmx swaps it, and nothing takes it for a success."""


def pulse_of(*seen: Any) -> str:
    """Changes when anything of what a fragment shows does. A poll that has it already gets no more than "the same"."""
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def the_same(request: HttpRequest, pulse: str) -> HttpResponse | None:
    """An answer that leaves everything as it is, where the browser shows that already (`had` of the address)."""
    return HttpResponse(status=204) if request.GET.get("had") == pulse else None


def next_url(request: HttpRequest) -> str:
    """Where `next` of the form or the address wants to go, if that is a page of ours; else the dashboard."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else reverse("home")


def words_of(text: str | None) -> str:
    """Text of an address as a database can be asked for it: PostgreSQL takes no NUL."""
    return (text or "").replace("\0", "").strip()


def whole_number(text: str | None) -> int | None:
    """A positive whole number of an address or a form, small enough for every database; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) <= 18 and int(text) else None
