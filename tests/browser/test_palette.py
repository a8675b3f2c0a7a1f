"""Ctrl-K goes anywhere by name; Ctrl-Enter submits or saves the form that one is in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.submission.stories import a_draft, an_ended_batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_a_batch_is_one_name_away_from_any_page(team: Team, alice: User, open_as: Open) -> None:
    batch = an_ended_batch(team, alice, name="Languages")
    an_ended_batch(team, alice, name="Tickets")
    page = open_as(alice, "/team")
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Go to")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    expect(dialog.get_by_role("link", name="New batch")).to_be_visible()
    assert accessibility(page) == []
    page.keyboard.type("langu")
    expect(dialog.get_by_role("link", name="Tickets")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("link", name="Languages")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/batches/{batch.pk}")


def test_escape_closes_it_and_gives_the_focus_back(team: Team, alice: User, open_as: Open) -> None:
    page = open_as(alice, "/datasets/")
    page.get_by_role("link", name="Prompts").focus()
    page.keyboard.press("Meta+k")
    expect(page.get_by_role("dialog", name="Go to")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Prompts")).to_be_focused()


def test_on_a_telephone_it_is_a_tap_away_and_fits(team: Team, alice: User, open_as: Open, page: Page) -> None:
    an_ended_batch(team, alice, name="A batch with a very long name, " * 5)
    page.set_viewport_size({"width": 390, "height": 844})
    open_as(alice, "/")
    page.get_by_role("link", name="Go to…").click()
    expect(page.get_by_role("dialog", name="Go to").get_by_role("searchbox")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert accessibility(page) == []
    page.get_by_role("searchbox").fill("long")
    page.get_by_role("dialog").get_by_role("link", name="A batch with").click()
    expect(page.get_by_role("heading", name="A batch with")).to_be_visible()


def test_without_javascript_it_is_a_page(team: Team, alice: User, open_as: Open, browser: object) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = open_as(alice, "/")
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(page.url)
    plain.get_by_role("link", name="Go to…").click()
    plain.get_by_role("searchbox").fill("help")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("main").get_by_role("link", name="Help").click()
    expect(plain.get_by_role("heading", name="What the words mean")).to_be_visible()
    context.close()


def test_control_enter_submits_the_form_one_is_in(team: Team, alice: User, open_as: Open) -> None:
    batch = an_ended_batch(team, alice)
    page = open_as(alice, f"/batches/{batch.pk}/activity")
    page.get_by_role("link", name="Add notes or tags").click()
    page.get_by_role("textbox", name="Notes").fill("Looks good")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#batch-notes")).to_contain_text("Looks good")
    expect(page.get_by_role("textbox", name="Notes")).to_have_count(0)


def test_control_enter_on_a_draft_leads_to_the_review(team: Team, alice: User, open_as: Open) -> None:
    draft = a_draft(team, alice)
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.locator("#id_prompt").fill("Which language? {{text}}")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/review")
    draft.refresh_from_db()
    assert draft.prompt == "Which language? {{text}}"
