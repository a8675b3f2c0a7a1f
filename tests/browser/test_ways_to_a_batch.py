"""Other ways to a first batch: by keyboard alone, with other columns, on some rows, within a budget, in the dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from batchsite.teams.people import set_budget
from batchsite.teams.team_keys import store_key
from tests.browser.drafting import prompt_of, saved
from tests.browser.look import STICKS_OUT, accessibility
from tests.factories import PASSWORD, make_dataset
from tests.pricing.test_budget import DOLLAR
from tests.submission.stories import a_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
REVIEWS = [
    ["The room was cold, and nobody at the desk would help us for an hour.", "bad"],
    ["", "good"],
    ["Lovely breakfast by the lake; we come again.", "good"],
    ["The lift did not work, and we were on the sixth floor.", "bad"],
]


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    rows = [[f"r{number}", *review] for number, review in enumerate(REVIEWS * 3, 1)]
    dataset = make_dataset(team, ["ref", "review", "mood"], rows, name="hotels", created_by=alice)
    return a_draft(team, alice, dataset, name="Hotels", prompt="", system_prompt="")


def focused(page: Page) -> str:
    """What the focus is on, by its words or its name."""
    said: str = page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name || ''")
    return said


def tab_to(page: Page, wanted: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if re.match(wanted, focused(page)):
            return
    raise AssertionError(f"Tab leads nowhere to {wanted}: {focused(page)}")


def test_the_whole_way_by_keyboard_alone(draft: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, "/batches/new")
    expect(page.get_by_role("button", name="Use hotels")).to_be_visible()
    tab_to(page, "Use")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/edit$"))
    tab_to(page, "prompt")
    page.keyboard.type("Is this a complaint? {{rev")
    page.keyboard.press("Enter")
    expect(prompt_of(page)).to_have_value("Is this a complaint? {{review}}")
    saved(page)
    tab_to(page, "Review and submit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review “Hotels”")).to_be_visible()
    tab_to(page, "Submit 12 rows")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/batches/{draft.pk}")
    draft.refresh_from_db()
    assert (draft.state, draft.prompt) == ("queued", "Is this a complaint? {{review}}")


@pytest.mark.parametrize(
    ("starter", "prompt", "fields"),
    [
        ("Classify", r"<text>\n\{\{review\}\}\n</text>", [("label", ["bad", "good"])]),
        ("Rate", r"<text>\n\{\{review\}\}\n</text>", [("reason", []), ("score", ["1", "2", "3", "4", "5"])]),
        ("Translate", r"into English\.\n\n<text>\n\{\{review\}\}", []),
    ],
)
def test_starting_prompts_are_made_for_the_columns_at_hand(
    starter: str, prompt: str, fields: list[Any], draft: Batch, alice: User, open_as: Open
) -> None:
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.get_by_role("link", name=re.compile(f"^{starter}")).click()
    page.get_by_role("button", name="Write the prompt").click()
    expect(prompt_of(page)).to_have_value(re.compile(prompt))
    expect(page.locator("#preview")).to_contain_text("The room was cold")
    draft.refresh_from_db()
    assert [(one["name"], one["values"]) for one in (draft.shape or {"fields": []})["fields"]] == fields


def places(page: Page) -> list[Any]:
    return [prompt_of(page).bounding_box(), page.locator("#preview").bounding_box()]


def test_gaps_follow_the_rows_that_are_chosen(draft: Batch, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    prompt_of(page).click()
    before = places(page)
    prompt_of(page).fill("{{review}}")
    expect(page.locator("#gaps")).to_contain_text("3 rows lack a value the prompt uses: row 2, row 6, row 10")
    assert places(page) == before, "what one types into, and what follows it, stands still"
    page.locator("#rows-choice summary").click()
    page.get_by_label("Row numbers").fill("1-4, 8-12")
    expect(page.locator("#gaps")).to_contain_text("2 rows lack a value the prompt uses: row 2, row 10")
    page.get_by_label("Row numbers").fill("3-4")
    expect(page.locator("#gaps")).to_have_text("")


@pytest.mark.parametrize("how", ["reload", "expired"])
def test_what_is_typed_about_variants_survives(how: str, draft: Batch, alice: User, open_as: Open) -> None:
    Batch.objects.filter(pk=draft.pk).update(prompt="Sort {{review}}")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.get_by_role("button", name="Compare with another prompt or model").click()
    other = page.get_by_role("textbox", name="Prompt of variant B", exact=True)
    expect(other).to_have_value("Sort {{review}}")
    page.context.clear_cookies(name="sessionid")
    other.fill("Half a thought about {{review}}")
    if how == "reload":
        page.reload()
    page.wait_for_url("**/sign-in?**")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(other).to_have_value("Half a thought about {{review}}")
    expect(page.locator("#try-cost")).to_contain_text("Saved")
    draft.refresh_from_db()
    assert draft.variants[0]["prompt"] == "Half a thought about {{review}}"
    page.reload()
    page.get_by_role("button", name="Remove variant B").click()
    expect(other).to_have_count(0)
    assert page.evaluate("Object.keys(sessionStorage).filter(one => one.startsWith('try '))") == []


@pytest.mark.parametrize("width", [1280, 390], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_review_is_readable_everywhere_and_its_command_is_copied(
    width: int, scheme: Any, draft: Batch, team: Team, alice: User, open_as: Open
) -> None:
    store_key(team, "xai-key-of-the-team-1234", "", alice)
    set_budget(team, 5 * DOLLAR)
    Batch.objects.filter(pk=draft.pk).update(prompt="Sort {{review}}", system_prompt="x" * 300)
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("button", name="Review and submit").click()
    expect(page.get_by_text("Left of the team’s budget")).to_be_visible()
    page.get_by_text("As a curl command").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("curl https://")
    assert "$XAI_API_KEY" in command
    assert "Sort The room was cold" in command
    assert accessibility(page) == []
    assert page.evaluate(STICKS_OUT) <= 0
