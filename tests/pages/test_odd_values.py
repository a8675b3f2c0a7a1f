"""No page answers 500, whatever stands in an address, in a form, in a header, or was stored from one.

Every address there is is asked for with odd values in its path, its query, its form and its headers. The names that a
view reads are learned by watching it, and the forms by reading the pages, so that a new page or field is tested by
being there; one that none of the questions reaches fails the test. By day, some of the values are tried everywhere;
`ODD_EVERY=1` asks batches at every stage of their life, and tries more values in every field.
"""

from __future__ import annotations

import logging
import os
import random
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from pytest_django import Settings

from batchsite.teams.models import Team, User
from tests.pages.doors import DOORS, Door
from tests.pages.fuzz import METHODS, Forms, Names, Site, with_everything_on
from tests.pages.places import Known, filled

Tried = set[tuple[str, str, str]]
"""Doors, methods, and names of fields."""
ALL = os.environ.get("ODD_EVERY") == "1"
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
    b'{"id": 1}',
    b'{"id": "YQ", "rawId": "YQ", "response": {"clientDataJSON": "e", "attestationObject": "!"}, "type": "public-key"}',
    b'{"a":' * 3000,
    b"//[",
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
ROUNDS = 2 if ALL else 1
"""Requests for an address and method; in each, every name gets another value."""
FIELDS, EACH_FIELD = (1_000, 3) if ALL else (2, 1)
"""Fields of a form that get an odd value while the others stay as they are, and how many values each gets."""
HEADERS = (
    {"HX-Request": "true", "HX-Current-URL": "//[", "Referer": "http://[", "Accept": "\x00/;q=", "Range": "bytes=9-1"},
    {
        "HX-Request": "true",
        "HX-Current-URL": "http://testserver/" + "%ff" * 2_000,
        "HX-Target": "[" * 3_000,
        "Referer": "http://testserver/\u2028" + "a" * 5_000,
        "Accept": "text/html," * 2_000,
        "Range": "bytes=" + "9" * 400 + "-",
        "If-None-Match": "(((",
        "If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT",
        "X-Forwarded-For": "[, " * 1_000,
        "X-Visible": "true",
        "Authorization": "Bearer \xff",
    },
)
SHUT = {
    "account_logout POST": "whoever is signed out is led to the sign-in",
    "sign-out-everywhere POST": "the same",
    "mfa_reauthenticate_webauthn POST": "a passkey that does not fit is asked for again, on a page before it",
}
"""Doors that lead to the sign-in on purpose, and why."""
PLACES = {door.route: door for door in DOORS}.values()
"""One door for each address: some have two names."""


@pytest.fixture
def site(
    team: Team, alice: User, monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> Site:
    caplog.set_level(logging.CRITICAL, "django.request")  # until the end of the test
    with_everything_on(settings)
    return Site(team, alice, Names(monkeypatch))


def test_no_odd_value_in_a_query_or_a_form_breaks_a_page(site: Site) -> None:
    choose = random.Random(7)
    tried: Tried = set()
    for door in PLACES:
        for values in site.places(door) if ALL else site.places(door)[:1]:
            for method in METHODS:
                site.names.seen.clear()
                page = site.ask_as_all(door, method, filled(door.route, values), site.valid(door))
                if page.status_code != 405:
                    ask_for_odd_names(site, door, method, values, choose)
                if method == "GET" and not page.streaming and "html" in page.headers.get("Content-Type", ""):
                    tried |= fill_forms(site, page, filled(door.route, values), choose, tried)
    assert not site.broken, "\n".join(site.broken)
    assert site.shut().keys() == SHUT.keys(), site.shut()
    assert len(tried) > 100


def ask_for_odd_names(site: Site, door: Door, method: str, values: Known, choose: random.Random) -> None:
    """Every name that the view has read so far gets an odd value."""
    is_of_a_draft = values.get("batch_id") == site.known["draft_id"] and "batch_id" in door.numbers
    then = f"/batches/{values['batch_id'].decode()}/edit" if is_of_a_draft else ""
    for turn in range(ROUNDS):
        asked_for = [*site.names.seen, *(WITH_A_NAME_IN_THEM if "batch_id" in door.numbers else ())]
        odd = choose.sample(ODD, len(ODD))
        pairs = [(name, odd[number % len(odd)]) for number, name in enumerate(asked_for)]
        headers = {"HX-Request": "true"} if turn or choose.random() < 0.3 else None
        if pairs:
            site.ask_as_all(door, method, filled(door.route, values), pairs, then=then, headers=headers)


def fill_forms(site: Site, page: Any, path: str, choose: random.Random, tried: Tried) -> Tried:
    """One field has an odd value, the others are as the page has them, so that it comes far. Returns what was tried."""
    now: Tried = set()
    for method, target, fields in Forms(page.content.decode()):
        whole = urlsplit(target or path).path
        try:
            to = next(one for one in DOORS if one.name == resolve(whole).view_name)
        except Resolver404:
            pytest.fail(f"{target} leads nowhere")
        fresh = [name for name in fields if (to.name, method, name) not in tried | now]
        for name in choose.sample(fresh, min(FIELDS, len(fresh))):
            for odd in choose.sample(ODD, EACH_FIELD):
                pairs = [(key, odd if key == name else value.encode()) for key, value in fields.items()]
                site.ask_as_all(to, method, whole, pairs)
        now |= {(to.name, method, name) for name in fresh}
    return now


def test_no_odd_header_breaks_a_page(site: Site) -> None:
    for number, door in enumerate(PLACES):
        for headers in HEADERS if ALL else (HEADERS[number % 2],):
            for signed_in in (True, False):
                cookies = "[[" * 500 if signed_in else ""
                site.ask(door, "GET", site.path(door), [], headers=headers, cookies=cookies, signed_in=signed_in)
    assert not site.broken, "\n".join(site.broken)


def test_no_odd_value_in_a_path_breaks_a_page(site: Site) -> None:
    for number, door in enumerate(PLACES):
        names = [part.split(">")[0].split(":")[-1] for part in door.route.split("<")[1:]]
        pairs = [(name, odd) for name in names for odd in PATHS]
        for name, odd in pairs if ALL else pairs[number % max(len(pairs), 1) :][:1]:
            site.ask(door, "GET", filled(door.route, site.places(door)[0] | {name: odd}), [])
    assert not site.broken, "\n".join(site.broken)
