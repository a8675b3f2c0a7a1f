"""Records every change that a page made, once it has succeeded, by the name of its URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from batchsite.audit.phrases import BUTTONS, NOT_RECORDED, phrase
from batchsite.audit.trail import add, named, team_id_of
from batchsite.permissions import READS

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class _Change:
    """A change that a request is about to make."""

    name: str
    """Of the URL."""
    about: str


class AuditTrail:
    """Stands behind the middleware of teams, which knows the person, their team and what they may do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        begun: _Change | None = getattr(request, "audited", None)
        said = _said(request)
        if begun and response.status_code < 400 and not any(message.level >= messages.ERROR for message in said):
            detail = str(said[0].message) if said else ""
            about = begun.about or named(_kwargs_behind(response), team_id_of(request) or 0)
            add(begun.name, phrase(begun.name), request, about=about, detail=detail)
        return response

    def process_view(self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Records what the change is about while it still exists. Not called if the person has to sign in first."""
        match = request.resolver_match
        if match and request.method not in READS and _is_recorded(match.view_name, request):
            request.audited = _Change(match.view_name, named(kwargs))  # type: ignore[attr-defined]


def _is_recorded(name: str, request: HttpRequest) -> bool:
    if name in BUTTONS:
        field, value = BUTTONS[name]
        return request.POST.get(field) == value
    return name not in NOT_RECORDED


def _said(request: HttpRequest) -> list[Any]:
    """Returns what the view told the person: a refusal is a message with a redirect."""
    storage: Any = messages.get_messages(request)
    return list(getattr(storage, "_queued_messages", []))


def _kwargs_behind(response: HttpResponseBase) -> dict[str, Any]:
    """The address that the response redirects to names what was created."""
    target = response.headers.get("Location") or response.headers.get("HX-Redirect") or ""
    try:
        return resolve(urlsplit(target).path).kwargs if target else {}
    except Resolver404:
        return {}
