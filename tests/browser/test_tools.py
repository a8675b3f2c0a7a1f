"""A batch whose model searches the web, in a browser: chosen, tried, submitted, its sources in a column and a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from batchsite.trials.models import Trial
from tests.browser.drafting import saved, submit
from tests.browser.look import accessibility
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox
from tests.submission.stories import a_dataset, a_draft
from tests.trials.stories import settled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_a_batch_with_web_search_has_its_sources_in_columns(
    team: Team, alice: User, open_as: Open, sandbox: Sandbox
) -> None:
    draft = a_draft(team, alice, a_dataset(team, 8), prompt="What is new about {{text}}?")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    _choose_web_search(page)
    assert accessibility(page) == []

    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.locator("#try")).to_contain_text(re.compile("Waiting|Asking"))
    settled(Trial.objects.get())
    tried = page.locator("#try").get_by_text(re.compile(r"^Sources, \d"))
    expect(tried.first).to_be_visible()
    expect(page.locator("#try")).to_contain_text("web search")

    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))
    batch = drive(Batch.objects.get())
    check_books(batch, sandbox)
    page.reload()
    _check_table(page)
    _check_row(page)
    page.goto(page.url.partition("/rows/")[0])
    _check_file(page, batch)


def _choose_web_search(page: Page) -> None:
    before = page.locator("#sum").inner_text()
    page.get_by_text("Tools: search, sources, code").click()
    page.get_by_role("checkbox", name="Web search").check()
    domains = page.get_by_label("Only these domains")
    domains.fill("not a domain")
    expect(page.locator("#id_tools_error")).to_contain_text("is no domain")
    domains.fill("https://www.who.int/news\nnasa.gov")
    expect(page.locator("#id_tools_error")).to_have_text("")
    saved(page)
    assert Batch.objects.get().tools == {"web_search": {"allowed_domains": ["www.who.int", "nasa.gov"]}}
    expect(page.locator("#sum")).not_to_have_text(before)


def _check_table(page: Page) -> None:
    expect(page.get_by_role("columnheader", name="Sources")).to_be_visible()
    link = page.locator("td.sources a").first
    expect(link).to_have_text(re.compile(r"^(www\.who\.int|nasa\.gov)$"))
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert accessibility(page) == []


def _check_row(page: Page) -> None:
    page.get_by_role("link", name="1", exact=True).click()
    panel = page.locator("#panel")
    panel.get_by_text(re.compile(r"^Sources, \d")).click()
    expect(panel.locator(".sources a").first).to_be_visible()
    page.get_by_role("button", name="Close the row").click()
    page.goto(f"{page.url.partition('#')[0].partition('?')[0]}/rows/1")
    expect(page.get_by_text("of the cost")).to_be_visible()


def _check_file(page: Page, batch: Batch) -> None:
    with page.expect_download() as coming:
        page.evaluate("path => { location.href = path }", f"/batches/{batch.pk}/download?form=csv")
    rows = list(csv.DictReader(io.StringIO(Path(coming.value.path()).read_text(), newline="")))
    assert len(rows) == 8
    assert all(re.match(r"https://(www\.who\.int|nasa\.gov)/", row["sources"]) for row in rows)
