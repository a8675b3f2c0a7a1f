"""No page runs what a table, a model, a server or a person wrote, or asks anybody else for anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Page, expect

from batchsite.teams.models import Team, User
from tests.pages.hostile_team import HOSTILE, addresses_of
from tests.pipeline import SHORT, use
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TRAP = "window.alert = () => document.documentElement.setAttribute('data-ran', '')"
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
ODD_LINKS = """[...document.querySelectorAll('[href], [src], [action], [formaction]')]
    .flatMap(one => ['href', 'src', 'action', 'formaction'].map(name => one.getAttribute(name)))
    .filter(value => value && !/^(https?|mailto):/.test(new URL(value, location.href).href))"""


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any) -> Sandbox:
    sandbox_process.reset()
    settings.TIMEOUTS = SHORT
    use(sandbox_process)
    return sandbox_process


def test_what_other_programs_named_at_xai_is_text(
    sandbox: Sandbox, alice: User, open_as: Callable[[User, str], Page], complaints: list[str]
) -> None:
    key = {"Authorization": f"Bearer {sandbox.key}"}
    made = httpx.post(f"{sandbox.url}/v1/batches", json={"name": HOSTILE}, headers=key).json()["batch_id"]
    page = open_as(alice, "/help")
    page.add_init_script(TRAP)
    for path in ("/provider/", f"/provider/{made}", f"/provider/{made}/cancel"):
        page.goto(urljoin(page.url, path))
        expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
        page.evaluate(OPEN_ALL)
        assert page.locator("html[data-ran]").count() == 0, path
        assert page.evaluate(ODD_LINKS) == [], path
        assert complaints == [], path


def test_no_text_runs_and_nothing_is_asked_of_others(
    team: Team, alice: User, open_as: Callable[[User, str], Page], live_server: Any, complaints: list[str]
) -> None:
    page = open_as(alice, "/help")
    page.add_init_script(TRAP)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    found: list[str] = []
    for address in addresses_of(team, alice):
        answer = page.goto(live_server.url + address)
        page.evaluate(OPEN_ALL)
        odd = [*complaints, *page.evaluate(ODD_LINKS), *(["a script ran"] * page.locator("html[data-ran]").count())]
        odd += [] if answer and answer.ok else ["it did not open"]
        found += [f"{address}: {line}" for line in odd]
        complaints.clear()
    assert found == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
