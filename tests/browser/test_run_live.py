"""A batch run live through kills, and a prompt asked once: in a real browser, and the books agree with the ledger."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.drafting import saved
from tests.browser.look import STICKS_OUT, accessibility, sign_in
from tests.browser.test_controls import E_MAIL, Site
from tests.factories import PASSWORD
from tests.running import Running

pytestmark = pytest.mark.browser
ROWS = 40
FIGURES = """
import json
from batchsite.batches.models import Batch, Result
batch = Batch.objects.get(pk={batch})
lost = [row for row, cause in Result.objects.filter(batch=batch).values_list("row", "cause") if "lost" in cause]
token = batch.submissions.get().token
print(json.dumps([batch.state, batch.succeeded, batch.cost_ticks, lost, token, batch.id_prefix]))
"""
LISTED = """
from batchsite.pricing.model_prices import refresh
from batchsite.teams.models import Team
refresh("sandbox", Team.objects.get().pk)
"""
"""What a worker does in the first minute: the provider is asked for its models."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environ = {"SANDBOX_RATE": "0", "DJANGO_SETTINGS_MODULE": "tests.hasty_settings", "XAI_LIVE_REQUESTS": "6"}
    folder = tmp_path_factory.mktemp("live") / "site"
    with Running(folder, environ) as running, contextlib.closing(Site(running)) as site:
        site.shell(LISTED)
        yield site


@pytest.fixture
def at(page: Page, complaints: list[str], site: Site) -> Any:
    site.sandbox.mend()
    sign_in(page, site.running.url, E_MAIL, PASSWORD)

    def opened(path: str) -> Page:
        page.goto(site.running.url + path)
        return page

    return opened


def test_a_batch_runs_live_through_kills_and_agrees_with_the_ledger(at: Any, site: Site) -> None:
    site.sandbox.set(deferred_delay=2)
    batch = site.begin("live", rows=ROWS, start=False)
    page: Page = at(f"{batch}/edit")
    page.get_by_label("Model", exact=True).select_option("grok-4.7")
    expect(page.locator("#sum")).to_contain_text("xAI does not offer grok-4.7 for batches. Run it live")
    page.get_by_label("Live, at list price").check()
    expect(page.locator("#ways")).to_contain_text(re.compile(rf"{ROWS} rows in about \d* ?a? ?minute"))
    saved(page)
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_text("each row asked right away, at list price")).to_be_visible()
    assert accessibility(page) == []
    page.get_by_role("button", name=f"Submit {ROWS} rows").click()
    killed = 0
    while killed < 2:
        asked = len(site.sandbox.direct())
        if asked >= 8 * (killed + 1):
            for worker in site.running.cluster("short").workers:
                worker.send_signal(signal.SIGKILL)
            killed += 1
        time.sleep(0.1)
    expect(page.locator("#progress .badge").first).to_have_text(re.compile("Completed"), timeout=150_000)
    state, succeeded, cost, lost, token, prefix = json.loads(site.shell(FIGURES.format(batch=batch.rpartition("/")[2])))
    calls = {call["client_request_id"]: call for call in site.sandbox.direct()}
    assert len(calls) == len(site.sandbox.direct()), "a row was asked twice"
    known = [calls[f"bs-{token} {prefix}-row-{row}"] for row in range(1, ROWS + 1) if row not in lost]
    assert (state, succeeded) == ("completed", ROWS - len(lost))
    assert cost == sum(call["cost_in_usd_ticks"] for call in known)
    assert all(call["read"] for call in known)
    if lost:
        page.reload()
        expect(page.get_by_text("may have been billed")).to_be_visible()
        assert accessibility(page) == []


def test_one_question_is_asked_once_and_becomes_an_example(at: Any, site: Site) -> None:
    site.sandbox.set(deferred_delay=1)
    draft = site.begin("examples", rows=3, start=False)
    page: Page = at("/ask/")
    assert accessibility(page) == []
    page.get_by_role("textbox", name="Prompt", exact=True).fill("Capital of Peru?")
    page.get_by_label("Model", exact=True).select_option("grok-4.7")
    before = len(site.sandbox.direct())
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Peru", timeout=30_000)
    assert len(site.sandbox.direct()) == before + 1
    assert accessibility(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(STICKS_OUT) <= 0
    page.get_by_label("Example in the draft").select_option("examples")
    page.get_by_role("button", name="Add as an example").click()
    expect(page).to_have_url(re.compile(rf"{draft}/edit"))
    expect(page.locator("#examples textarea").first).to_have_value("Capital of Peru?")
    at("/ask/")
    expect(page.get_by_role("link", name="Capital of Peru?")).to_be_visible()


TRIED = """
import json
from batchsite.trials.models import TrialAnswer
answers = TrialAnswer.objects.filter(batch={batch}).order_by("row")
print(json.dumps([[answer.state, answer.cost_ticks] for answer in answers]))
"""


def test_a_deferred_try_survives_the_death_of_every_worker(at: Any, site: Site) -> None:
    """Where a model reasons for long, its answers wait at xAI for whoever comes next."""
    site.sandbox.set(deferred_delay=3_000)
    batch = site.begin("slow tries", rows=5, start=False, params={"reasoning_effort": "high"})
    tried, before = TRIED.format(batch=batch.rpartition("/")[2]), len(site.sandbox.direct())
    page: Page = at(f"{batch}/edit")
    page.get_by_role("button", name="Try", exact=True).click()
    while [state for state, _ in json.loads(site.shell(tried))] != ["running"] * 5:
        time.sleep(0.1)
    assert accessibility(page) == []
    for queue in ("short", "long"):
        for worker in site.running.cluster(queue).workers:
            worker.send_signal(signal.SIGKILL)
    site.sandbox.advance(3_600)
    expect(page.locator("#try").get_by_text("Simulated answer:")).to_have_count(5, timeout=150_000)
    calls = site.sandbox.direct()[before:]
    assert json.loads(site.shell(tried)) == [["answered", call["cost_in_usd_ticks"]] for call in by_row(calls)]
    assert accessibility(page) == []


def by_row(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tries are named after their records, which were made row by row."""
    return sorted(calls, key=lambda call: int(call["client_request_id"].removeprefix("bs-try-")))
