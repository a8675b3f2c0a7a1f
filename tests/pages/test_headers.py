"""Every answer tells the browser how little it may do with it, errors and files included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batchsite.teams.models import User
from tests.pages.doors import DOORS

pytestmark = pytest.mark.django_db
HEALTH = {"live", "ready"}
"""Answered before anything else is looked at, the host included: facts without a word of anybody's."""


def _missing(answer: Any) -> set[str]:
    headers, wanted = answer.headers, {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
    missing = {name for name, value in wanted.items() if headers.get(name) != value}
    missing |= {name for name in ("Permissions-Policy", "Cross-Origin-Resource-Policy") if name not in headers}
    policy = headers.get("Content-Security-Policy", "")
    missing |= set() if "default-src" in policy and "unsafe" not in policy else {"Content-Security-Policy"}
    kept = headers.get("Cache-Control", "")
    return missing if "private" in kept or "no-store" in kept else missing | {"Cache-Control"}


@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_of_every_url_is_locked_down(
    signed_in: bool, ours: dict[str, int], alice: User, client: Client, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice) if signed_in else client
    wrong = {}
    for door in DOORS:
        for ask in (browser.get, browser.post, browser.put) if door.name not in HEALTH | {"sign-out"} else ():
            answer = ask(door.url(**ours))
            if missing := _missing(answer):
                wrong[door.name, answer.status_code] = missing
            browser = client_of(alice) if signed_in else client
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "host"), [("/nowhere", "testserver"), ("/batches/9999", "testserver"), ("/", "evil.example")]
)
def test_errors_are_locked_down_too(path: str, host: str, alice: User, client: Client) -> None:
    client.force_login(alice)
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code in {400, 404}
    assert _missing(answer) <= {"Cache-Control", "X-Frame-Options"}  # frame-ancestors of the policy says it, too


@pytest.mark.parametrize("page", ["//[", "http://[::1", "http://testserver/" + "%ff" * 2_000])
def test_a_header_of_htmx_that_is_no_address_breaks_no_page(
    page: str, ours: dict[str, int], alice: User, client: Client, client_of: Callable[[User], Client]
) -> None:
    asked = {"HX-Request": "true", "HX-Current-URL": page}
    assert client.get("/batches/", headers=asked).headers["HX-Redirect"].startswith("/sign-in?next=/")
    site = client_of(alice)
    for path in ("/batches/?search=a", "/datasets/?search=a", f"/batches/{ours['batch_id']}/try/panel"):
        assert site.get(path, headers=asked).status_code < 500
