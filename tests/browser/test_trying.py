"""Five rows with two prompts side by side, the second one used, submitted, and nothing paid twice."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.drafting import submit
from tests.browser.look import STICKS_OUT, accessibility, sign_in
from tests.browser.test_controls import E_MAIL, Site
from tests.factories import PASSWORD
from tests.running import Running

pytestmark = pytest.mark.browser
ROWS = 1_200
FIRST, SECOND = "Which intent? {{text}}", "Name the intent of this question of a bank’s customer: {{text}}"
BEGIN = f"""
from batchsite.drafts import draft_store
from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from tests import customer_questions
from tests.factories import make_dataset
team, alice = Team.objects.get(), User.objects.get()
rows = customer_questions.questions()
values = sorted(customer_questions.intents())
dataset = make_dataset(team, customer_questions.COLUMNS, rows[::8][:{ROWS}], name="questions", created_by=alice)
batch = draft_store.new_draft(team, alice, dataset)
field = {{"name": "intent", "type": "choice", "values": values, "description": "", "required": True}}
draft_store.save(batch, {{"prompt": {FIRST!r}, "model": "grok-4.3", "shape": {{"fields": [field]}}}})
print(batch.pk)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environ = {"SANDBOX_RATE": "0", "DJANGO_SETTINGS_MODULE": "tests.hasty_settings"}
    folder = tmp_path_factory.mktemp("trying") / "site"
    with Running(folder, environ) as running, contextlib.closing(Site(running)) as site:
        yield site


@pytest.fixture
def at(page: Page, complaints: list[str], site: Site) -> Any:
    site.sandbox.mend()
    sign_in(page, site.running.url, E_MAIL, PASSWORD)

    def opened(path: str) -> Page:
        page.goto(site.running.url + path)
        return page

    return opened


def variant(page: Page, name: str) -> Any:
    return page.get_by_role("textbox", name=f"Prompt of variant {name}", exact=True)


def press(page: Page) -> None:
    page.get_by_role("button", name="Try", exact=True).click()


def direct(site: Site) -> tuple[int, int]:
    said = site.sandbox.admin("GET", "ledger")["direct"]
    return said["calls"], said["cost_in_usd_ticks"]


def test_five_rows_two_prompts_the_second_used_submitted_and_no_row_paid_twice(site: Site, at: Any) -> None:
    batch = site.shell(BEGIN)
    page = at(f"/batches/{batch}/edit")
    expect(page.get_by_text("5 rows × 1 variant, about $")).to_be_visible()
    page.get_by_role("button", name="Compare with another prompt or model").click()
    variant(page, "B").fill(SECOND)
    expect(page.get_by_text("5 rows × 2 variants, about $")).to_be_visible()
    press(page)
    expect(page.get_by_text(re.compile(r"The variants agree on \d of 5 rows"))).to_be_visible()
    expect(page.locator("#tried tbody tr")).to_have_count(5)
    expect(page.locator("#tried tbody dd").first).not_to_be_empty()
    expect(page.locator("#check")).to_contain_text("Based on your 5 test rows")
    assert accessibility(page) == []
    calls, ticks = direct(site)
    assert calls == 10

    page.get_by_role("button", name="Use this variant").click()
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_have_value(SECOND)
    expect(variant(page, "B")).to_have_value(FIRST)
    expect(page.locator("#check")).to_contain_text("5 test rows are kept: already paid")
    submit(page)
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name=f"{ROWS:,} succeeded")).to_be_visible()
    page.get_by_role("navigation", name="This batch").get_by_role("link", name="Activity").click()
    expect(page.get_by_text("5 rows kept from tries: not sent or charged again").first).to_be_visible()
    said = " ".join(page.get_by_role("region", name="Cost and tokens").inner_text().split())
    share = re.search(r"it cost (?:(\d+) % (?:more|less)|as much as estimated)", said)
    assert share, said
    assert int(share[1] or 0) <= 15

    assert direct(site)[0] == 10, "nothing was asked again"
    assert sum(one["requests"] for one in site.sandbox.batches()) == ROWS - 5
    billed = site.shell(
        "from batchsite.batches.models import Batch, Result; from django.db.models import Sum;"
        f"kept = Result.objects.filter(batch={batch}, submission=None).aggregate(s=Sum('cost_ticks'))['s'];"
        f"print(Batch.objects.get(pk={batch}).cost_ticks - kept, kept)"
    )
    sent, kept = map(int, billed.split())
    assert sent == site.sandbox.billed()
    assert 0 < kept < ticks


def test_what_was_typed_last_is_what_is_tried(site: Site, at: Any) -> None:
    page = at(f"/batches/{site.shell(BEGIN)}/edit")
    expect(page.get_by_text("5 rows × 1 variant, about $")).to_be_visible()
    page.get_by_role("textbox", name="Prompt", exact=True).fill("Only just typed: {{text}}")
    press(page)
    expect(page.get_by_text("5 of 5 answered")).to_be_visible()
    page.locator("#tried .meta a").first.click()
    expect(page.get_by_text("Only just typed:")).to_be_visible()


def test_variants_survive_a_reload_and_a_refusal(site: Site, at: Any, complaints: list[str]) -> None:
    page = at(f"/batches/{site.shell(BEGIN)}/try")
    page.get_by_role("button", name="Compare with another prompt or model").click()
    variant(page, "B").fill("Say: {{texd}}")
    expect(page.locator("#try-cost")).to_contain_text("Did you mean {{text}}")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("Variant B: There is no column “texd”")
    expect(variant(page, "B")).to_have_value("Say: {{texd}}")
    assert "422" in complaints.pop(), "the browser names the refusal, too"
    page.reload()
    expect(variant(page, "B")).to_have_value("Say: {{texd}}")
    variant(page, "B").fill("Say: {{text}}")
    page.get_by_label("Rows", exact=True).select_option("These rows")
    page.get_by_label("Which rows").fill("7, 40-41")
    press(page)
    expect(page.get_by_text("The variants agree on")).to_be_visible()
    expect(page.locator("#tried tbody th a")).to_have_text(["7", "40", "41"])


def test_answers_are_dropped_and_kept_by_keyboard_and_the_focus_stays(site: Site, at: Any) -> None:
    page = at(f"/batches/{site.shell(BEGIN)}/try")
    press(page)
    expect(page.get_by_text("5 of 5 answered")).to_be_visible()
    kept = page.get_by_role("button", name="Kept row 2")
    kept.focus()
    page.keyboard.press("Enter")
    dropped = page.get_by_role("button", name="Keep row 2")
    expect(dropped).to_have_attribute("aria-pressed", "false")
    expect(dropped).to_be_focused()
    expect(page.locator("#try-cost")).to_contain_text("4 of 5 answers are already known")
    page.keyboard.press("Enter")
    expect(page.locator("#try-cost")).to_contain_text("nothing to pay")


def test_a_lost_reply_is_said_and_a_narrow_page_holds_it_all(site: Site, at: Any) -> None:
    page = at(f"/batches/{site.shell(BEGIN)}/try")
    page.set_viewport_size({"width": 390, "height": 844})
    site.sandbox.fault("lost_reply", call="chat", nth=2)
    page.get_by_role("button", name="Compare with another prompt or model").click()
    variant(page, "B").fill(SECOND)
    press(page)
    expect(page.get_by_text("it may have been billed").first).to_be_visible()
    assert page.evaluate(STICKS_OUT) <= 0
    assert accessibility(page) == []
    site.sandbox.mend()
    press(page)
    expect(page.get_by_text("it may have been billed")).to_have_count(0)


def test_without_javascript_it_is_pressed_and_read_by_plain_forms(site: Site, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site.running.url, E_MAIL, PASSWORD)
    page.goto(f"{site.running.url}/batches/{site.shell(BEGIN)}/edit")
    page.get_by_role("link", name="Try the prompt on a few rows").click()
    page.get_by_role("button", name="Compare with another prompt or model").click()
    variant(page, "B").fill(SECOND)
    press(page)
    for _ in range(60):
        page.reload()
        if page.get_by_text("The variants agree on").count():
            break
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Use this variant").click()
    expect(page.get_by_text("This is now the draft’s prompt")).to_be_visible()
    context.close()
