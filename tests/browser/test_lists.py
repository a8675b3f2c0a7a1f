"""Lists sorted by their heads and worked on by ticks, with real clicks; what is done is taken back with a click."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from tests.browser.look import STICKS_OUT, accessibility
from tests.factories import make_dataset
from tests.submission.stories import a_running_batch, an_ended_batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


@pytest.fixture
def three(team: Team, alice: User) -> list[Batch]:
    return [
        an_ended_batch(team, alice, rows=rows, name=name) for name, rows in (("Gamma", 12), ("beta", 20), ("Alpha", 5))
    ]


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#batches tbody td.name > a:not(.tag)").all_inner_texts()]


def test_batches_are_sorted_ticked_archived_and_brought_back(three: list[Batch], alice: User, open_as: Open) -> None:
    page = open_as(alice, "/batches/")
    assert names(page) == ["Alpha", "beta", "Gamma"]
    page.get_by_role("link", name="Rows", exact=True).click()
    expect(page.get_by_role("columnheader", name="Rows")).to_have_attribute("aria-sort", "descending")
    assert names(page) == ["beta", "Gamma", "Alpha"]
    bar = page.get_by_role("form", name="Selected batches")
    expect(bar).not_to_be_visible()
    page.get_by_role("checkbox", name="Select Gamma").check()
    expect(bar).to_contain_text("1 selected:")
    page.get_by_role("checkbox", name="Select all batches on this page").check()
    expect(bar).to_contain_text("3 selected:")
    assert accessibility(page) == []
    page.get_by_role("checkbox", name="Select beta").uncheck()
    bar.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("2 batches archived.")).to_be_visible()
    assert names(page) == ["beta"]
    assert page.url.endswith("?sort=-rows")
    page.keyboard.press("u")
    expect(page.get_by_text("2 batches moved back to the list.")).to_be_visible()
    assert names(page) == ["beta", "Gamma", "Alpha"]


def test_deleting_is_undone_and_a_tag_filters(three: list[Batch], alice: User, open_as: Open) -> None:
    page = open_as(alice, "/batches/")
    page.get_by_role("checkbox", name="Select Gamma").check()
    page.get_by_role("checkbox", name="Select beta").check()
    page.get_by_label("Tag for the selected batches").fill("weekly")
    page.get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_text("2 batches tagged “weekly”.")).to_be_visible()
    page.get_by_role("link", name="weekly").first.click()
    assert names(page) == ["beta", "Gamma"]
    page.get_by_role("checkbox", name="Select all batches on this page").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("2 batches deleted.")).to_be_visible()
    expect(page.get_by_text("No matching batches")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 batches restored.")).to_be_visible()
    assert names(page) == ["beta", "Gamma"]
    page.get_by_role("link", name=re.compile("^tag weekly")).click()
    assert names(page) == ["Alpha", "beta", "Gamma"]


@pytest.mark.parametrize("width", [390, 1360])
def test_the_list_fits_with_ticks(width: int, three: list[Batch], alice: User, open_as: Open) -> None:
    page = open_as(alice, "/batches/?search=a&sort=name")
    page.set_viewport_size({"width": width, "height": 860})
    page.get_by_role("checkbox", name="Select beta").check()
    assert page.evaluate(STICKS_OUT) <= 0
    assert accessibility(page) == []


def test_without_javascript_batches_are_sorted_archived_and_brought_back(
    three: list[Batch],
    alice: User,
    client_of: Callable[[User], Client],
    live_server: Any,
    browser: Browser,
    settings: Any,
) -> None:
    context = browser.new_context(java_script_enabled=False)
    cookie = client_of(alice).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/batches/")
    page.get_by_role("link", name="Name", exact=True).click()
    page.get_by_role("checkbox", name="Select beta").check()
    page.get_by_role("button", name="Archive").click()
    assert names(page) == ["Alpha", "Gamma"]
    page.get_by_role("button", name="Undo").click()
    assert names(page) == ["Alpha", "beta", "Gamma"]
    context.close()


def test_datasets_are_deleted_brought_back_renamed_and_searched(team: Team, alice: User, open_as: Open) -> None:
    rows = [[str(number), f"Question {number}" + (" needle" if number > 90 else "")] for number in range(1, 101)]
    make_dataset(team, rows=rows, name="Tickets", created_by=alice)
    make_dataset(team, name="Reviews", created_by=alice)
    page = open_as(alice, "/datasets/")
    page.get_by_role("link", name="Name", exact=True).click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("checkbox", name="Select Reviews").check()
    page.get_by_role("form", name="Selected datasets").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 dataset deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Reviews")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 dataset restored.")).to_be_visible()
    page.get_by_role("link", name="Tickets").click()
    page.get_by_role("link", name="Rename…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Tickets of March")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Tickets of March")).to_be_visible()
    page.get_by_label("Search in the rows").fill("NEEDLE")
    page.get_by_label("Search in the rows").press("Enter")
    expect(page.locator("#rows mark")).to_have_count(10)
    assert page.locator("#rows tbody tr").count() == 10
    assert accessibility(page) == []
    page.get_by_role("link", name="Show all rows").click()
    expect(page.locator("#rows tbody tr")).to_have_count(50)


def test_lists_are_filtered_at_once_and_what_is_ticked_stays_its_own(
    three: list[Batch], team: Team, alice: User, open_as: Open
) -> None:
    a_running_batch(team, alice, name="Gamma, running")
    page = open_as(alice, "/batches/")
    page.evaluate("window.stays = true")
    page.get_by_role("checkbox", name="Select Gamma", exact=True).check()
    page.get_by_label("Search by name").press_sequentially("gam")
    expect(page.locator("#batches tbody tr")).to_have_count(2)
    assert page.url.endswith("/batches/?search=gam")
    expect(page.get_by_label("Search by name")).to_be_focused()
    expect(page.get_by_role("checkbox", name="Select Gamma", exact=True)).to_be_checked()
    expect(page.get_by_role("checkbox", name="Select Gamma, running")).not_to_be_checked()
    Batch.objects.filter(name="Gamma, running").update(cost_ticks=50_000_000_000)
    page.evaluate("htmx.trigger(document.body, 'back')")
    expect(page.locator("#batches")).to_contain_text("$5.0000")
    expect(page.get_by_role("checkbox", name="Select Gamma", exact=True)).to_be_checked()
    page.get_by_label("State").select_option("Running")
    expect(page.locator("#batches tbody tr")).to_have_count(1)
    expect(page.locator("input[name=pk]:checked")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^“gam”")).click()
    expect(page.get_by_label("Search by name")).to_have_value("")
    assert page.url.endswith("/batches/?only=running")


def test_no_table_traps_the_wheel(team: Team, alice: User, open_as: Open) -> None:
    dataset = make_dataset(team, rows=[[str(number), "word " * 40] for number in range(1, 101)], created_by=alice)
    page = open_as(alice, f"/datasets/{dataset.pk}")
    page.locator("#rows table").hover(position={"x": 200, "y": 60})
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY > 300")
    assert page.locator("#rows .scroll").evaluate("box => box.scrollHeight <= box.clientHeight + 1")


def test_a_person_is_chosen_saved_as_a_view_and_their_failed_rows_are_retried(
    three: list[Batch], team: Team, alice: User, bob: User, open_as: Open
) -> None:
    failed = an_ended_batch(team, bob, failed=3, name="Of Bob")
    page = open_as(alice, "/batches/")
    page.get_by_label("Person").select_option("Bob")
    expect(page.locator("#batches tbody tr")).to_have_count(1)
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view, for the team").fill("Bob’s")
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Saved views")
    views.get_by_role("link", name="All").click()
    expect(page.locator("#batches tbody tr")).to_have_count(4)
    views.get_by_role("link", name="Bob’s").click()
    expect(page.locator("#batches tbody tr")).to_have_count(1)
    page.get_by_role("checkbox", name="Select Of Bob").check()
    page.get_by_role("button", name="Retry failed…").click()
    expect(page.get_by_role("main")).to_contain_text("3 rows are sent again")
    assert accessibility(page) == []
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#batches tbody tr")).to_have_count(1)
    assert failed.submissions.count() == 2
