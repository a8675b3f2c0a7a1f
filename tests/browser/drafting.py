"""What people do on the page of a draft, for every test that gets to a batch through it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


def prompt_of(page: Page) -> Locator:
    """The text of the prompt."""
    return page.get_by_role("textbox", name="Prompt", exact=True)


def saved(page: Page) -> None:
    """Wait until what was typed is with the server."""
    expect(page.locator("#saved")).to_have_text("Saved")


def submit(page: Page) -> None:
    """Review, and submit."""
    page.get_by_role("button", name="Review and submit").click()
    page.get_by_role("button", name=re.compile(r"^Submit [\d,]+ row")).click()
