"""A dataset in which 30 % of the rows repeat others costs 70 %, and every page says so."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from tests.browser.drafting import saved, submit
from tests.browser.look import accessibility
from tests.factories import make_dataset
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_repeated_rows_cost_nothing(team: Team, alice: User, sandbox: Sandbox, open_as: Open) -> None:
    texts = [f"My card number {number} is lost" for number in range(70)]
    dataset = make_dataset(team, ["id", "text"], [[f"c{n}", text] for n, text in enumerate([*texts, *texts[:30]])])
    draft = a_draft(team, alice, dataset)
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    expect(page.locator("#check")).to_contain_text("30 rows repeat the request of another row, and each is billed.")
    page.get_by_text("Rows that repeat", exact=True).click()
    page.get_by_label("Send each request once").check()
    saved(page)
    expect(page.locator("#check")).to_contain_text("minus 30 that repeat another row")
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_text("sent once, the answer goes to all of them").first).to_be_visible()
    page.get_by_role("link", name="Back to the draft").click()
    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))

    batch = drive(Batch.objects.get(pk=draft.pk))
    check_books(batch, sandbox)
    each = sum(row["cost_in_usd_ticks"] for row in sandbox.rows()) * 100 / 70
    assert batch.cost_ticks == pytest.approx(0.7 * each)
    assert len(sandbox.rows()) == 70
    page.reload()
    page.get_by_role("link", name="30 repeats of another row").click()
    expect(page.get_by_role("link", name="71", exact=True)).to_be_visible()
    page.get_by_role("button", name="Row 71 is bad").click()
    expect(page.get_by_role("button", name="Row 71 is bad")).to_have_attribute("aria-pressed", "true")
    page.goto(re.sub(r"\?.*", "", page.url))
    expect(page.get_by_role("button", name="Row 1 is bad")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{page.url}/rows/71")
    expect(page.get_by_text("paid with row 1", exact=True)).to_be_visible()
    assert accessibility(page) == []
    page.get_by_role("link", name="Row 1", exact=True).click()
    expect(page.get_by_role("link", name="row 71", exact=True)).to_be_visible()
