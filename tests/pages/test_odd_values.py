"""No page answers 500, whatever stands in an address, in a form, in a header, or was stored from one.

Every address there is is asked for with odd values in its path, its query, its form and its headers. The names that a
view reads are learned by watching it, and the forms by reading the pages, so that a new page or field is tested by
being there; one that none of the questions reaches fails the test.
"""

from __future__ import annotations

import logging
import random
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from pytest_django import Settings

from batchsite.teams.models import Team, User
from tests.pages.doors import DOORS
from tests.pages.fuzz import (
    Forms,
    Known,
    Names,
    Pairs,
    Site,
    filled,
    known_things,
    stages,
    with_everything_on,
    words_of,
)

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
ROUNDS = 2
"""Requests for an address and method; in each, every name gets another value."""
EACH_FIELD = 3
"""Odd values that a field of a form gets whose other fields stay as they are."""
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
FEW = {
    "metrics": "asks for a token first, in a header",
    **dict.fromkeys(("sign-out", "account_logout", "sign-out-everywhere", "setup"), "lead to the sign-in"),
    **dict.fromkeys(("socialaccount_login_cancelled", "socialaccount_login_error"), "are refusals"),
    **dict.fromkeys(
        ("batch-pictures", "batch-pictures-zip", "batch-picture", "batch-picture-file"), "no picture is there"
    ),
    **dict.fromkeys(("dataset-thumb", "dataset-file", "dataset-skipped"), "no file is there"),
    **dict.fromkeys(("mfa_reauthenticate", "mfa_deactivate_totp"), "no app for codes is there"),
    **dict.fromkeys(("mfa_view_recovery_codes", "mfa_download_recovery_codes"), "no codes are there"),
    "takeout-file": "no export is there",
    "ask-as-example": "the ask has no answer",
}
"""Doors behind which there is nothing here, and why."""


@pytest.fixture
def site(alice: User, monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture) -> Site:
    caplog.set_level(logging.CRITICAL, "django.request")  # until the end of the test
    with_everything_on(settings)
    return Site(alice, Names(monkeypatch))


@pytest.fixture
def known(team: Team, alice: User) -> Known:
    return known_things(team, alice)


def test_no_odd_value_in_a_query_or_a_form_breaks_a_page(site: Site, known: Known, alice: User) -> None:
    choose, words = random.Random(7), words_of(alice)
    for door in DOORS:
        for place, values in enumerate(stages(door, known, words)):
            path = filled(door.route, values)
            then = f"/batches/{values['batch_id'].decode()}/edit" if "batch_id" in door.numbers and place == 0 else ""
            for method in ("GET", "POST"):
                site.names.seen.clear()
                site.ask(door, method, path, [])
                for turn in range(ROUNDS):
                    asked_for = [*site.names.seen, *(WITH_A_NAME_IN_THEM if "batch_id" in door.numbers else ())]
                    if not asked_for:
                        break
                    odd = choose.sample(ODD, len(ODD))
                    pairs = [(name, odd[number % len(odd)]) for number, name in enumerate(asked_for)]
                    site.ask(door, method, path, pairs, then=then, headers={"HX-Request": "true"} if turn else None)
    assert not site.broken, "\n".join(site.broken)
    assert {door.name for door in DOORS} - site.reached == set(FEW)


def test_no_odd_value_in_one_field_of_a_form_breaks_a_page(site: Site, known: Known, alice: User) -> None:
    """The others are as the page has them, so that the odd one comes far."""
    choose, words = random.Random(11), words_of(alice)
    tried: set[tuple[str, str, str]] = set()
    for door in DOORS:
        for values in stages(door, known, words):
            page = site.ask(door, "GET", path := filled(door.route, values), [])
            if page.streaming or "html" not in page.headers.get("Content-Type", ""):
                continue
            for method, target, fields in Forms(page.content.decode()):
                try:
                    match = resolve(urlsplit(target or path).path)
                except Resolver404:
                    pytest.fail(f"{target} leads nowhere")
                whole = urlsplit(target or path).path
                to = next(one for one in DOORS if one.name == match.view_name)
                for name in fields:
                    if (to.name, method, name) in tried:
                        continue
                    tried.add((to.name, method, name))
                    for odd in choose.sample(ODD, EACH_FIELD):
                        pairs: Pairs = [(key, value.encode()) for key, value in (fields | {name: ""}).items()]
                        site.ask(to, method, whole, [(key, odd if key == name else value) for key, value in pairs])
    assert not site.broken, "\n".join(site.broken)
    assert len(tried) > 150


def test_no_odd_header_breaks_a_page(site: Site, known: Known, alice: User) -> None:
    words = words_of(alice)
    for door in DOORS:
        path = filled(door.route, stages(door, known, words)[-1])
        for headers in HEADERS:
            site.ask(door, "GET", path, [], headers=headers, cookies="[[" * 500)
    signed_out, session = [], site.client.cookies
    for door in DOORS:
        for headers in HEADERS:
            session.clear()
            status = site.client.get(filled(door.route, stages(door, known, words)[-1]), headers=headers).status_code
            if status == 500:
                signed_out.append(door.name)
    assert not site.broken, "\n".join(site.broken)
    assert signed_out == []


def test_no_odd_value_in_a_path_breaks_a_page(site: Site, known: Known) -> None:
    for door in DOORS:
        for odd in PATHS:
            for name in [part.split(">")[0].split(":")[-1] for part in door.route.split("<")[1:]]:
                site.ask(door, "GET", filled(door.route, known | {name: odd}), [])
    assert not site.broken, "\n".join(site.broken)
