"""The page of a batch: its tabs, and answers on the first screen at the end without a click."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import RowState, State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import hold, move
from batchsite.results.views_progress import LATEST
from batchsite.submission import results_store
from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.submission.stories import a_running_batch, ago, an_ended_batch, end, failure, receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


@pytest.mark.parametrize("size", [(1360, 900), (390, 844)], ids=["wide", "narrow"])
def test_rows_fill_in_place_and_are_on_the_first_screen_at_the_end(
    size: tuple[int, int], team: Team, alice: User, open_as: Open
) -> None:
    batch = a_running_batch(team, alice, rows=50)
    receive(batch, dict.fromkeys(range(1, 11), "early"))
    page = open_as(alice, f"/batches/{batch.pk}")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    expect(page.locator("#row-50")).to_contain_text("Pending")
    link = page.locator("#row-12 a").first
    link.focus()
    head = page.locator(".compact")
    height = head.evaluate("head => head.offsetHeight")
    receive(batch, dict.fromkeys(range(11, 50), "late") | {50: failure("overloaded")})
    end(batch)
    expect(page.locator("#row-50")).to_contain_text("Failed")
    expect(page.locator("#row-12")).to_contain_text("late")
    expect(link).to_be_focused()
    assert page.locator("#progress").get_attribute("hx-get") is None
    assert head.evaluate("head => head.offsetHeight") == height, "what stands below does not jump"
    page.evaluate("scrollTo(0, 0)")
    answer = page.locator("#row-1").get_by_text("early")
    box = answer.bounding_box()
    assert box
    assert box["y"] + box["height"] < size[1], "an answer is on the first screen"
    assert accessibility(page) == []


def test_the_focus_stays_on_an_element_whose_words_change(team: Team, alice: User, open_as: Open) -> None:
    batch = a_running_batch(team, alice, rows=3)
    for number in range(LATEST):
        note(batch.pk, "renamed", f"Named {number}")
    page = open_as(alice, f"/batches/{batch.pk}/activity")
    earlier = page.locator("#batch-timeline summary").first
    words = earlier.inner_text()
    earlier.focus()
    receive(batch, dict.fromkeys((1, 2, 3), "late"))
    end(batch)
    expect(earlier).not_to_have_text(words)
    expect(earlier).to_be_focused()


def test_each_tab_has_an_address_and_the_head_stays(team: Team, alice: User, open_as: Open) -> None:
    batch = an_ended_batch(team, alice, failed=2)
    page = open_as(alice, f"/batches/{batch.pk}")
    for name, sight in (("Insights", "Show as table"), ("Activity", "Timeline"), ("Prompt", "As row 1 was sent")):
        page.get_by_role("navigation", name="This batch").get_by_role("link", name=name).click()
        page.wait_for_url(f"**/batches/{batch.pk}/{name.lower()}")
        expect(page.locator("#progress")).to_contain_text("18 succeeded")
        if name != "Insights":
            expect(page.get_by_text(sight).first).to_be_visible()
        assert accessibility(page) == []
    page.get_by_role("link", name="2 failed").click()
    expect(page.locator("#results tbody tr")).to_have_count(2)


def test_a_filter_that_is_taken_back_leaves_its_field_as_it_was(team: Team, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{an_ended_batch(team, alice, failed=2).pk}")
    state = page.locator("#filter-menu [name=state]")
    page.locator("#filter-menu summary").click()
    state.select_option("failed")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    expect(state).to_have_value("failed")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="remove this filter").click()
    expect(page.locator("#results tbody tr")).to_have_count(20)
    expect(state).to_have_value("")


def test_what_is_typed_into_a_filter_outlasts_the_polls(team: Team, alice: User, open_as: Open) -> None:
    batch = a_running_batch(team, alice, rows=3)
    page = open_as(alice, f"/batches/{batch.pk}")
    page.locator("#filter-menu summary").click()
    page.get_by_label("From row").press_sequentially("2")
    receive(batch, {1: "yes"})
    expect(page.locator("#row-1")).to_contain_text("yes")
    expect(page.get_by_label("From row")).to_have_value("2")
    expect(page.locator("#filter-menu")).to_have_attribute("open", "")


def test_a_batch_without_a_single_answer_is_failed(team: Team, alice: User, open_as: Open) -> None:
    page = open_as(alice, f"/batches/{an_ended_batch(team, alice, failed=20).pk}")
    expect(page.locator("#progress .badge.bad")).to_have_text("Failed")
    expect(page.locator("#batch-actions .btn.main")).to_have_text("Retry failed…")
    well = an_ended_batch(team, alice)
    page.goto(page.url.rpartition("/")[0] + f"/{well.pk}")
    expect(page.get_by_role("link", name="0 failed")).to_be_visible()
    expect(page.locator("#progress .dot.bad")).to_have_count(0)


def test_the_head_has_one_filled_button_and_no_promise_while_nothing_moves(
    team: Team, alice: User, open_as: Open
) -> None:
    batch = a_running_batch(team, alice, rows=100)
    ago(batch, minutes=5)
    Submission.objects.update(num_success=50)
    page = open_as(alice, f"/batches/{batch.pk}")
    filled = page.get_by_role("main").locator(".btn.main:visible")
    expect(page.locator("#progress")).to_contain_text("no new answers since")
    expect(page.locator("#progress")).not_to_contain_text("left")
    expect(filled).to_have_count(0)
    page.locator("#more-menu summary").click()
    expect(page.get_by_role("link", name="Finish early…")).to_be_visible()
    hold(batch.pk, "no credits left")
    page.reload()
    expect(filled).to_have_text(["Resume"])
    Batch.objects.update(held_reason="", held_for="")
    receive(batch, dict.fromkeys(range(1, 91), "yes"))
    expire(batch)
    page.reload()
    expect(filled).to_have_text(["Download"])
    expect(page.locator("#progress")).to_contain_text("10 expired")
    expect(page.locator("#progress .dot.bad")).to_have_count(0)
    expect(page.get_by_role("link", name="0 failed")).to_be_visible()


def expire(batch: Batch) -> None:
    """xAI gave the batch up: it declares the rest of the rows."""
    with transaction.atomic():
        submission = batch.submissions.select_for_update(no_key=True).get()
        results_store.declare(submission, range(91, 101), RowState.CANCELLED, "It expired.", "expired")
        move(submission, State.COLLECTING)
        move(submission, State.EXPIRED)
