"""A browser that asks every page for odd things, and knows which pages it has reached."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.permissions import RULES, Need
from batchsite.setup import sign_on_providers
from batchsite.teams.models import Team, User
from tests.pages.doors import Door
from tests.pages.places import Known, Pairs, asked_with, before, filled, known_things, stages, words_of

METHODS = ("GET", "POST")
NEEDED = {"metrics": {"Authorization": "Bearer token"}}
"""Headers without which a door stays shut."""


class Names:
    """The names that views ask a query or a form for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: dict[str, None] = {}
        for method in ("__getitem__", "getlist", "__contains__"):
            original = getattr(QueryDict, method)
            monkeypatch.setattr(QueryDict, method, self._watched(original))

    def _watched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def watched(query: QueryDict, key: Any, *more: Any) -> Any:
            if isinstance(key, str) and key != "csrfmiddlewaretoken":
                self.seen[key] = None
            return original(query, key, *more)

        return watched


class Site:
    """A browser that asks, and takes back whatever the asking changed."""

    def __init__(self, team: Team, alice: User, names: Names) -> None:
        self.known, self.names = known_things(team, alice), names
        self.client = Client(raise_request_exception=False)
        self.client.force_login(alice)
        session = self.client.session  # it is not long ago that she said who she is
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": alice.email}]
        session.save()
        self._session = self.client.cookies["sessionid"].value
        self._words, self._before, self._with = words_of(alice, self.known), before(alice), asked_with(self.known)
        self.broken: list[str] = []
        self._statuses: dict[tuple[str, str], set[str]] = defaultdict(set)

    def places(self, door: Door) -> list[Known]:
        return stages(door, self.known, self._words)

    def path(self, door: Door) -> str:
        return filled(door.route, self.places(door)[0])

    def valid(self, door: Door) -> Pairs:
        return self._with.get(door.name, [])

    def ask(
        self,
        door: Door,
        method: str,
        path: str,
        pairs: Pairs,
        *,
        then: str = "",
        headers: dict[str, str] | None = None,
        cookies: str = "",
        signed_in: bool = True,
    ) -> Any:
        """Asks for a page, then for `then`, which shows what was stored."""
        encoded = "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)
        self.client.cookies.clear()
        if signed_in:
            self.client.cookies["sessionid"] = self._session
        if cookies:
            self.client.cookies["messages"] = cookies
        with transaction.atomic():
            self._before.get(door.name, lambda: None)()
            answer = self._send(method, path, encoded, NEEDED.get(door.name, {}) | (headers or {}))
            self._look(answer, method, path, pairs, headers)
            self._note(door, method, answer)
            if then and method == "POST" and answer.status_code != 405:
                self._look(self._send("GET", then, "", {}), "GET", then, pairs, None)
            transaction.set_rollback(True)
        return answer

    def ask_as_all(self, door: Door, method: str, path: str, pairs: Pairs, **more: Any) -> Any:
        """As a member; as a stranger, too, where everybody may ask."""
        if RULES[door.name].read == Need.NOTHING:
            self.ask(door, method, path, pairs, **more, signed_in=False)
        return self.ask(door, method, path, pairs, **more)

    def _send(self, method: str, path: str, encoded: str, headers: dict[str, str]) -> Any:
        if method == "GET":
            return self.client.generic("GET", path, QUERY_STRING=encoded, headers=headers)
        kind = "application/x-www-form-urlencoded"
        return self.client.generic("POST", path, encoded.encode(), content_type=kind, headers=headers)

    def _look(self, answer: Any, method: str, path: str, pairs: Pairs, headers: dict[str, str] | None) -> None:
        if answer.streaming:
            for _ in answer.streaming_content:
                pass
        if answer.status_code == 500:
            reason = "".join(str(each) for each in (answer.exc_info or [])[:2]) if hasattr(answer, "exc_info") else ""
            shown = {name: value[:40] for name, value in pairs} | {"headers": str(headers)[:60]}
            self.broken.append(f"{method} {path[:100]} {shown} {reason[:300]}")

    def _note(self, door: Door, method: str, answer: Any) -> None:
        leads_to = answer.headers.get("Location", "") or answer.headers.get("HX-Redirect", "")
        is_led_away = leads_to.startswith((reverse("sign-in"), reverse("account_reauthenticate")))
        self._statuses[door.name, method].add("sign in" if is_led_away else str(answer.status_code))

    def shut(self) -> dict[str, str]:
        """The doors and methods that never opened: that led to the sign-in, or knew no such thing, whatever was asked.

        A method that a view does not take is none of its; one that takes none is shut.
        """
        shut = {}
        for (name, method), statuses in self._statuses.items():
            other = METHODS[method == METHODS[0]]
            takes_the_other = self._statuses.get((name, other), set()) - {"405"}
            if statuses <= {"403", "404", "sign in"} or (statuses == {"405"} and not takes_the_other):
                shut[f"{name} {method}"] = ", ".join(sorted(statuses))
        return shut


class Forms(HTMLParser):
    """The forms of a page: where each is sent, and what its fields hold as the page stands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, str, dict[str, str]]] = {}
        self._open, self._select, self._area, self._count = "", "", "", 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._count += 1
            self._open = has.get("id") or f"form {self._count}"
            target = has.get("hx-post") or has.get("action") or has.get("hx-get", "")
            method = "POST" if "hx-post" in has or has.get("method", "").lower() == "post" else "GET"
            self.found[self._open] = (method, target, {})
        elif tag in {"input", "select", "textarea", "button"} and has.get("name"):
            self._add(tag, has)
        elif tag == "option" and self._select and ("selected" in has or not self._fields()[self._select]):
            self._fields()[self._select] = has.get("value", "")

    def _add(self, tag: str, has: dict[str, str]) -> None:
        owner = has.get("form", self._open)
        if owner not in self.found or has["name"] == "csrfmiddlewaretoken":
            return
        fields = self.found[owner][2]
        is_off = has.get("type") in {"checkbox", "radio"} and "checked" not in has
        fields.setdefault(has["name"], "") if is_off else fields.update({has["name"]: has.get("value", "")})
        self._select = has["name"] if tag == "select" and owner == self._open else ""
        self._area = has["name"] if tag == "textarea" and owner == self._open else ""

    def _fields(self) -> dict[str, str]:
        return self.found[self._open][2] if self._open in self.found else {self._select: "", self._area: ""}

    def handle_data(self, data: str) -> None:
        if self._area:
            self._fields()[self._area] = data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = ""
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def __iter__(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        return iter(self.found.values())


def with_everything_on(settings: Settings) -> None:
    """Single sign-on and metrics are there, too; the provider cannot be reached."""
    sign_on = {"oidc_url": "http://127.0.0.1:9", "oidc_client_id": "us", "oidc_client_secret": "secret"}
    settings.OPTIONS = replace(settings.OPTIONS, metrics_token="token", **sign_on)
    settings.SOCIALACCOUNT_PROVIDERS = sign_on_providers(settings.OPTIONS)
