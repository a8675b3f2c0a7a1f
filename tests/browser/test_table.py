"""The table of results with real clicks: filters act at once, rows open beside it, columns are widened."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch, Result
from batchsite.drafts import draft_store
from batchsite.results import tasks
from batchsite.results.models import ColumnChoice, HitCount, Judgement
from batchsite.teams.models import Team, User
from tests.browser.look import STICKS_OUT, accessibility
from tests.factories import make_dataset
from tests.submission.stories import a_running_batch, end, failure, receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late"]}]}
ROWS = 70


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    """Odd rows are answered `lost`, even ones `late`; all are expected to be `lost`; every tenth failed."""
    rows = [[f"Question {number}", "lost"] for number in range(1, ROWS + 1)]
    made = a_running_batch(
        team, alice, dataset=make_dataset(team, ["text", "wanted"], rows), shape=SHAPE, expected_column="wanted"
    )
    answers: dict[int, Any] = {row: f'{{"intent": "{"lost" if row % 2 else "late"}"}}' for row in range(1, ROWS + 1)}
    receive(made, answers | {row: failure("overloaded") for row in range(10, ROWS + 1, 10)})
    for row in range(1, ROWS + 1):
        Result.objects.filter(batch=made, row=row).update(cost_ticks=100_000 * row)
    return end(made)


def shown(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#rows tbody td.row").all_inner_texts()]


def test_filters_act_at_once_and_are_chips_that_come_off(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}")
    page.evaluate("window.stays = true")
    page.get_by_text("Filter", exact=True).click()
    page.locator("#filter-menu").get_by_label("State").select_option("failed")
    expect(page.locator("#rows tbody tr")).to_have_count(7)
    expect(page.locator("#hits")).to_have_text("7 of 70 rows")
    expect(page.locator("#filter-menu")).to_have_attribute("open", "")
    assert page.url.endswith(f"/batches/{batch.pk}?state=failed")
    page.get_by_label("Search in rows and answers").fill("question 2")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows mark").first).to_be_visible()
    expect(page.get_by_label("Search in rows and answers")).to_be_focused()
    assert page.url.endswith("?search=question+2&state=failed")
    assert accessibility(page) == []
    page.get_by_role("link", name=re.compile("^Failed")).click()
    expect(page.locator("#rows tbody tr")).to_have_count(11)
    expect(page.locator("#filter-menu select[name=state]")).to_have_value("")
    page.get_by_role("link", name=re.compile("^“question 2”")).click()
    expect(page.locator("#rows tbody tr")).to_have_count(50)
    expect(page.get_by_label("Search in rows and answers")).to_have_value("")
    assert page.evaluate("window.stays"), "the page was not loaded anew"
    page.go_back()
    expect(page.locator("#rows tbody tr")).to_have_count(11)


def test_heads_sort_in_place_and_keep_the_focus(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}?state=succeeded")
    page.get_by_role("link", name="Cost", exact=True).click()
    expect(page.get_by_role("columnheader", name="Cost")).to_have_attribute("aria-sort", "descending")
    assert shown(page)[:3] == ["69", "68", "67"]
    expect(page.locator("#sort-cost")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Cost")).to_have_attribute("aria-sort", "ascending")
    assert shown(page)[:3] == ["1", "2", "3"]
    assert page.url.endswith("?state=succeeded&sort=cost")


def test_the_number_of_hits_is_filled_in_when_a_worker_has_counted(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}?search=question")
    expect(page.locator("#hits")).to_contain_text("Counting the rows…")
    tasks.count_hits(HitCount.objects.get().pk)
    expect(page.locator("#hits")).to_have_text("70 of 70 rows")
    expect(page.locator("#spoken")).to_have_text("70 of 70 rows")
    expect(page.locator("#rows mark").first).to_have_text("Question")


def test_a_row_opens_beside_the_table_and_is_stepped_and_corrected_by_keys(
    batch: Batch, alice: User, open_as: Open
) -> None:
    page = open_as(alice, f"/batches/{batch.pk}?f.intent=late")
    page.get_by_role("link", name="4", exact=True).click()
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="Row 4")).to_be_visible()
    expect(panel).to_be_focused()
    expect(panel).to_contain_text("not as expected")
    expect(page.locator("#row-4 .is-wrong")).to_be_visible()
    assert page.url.endswith("?f.intent=late#row-4")
    assert page.evaluate(STICKS_OUT) <= 0
    assert accessibility(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Next row", exact=True).filter(visible=True)).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(panel.get_by_role("heading", name="Row 6")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(panel.get_by_role("heading", name="Row 2")).to_be_visible()
    expect(page.locator("#row-2")).to_have_attribute("aria-current", "true")
    page.keyboard.press("e")
    page.keyboard.press("ArrowDown")
    panel.get_by_label("Correct intent").select_option("lost")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#row-2")).to_contain_text("lost corrected")
    expect(page.locator("#row-2 .is-right")).to_be_visible()
    assert Judgement.objects.get().corrected == {"intent": "lost"}
    page.locator("#panel").focus()
    page.keyboard.press("Escape")
    expect(panel).not_to_be_visible()
    expect(page.locator("#row-2 td.row a")).to_be_focused()
    assert "#" not in page.url


def test_a_shared_address_opens_the_row_again(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}?f.intent=late#row-8")
    expect(page.locator("#panel").get_by_role("heading", name="Row 8")).to_be_visible()
    page.get_by_role("button", name="Close the row").click()
    expect(page.locator("#panel")).not_to_be_visible()


def test_beside_the_panel_the_table_hides_nothing(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}#row-4")
    page.set_viewport_size({"width": 1360, "height": 900})
    expect(page.locator("#panel").get_by_role("heading", name="Row 4")).to_be_visible()
    panel, table = page.locator("#panel").bounding_box(), page.locator("#rows table").bounding_box()
    assert panel
    assert table
    assert table["x"] + table["width"] <= panel["x"]
    assert page.locator("#rows .scroll").evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    expect(page.locator("#row-4").get_by_text("$")).to_be_visible()


def test_on_a_telephone_a_row_is_a_sheet_that_back_closes(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name="4", exact=True).click()
    sheet = page.locator("#panel")
    expect(sheet.get_by_role("heading", name="Row 4")).to_be_visible()
    assert page.evaluate(STICKS_OUT) <= 0
    assert accessibility(page) == []
    sheet.get_by_role("link", name="Next row").click()
    expect(sheet.get_by_role("heading", name="Row 5")).to_be_visible()
    page.go_back()
    expect(sheet).not_to_be_visible()
    expect(page.get_by_role("link", name="5", exact=True)).to_be_focused()


@pytest.mark.parametrize("kind", ["ended", "draft"])
def test_on_a_telephone_every_menu_is_on_the_screen(kind: str, batch: Batch, alice: User, open_as: Open) -> None:
    if kind == "draft":
        path = f"/batches/{draft_store.new_draft(batch.team, alice, batch.dataset).pk}/edit"
    else:
        path = f"/batches/{batch.pk}?f.intent=late"
    page = open_as(alice, path)
    page.set_viewport_size({"width": 390, "height": 844})
    menus = page.locator("main details.menu:visible")
    assert menus.count() >= 2
    for menu in menus.all():
        menu.locator("summary").click()
        box = menu.locator("> div").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.keyboard.press("Escape")  # or it covers the next


def test_a_column_is_widened_with_the_mouse_and_stays_so(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}")
    head = page.get_by_role("columnheader", name="intent")
    head.hover()
    box = head.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 330, box["y"] + box["height"] - 4, steps=6)
    page.mouse.up()
    expect(head).to_have_class(re.compile("is-wide"))
    assert ColumnChoice.objects.get().widths == {"f.intent": "wide"}
    page.reload()
    expect(page.get_by_role("columnheader", name="intent")).to_have_class(re.compile("is-wide"))


def test_a_view_is_saved_opened_and_deleted(batch: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{batch.pk}?state=failed&sort=-row")
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view, for the team").fill("German, failed")
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link", name="German, failed")).to_have_attribute("aria-current", "page")
    assert accessibility(page) == []
    views.get_by_role("link", name="All").click()
    expect(page.locator("#rows tbody tr")).to_have_count(50)
    views.get_by_role("link", name="German, failed").click()
    expect(page.locator("#rows tbody tr")).to_have_count(7)
    assert shown(page)[0] == "70"
    page.get_by_role("button", name="Delete view").click()
    expect(page.get_by_text("The view “German, failed” is deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(views.get_by_role("link", name="German, failed")).to_be_visible()
