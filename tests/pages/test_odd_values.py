"""No page answers 500, whatever stands in an address, in a form, or was stored from one.

Every address there is is asked for with odd values in its path, its query and its form. The names that a view reads are
learned by watching it, so that a new page or field is tested by being there.
"""

from __future__ import annotations

import logging
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from batchsite.datasets.models import DatasetState
from batchsite.exports import share_links
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.prompts.models import Prompt
from batchsite.results import judgements
from batchsite.teams.models import Invitation, Membership, Team, User
from batchsite.trials.models import Trial, TrialAnswer
from tests.factories import make_dataset, make_member
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch

Pairs = list[tuple[str, bytes]]
SHAPE = {"fields": [{"name": "kind", "type": "text", "values": [], "description": "", "required": True}]}
ODD: list[bytes] = [
    b"",
    b" \t\r\n",
    b"0",
    b"-1",
    b"1" + b"0" * 30,
    b"9" * 5000,
    b"1e400",
    b"NaN",
    b"\0",
    b"\xff\xfe\xed\xa0\x80",
    "²٣½".encode(),
    b"{{" * 500 + b"}}",
    b"{{text}} {{nope}} {{",
    b"[" * 3000,
    b'{"type": "object", "properties": {"a": {"$ref": "#"}}, "minLength": 1e999}',
    b'{"a": 1e999, "b": ' + b"9" * 400 + b"}",
    b"1-",
    b"5-2, 1-99999999999999999999",
    b"../../etc/passwd",
    b"<script>alert(1)</script>",
    "\u202e\u2028é́😀".encode(),
    b"a" * 70_000,
    b"values-99",
    b"2026-02-30",
    b"9999-12",
    b"9999-12-31",
    b"none",
]
"""Empty, blank, signed, huge, no number, no text, templates, JSON, ranges, paths, scripts, long, and words of forms."""
PATHS: list[bytes] = [b"9" * 30, b"9" * 5000, "²ÿ%00".encode()]
WITH_A_NAME_IN_THEM = ("f.kind", "f.answer", "f.")
"""Names in an address that hold the name of a field."""
ROUNDS = 2
"""Requests for an address and method; in each, every name gets another value."""


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, route)
        else:
            yield route


ROUTES = sorted(set(_routes(get_resolver().url_patterns)))


def filled(route: str, values: dict[str, bytes]) -> str:
    """The path of a route, quoted."""
    path = b"/"
    while "<" in route:
        before, rest = route.split("<", 1)
        inside, route = rest.split(">", 1)
        path += before.encode() + values.get(inside.split(":")[-1], b"csv")
    return quote_from_bytes(path + route.encode(), safe="/%")


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

    def __init__(self, client: Client, names: Names) -> None:
        self.client, self.names, self._session = client, names, client.cookies["sessionid"].value
        self.broken: list[str] = []
        self.asked = 0

    def ask(self, method: str, path: str, pairs: Pairs, *, then: str = "", htmx: bool = False) -> None:
        """Asks for a page, then for the page `then`, which shows what was stored."""
        encoded = "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)
        headers = {"HX-Request": "true"} if htmx else {}
        with transaction.atomic():
            answer = self._send(method, path, encoded, headers)
            self._look(answer, method, path, pairs)
            if then and method == "POST" and answer.status_code != 405:
                self._look(self._send("GET", then, "", {}), "GET", then, pairs)
            transaction.set_rollback(True)
        self.client.cookies.clear()
        self.client.cookies["sessionid"] = self._session

    def _send(self, method: str, path: str, encoded: str, headers: dict[str, str]) -> Any:
        self.asked += 1
        if method == "GET":
            return self.client.generic("GET", path, QUERY_STRING=encoded, headers=headers)
        kind = "application/x-www-form-urlencoded"
        return self.client.generic("POST", path, encoded.encode(), content_type=kind, headers=headers)

    def _look(self, answer: Any, method: str, path: str, pairs: Pairs) -> None:
        if answer.streaming:
            for _ in answer.streaming_content:
                pass
        if answer.status_code == 500:
            reason = "".join(str(each) for each in (answer.exc_info or [])[:2]) if hasattr(answer, "exc_info") else ""
            shown = {name: value[:40] for name, value in pairs}
            self.broken.append(f"{method} {path[:100]} {shown} {reason[:300]}")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.fixture
def site(alice: User, names: Names, caplog: pytest.LogCaptureFixture) -> Site:
    caplog.set_level(logging.CRITICAL, "django.request")  # until the end of the test
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return Site(client, names)


@pytest.fixture
def known(team: Team, alice: User) -> dict[str, bytes]:
    """The ids of things that are there, by the names that addresses give them."""
    dataset = make_dataset(team, ["id", "text"], [["1", "Hello"], ["2", "Bye"]])
    asking = make_dataset(team, state=DatasetState.IMPORTING)
    bob = make_member(team)
    ended = an_ended_batch(team, alice, failed=2, shape=SHAPE)
    judgements.correct(ended, 1, alice, verdict="bad", corrected={}, comment="Hm")
    draft = a_draft(team, alice, dataset)
    trial = Trial.objects.create(
        batch=draft, rows=[1], variants=[{"prompt": "Sort {{text}}", "system_prompt": "", "model": "grok-4.3"}]
    )
    prompt = Prompt.objects.create(team=team, name="Language")
    prompt.versions.create(number=1, text="Sort {{text}}")
    link, token = share_links.make(ended, alice, "csv", DownloadChoice(), days=1, with_comments=False)
    things: dict[str, Any] = {
        "dataset_id": dataset.pk,
        "batch_id": ended.pk,
        "other_id": an_ended_batch(team, alice).pk,
        "draft_id": draft.pk,
        "running_id": a_running_batch(team, alice).pk,
        "asking_id": asking.pk,
        "trial_id": trial.pk,
        "answer_id": TrialAnswer.objects.create(
            trial=trial, batch=draft, row=1, variant=0, request=zlib.compress(b"{}")
        ).pk,
        "prompt_id": prompt.pk,
        "export_id": Export.objects.create(batch=ended, form="xlsx").pk,
        "link_id": link.pk,
        "team_id": team.pk,
        "user_id": bob.pk,
        "membership_id": Membership.objects.get(user=bob).pk,
        "invitation_id": Invitation.objects.create(team=team, created_by=alice).pk,
        "row": 1,
        "number": 1,
    }
    return {name: str(value).encode() for name, value in things.items()} | {"token": token.encode()}


def stages(route: str, known: dict[str, bytes]) -> list[dict[str, bytes]]:
    """A batch at every stage of its life, where the route is about one."""
    if "batch_id" not in route:
        return [known]
    return [known | {"batch_id": known[stage]} for stage in ("draft_id", "running_id", "batch_id")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_odd_value_in_a_query_or_a_form_breaks_a_page(
    method: str, site: Site, known: dict[str, bytes], names: Names
) -> None:
    choose = random.Random(7)
    for route in ROUTES:
        for place, values in enumerate(stages(route, known)):
            path = filled(route, values)
            names.seen.clear()
            site.ask(method, path, [])
            asked_for = [*names.seen, *(WITH_A_NAME_IN_THEM if "batch_id" in route else ())]
            then = f"/batches/{values['batch_id'].decode()}/edit" if "batch_id" in route and place == 0 else ""
            for turn in range(ROUNDS if asked_for else 0):
                odd = choose.sample(ODD, len(ODD))
                pairs = [(name, odd[number % len(odd)]) for number, name in enumerate(asked_for)]
                site.ask(method, path, pairs, then=then, htmx=turn % 2 == 1)
    assert not site.broken, "\n".join(site.broken)
    assert site.asked > 500


def test_no_odd_value_in_a_path_breaks_a_page(site: Site, known: dict[str, bytes]) -> None:
    for route in ROUTES:
        for odd in PATHS:
            for name in [part.split(">")[0].split(":")[-1] for part in route.split("<")[1:]]:
                site.ask("GET", filled(route, known | {name: odd}), [])
    assert not site.broken, "\n".join(site.broken)
