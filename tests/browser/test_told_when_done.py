"""A person is told that a batch is done: by a notification they asked for, and by a count of what is not seen yet."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import BatchEnd
from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.submission.stories import a_running_batch, an_ended_batch, end, receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]

RECORDER = """
  window.told = [];
  window.Notification = class extends EventTarget {
    static permission = "default";
    static requestPermission() { return Promise.resolve(this.permission = "%s"); }
    constructor(title) { super(); window.told.push(title); }
  };
"""


def test_a_notification_that_was_asked_for_comes_at_the_end(team: Team, alice: User, open_as: Open, page: Page) -> None:
    batch = a_running_batch(team, alice, rows=3)
    page.add_init_script(RECORDER % "granted")
    open_as(alice, f"/batches/{batch.pk}")
    page.get_by_role("button", name="Notify me when done").click()
    expect(page.get_by_role("button", name="You’ll be notified")).to_have_attribute("aria-pressed", "true")
    assert accessibility(page) == []
    receive(batch, {1: "yes"})
    expect(page.locator("#progress")).to_contain_text("1 succeeded")
    expect(page.get_by_role("button", name="You’ll be notified")).to_be_visible()
    receive(batch, {2: "yes", 3: "no"})
    end(batch)
    expect(page.locator("#notify")).to_have_count(0)
    assert page.evaluate("told") == ["Completed: Sorting"]


def test_where_it_is_refused_the_offer_goes_away(team: Team, alice: User, open_as: Open, page: Page) -> None:
    batch = a_running_batch(team, alice, rows=3)
    page.add_init_script(RECORDER % "denied")
    open_as(alice, f"/batches/{batch.pk}")
    page.get_by_role("button", name="Notify me when done").click()
    expect(page.locator("#notify")).to_be_hidden()
    assert page.evaluate("told") == []


def test_ends_that_one_has_not_seen_are_counted_in_the_rail(
    team: Team, alice: User, bob: User, open_as: Open, page: Page
) -> None:
    batch = an_ended_batch(team, alice)
    other = an_ended_batch(team, alice, name="Second")
    open_as(alice, "/")
    expect(page.locator("#rail-batches .unread")).to_contain_text("2 finished, not seen yet")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Batches").click()
    expect(page.get_by_role("row", name="Second").get_by_text("new", exact=True)).to_be_visible()
    assert accessibility(page) == []
    page.get_by_role("link", name="Second").click()
    expect(page.locator("#rail-batches .unread")).to_contain_text("1")
    open_as(bob, "/")
    expect(page.locator("#rail-batches .unread")).to_have_count(0)
    assert set(BatchEnd.objects.filter(seen_at=None).values_list("batch_id", flat=True)) == {batch.pk}
    assert other.pk


def test_what_ends_before_ones_eyes_is_seen(team: Team, alice: User, open_as: Open, page: Page) -> None:
    batch = a_running_batch(team, alice, rows=1)
    open_as(alice, f"/batches/{batch.pk}")
    receive(batch, {1: "yes"})
    end(batch)
    expect(page.locator("#progress")).to_contain_text("Completed")
    expect(page.locator("#rail-batches .unread")).to_have_count(0)
    assert BatchEnd.objects.get(batch=batch).seen_at is not None
