"""A browser that asks every page for odd things, and knows which pages it has reached."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.datasets.models import DatasetState
from batchsite.drafts.starter_prompts import STARTERS
from batchsite.exports import share_links
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.notifications.models import Delivery, Destination, News
from batchsite.permissions import RULES, Need
from batchsite.results import judgements
from batchsite.setup import sign_on_providers
from batchsite.teams.models import Invitation, Team, User
from batchsite.trials.models import Trial, TrialAnswer
from tests.factories import make_dataset
from tests.pages.doors import Door, things_of
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch

Pairs = list[tuple[str, bytes]]
Known = dict[str, bytes]
SHAPE = {"fields": [{"name": "kind", "type": "text", "values": [], "description": "", "required": True}]}


def known_things(team: Team, alice: User) -> Known:
    """The ids of things that are there, by the names that addresses give them; batches at every stage of their life."""
    things: dict[str, Any] = dict(things_of(team, alice))
    dataset = make_dataset(team, ["id", "text"], [["1", "Hello"], ["2", "Bye"]])
    ended = an_ended_batch(team, alice, failed=2, shape=SHAPE)
    judgements.correct(ended, 1, alice, verdict="bad", corrected={}, comment="Hm")
    draft = a_draft(team, alice, dataset)
    variant = {"prompt": "Sort {{text}}", "system_prompt": "", "model": "grok-4.3"}
    trial = Trial.objects.create(batch=draft, rows=[1], variants=[variant])
    answer = TrialAnswer.objects.create(trial=trial, batch=draft, row=1, variant=0, request=zlib.compress(b"{}"))
    link, token = share_links.make(ended, alice, "csv", DownloadChoice(), days=1, with_comments=False)
    things |= {
        "dataset_id": dataset.pk,
        "batch_id": ended.pk,
        "other_id": an_ended_batch(team, alice).pk,
        "draft_id": draft.pk,
        "running_id": a_running_batch(team, alice).pk,
        "asking_id": make_dataset(team, state=DatasetState.IMPORTING).pk,
        "trial_id": trial.pk,
        "answer_id": answer.pk,
        "export_id": Export.objects.create(batch=ended, form="xlsx").pk,
        "link_id": link.pk,
        "row": 1,
        "number": 1,
    }
    return {name: str(value).encode() for name, value in things.items()} | {"token": token.encode()}


def words_of(alice: User) -> dict[str, dict[str, str]]:
    """Words in addresses that lead somewhere, by the name of the URL."""
    team = alice.memberships.earliest("pk").team
    own = Destination.objects.create(team=team, person=alice, channel="webhook", hint="example.org", kinds=["done"])
    news = News.objects.create(team=team, kind="test", event="test")
    delivery = Delivery.objects.create(news=news, destination=own, webhook_id="msg_2")
    told = {"destination_id": str(own.pk), "delivery_id": str(delivery.pk)}
    email = EmailAddress.objects.get_or_create(user=alice, email=alice.email, defaults={"primary": True})[0]
    return {
        **{f"notification{what}": told for what in ("", "-test", "-secret", "-remove", "-again")},
        "join": {"token": Invitation.objects.order_by("pk")[0].token},
        "notification-new": {"channel": "webhook"},
        "team-notification-new": {"channel": "webhook"},
        "batch-starter": {"name": STARTERS[0].name},
        "account_confirm_email": {"key": EmailConfirmationHMAC(email).key},
        "account_reset_password_from_key": {
            "uidb36": user_id_to_str(alice),
            "key": default_token_generator.make_token(alice),
        },
        "openid_connect_login": {"provider_id": "sso"},
        "openid_connect_callback": {"provider_id": "sso"},
    }


def filled(route: str, values: Known) -> str:
    """The path of a route, quoted."""
    path = b"/"
    while "<" in route:
        before, rest = route.split("<", 1)
        inside, route = rest.split(">", 1)
        path += before.encode() + values.get(inside.split(":")[-1], b"csv")
    return quote_from_bytes(path + route.encode(), safe="/%")


def stages(door: Door, known: Known, words: dict[str, dict[str, str]]) -> list[Known]:
    """What the address of a door is filled with: a batch at every stage of its life, where it is about one."""
    here = known | {name: word.encode() for name, word in words.get(door.name, {}).items()}
    if "batch_id" not in door.numbers:
        return [here]
    return [here | {"batch_id": known[stage]} for stage in ("draft_id", "running_id", "batch_id")]


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

    def __init__(self, alice: User, names: Names) -> None:
        self.client, self.names = Client(raise_request_exception=False), names
        self.client.force_login(alice)
        session = self.client.session  # it is not long ago that she said who she is
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": alice.email}]
        session.save()
        self._session = self.client.cookies["sessionid"].value
        self.broken: list[str] = []
        self.reached: set[str] = set()
        """Names of the doors behind which a view answered for what is there."""
        self.asked = 0

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
    ) -> Any:
        """Asks for a page, then for `then`, which shows what was stored; signed out, too, where everybody may ask."""
        encoded = "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)
        answers = []
        for signed_in in (True, False) if RULES[door.name].read == Need.NOTHING else (True,):
            self.client.cookies.clear()
            if signed_in:
                self.client.cookies["sessionid"] = self._session
            if cookies:
                self.client.cookies["messages"] = cookies
            with transaction.atomic():
                answer = self._send(method, path, encoded, headers or {})
                self._look(answer, method, path, pairs, headers)
                self._note(door, answer)
                if then and method == "POST" and answer.status_code != 405:
                    self._look(self._send("GET", then, "", {}), "GET", then, pairs, None)
                transaction.set_rollback(True)
            answers.append(answer)
        return answers[0]

    def _send(self, method: str, path: str, encoded: str, headers: dict[str, str]) -> Any:
        self.asked += 1
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

    def _note(self, door: Door, answer: Any) -> None:
        """Not reached is what leads to the sign-in or asks who one is, knows no such thing or takes no such method."""
        leads_to = answer.headers.get("Location", "") or answer.headers.get("HX-Redirect", "")
        is_led_away = leads_to.startswith((reverse("sign-in"), reverse("account_reauthenticate")))
        if answer.status_code not in {403, 404, 405} and not is_led_away:
            self.reached.add(door.name)


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
    settings.OPTIONS = replace(
        settings.OPTIONS, oidc_url="http://127.0.0.1:9", oidc_client_id="us", oidc_client_secret="secret"
    )
    settings.SOCIALACCOUNT_PROVIDERS = sign_on_providers(settings.OPTIONS)
