"""Long texts: what stands beside and below them stays in reach, on paper, too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.factories import make_dataset
from tests.submission.stories import a_draft, a_running_batch, end, receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_a_long_prompt_shows_its_beginning_and_all_of_it_on_demand(team: Team, alice: User, open_as: Open) -> None:
    draft = a_draft(team, alice, make_dataset(team, ["text"], [["word " * 2000]]), prompt="{{text}}")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    text = page.locator("#preview pre")
    height = "text => text.offsetHeight"
    assert text.evaluate(height) < 500
    assert accessibility(page) == []
    page.get_by_text("Show all 10,000 characters").click()
    expect(page.get_by_text("Show less")).to_be_visible()
    assert text.evaluate(height) > 1000


def test_a_printed_table_has_room_for_its_answers(team: Team, alice: User, open_as: Open) -> None:
    batch = a_running_batch(team, alice, rows=1, expected_column="text")
    receive(batch, {1: "It is about a card that has not arrived. " * 3})
    end(batch)
    page = open_as(alice, f"/batches/{batch.pk}")
    page.set_viewport_size({"width": 1000, "height": 1000})
    page.emulate_media(media="print")
    box = page.locator("#row-1 td", has_text="about a card").bounding_box()
    assert box
    assert box["width"] > 200
