"""What views share: reading addresses and forms, and answers for htmx."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.http import push_url

MOST_AT_ONCE = 200
"""Entries of a list to which something is done in one request."""
UNPROCESSABLE = 422
"""The status of a page whose form has errors. htmx swaps it in, and clients see that it is no success."""


def fingerprint_of(*shown: Any) -> str:
    """A hash of what a fragment shows. A poll that sends the current one gets an empty answer."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def unchanged(request: HttpRequest, fingerprint: str) -> HttpResponse | None:
    """An empty answer if the browser already shows this state (`had` in the address), otherwise None."""
    return HttpResponse(status=204) if request.GET.get("had") == fingerprint else None


def next_url(request: HttpRequest) -> str:
    """The target in `next` of the form or the address if it is a path of this site, otherwise the dashboard."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours and wanted.startswith("/") else reverse("home")


def forget_typed(response: HttpResponse) -> HttpResponse:
    """Has the browser forget what it keeps of forms that were not sent: the person leaves, another may come."""
    response["Clear-Site-Data"] = '"storage"'
    return response


SESSION_UNDO = "undo"


def offer_undo(request: HttpRequest, words: str, url: str, fields: Sequence[tuple[str, str]]) -> None:
    """Has the next list say what was done, with a button that sends `fields` to `url` to take it back."""
    request.session[SESSION_UNDO] = {"words": words, "url": url, "fields": [*fields]}


def offered_undo(request: HttpRequest) -> dict[str, Any] | None:
    """Returns what can be taken back, once: for `parts/_undo.html`. None if there is nothing."""
    offered: dict[str, Any] | None = request.session.pop(SESSION_UNDO, None)
    return offered


def at_its_address(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Has htmx show the address of a list that a form asked for, without fields that are blank."""
    query = urlencode([(name, value) for name, values in request.GET.lists() for value in values if value])
    address = f"{request.path}?{query}" if query else request.path
    is_shown = page_shown(request) == address
    return answer if is_shown or "HX-Request" not in request.headers else push_url(answer, address)


def page_shown(request: HttpRequest) -> str:
    """Returns path and query of the page that a request of htmx was made on; blank if it names none."""
    try:
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # only a person who writes headers by hand sends that
        return ""
    return f"{shown.path}?{shown.query}" if shown.query else shown.path


def chips_of(query: QueryDict, filters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Returns (words, query without it) of every filter in use, given as (name in the address, words)."""
    chips = []
    for name, words in filters:
        kept = query.copy()
        for part in (name, "after", "before"):
            kept.pop(part, None)
        chips.append((words, f"?{kept.urlencode()}"))
    return chips


def clean_text(text: str | None) -> str:
    """A text from an address, stripped, and without NUL, which PostgreSQL does not accept."""
    return (text or "").replace("\0", "").strip()


def day_of(text: str | None) -> date | None:
    """The day that an address names, such as 2026-11-30. None for what is none, or is too far away to count from."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and 1900 <= day.year < 3000 else None


def whole_number(text: str | None) -> int | None:
    """A positive whole number that fits into every database. None for any other text."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) <= 18 and int(text) else None


def whole_numbers(texts: Iterable[str]) -> list[int]:
    """Returns the ids among what a page sent, at most `MOST_AT_ONCE`."""
    return [int(text) for text in texts if whole_number(text)][:MOST_AT_ONCE]


def client_address(request: HttpRequest) -> str:
    """The IP address of the client: behind trusted proxies the one that the outermost of them added.

    A client can write anything to the left of that in X-Forwarded-For. With fewer entries than proxies, the request
    did not come through all of them, and the address of the connection counts.
    """
    connection = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.OPTIONS.behind_proxy:
        return connection
    entries = [entry.strip() for entry in request.headers.get("X-Forwarded-For", "").split(",")]
    count = max(1, settings.OPTIONS.proxies)
    entry = entries[-count] if len(entries) >= count else ""
    try:
        return str(ipaddress.ip_address(entry))
    except ValueError:
        return connection
