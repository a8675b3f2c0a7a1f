"""One row: stepping from row to row, running it again; and a batch on which nobody works."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from batchsite.processes.models import Heartbeat
from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.browser.test_front import refresh
from tests.submission.stories import a_running_batch, an_ended_batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_stepping_keeps_the_focus_and_shows_the_whole_row(team: Team, alice: User, open_as: Open) -> None:
    batch = an_ended_batch(team, alice)
    page = open_as(alice, f"/batches/{batch.pk}/rows/3")
    page.get_by_role("link", name="Next row").focus()
    for row in (4, 5):
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/rows/{row}")
        expect(page.locator("#row-head")).to_contain_text(f"{row} of 20")
        expect(page.get_by_role("link", name="Next row")).to_be_focused()
        expect(page.get_by_role("region", name="Dataset row")).to_contain_text(f"Question {row}")
    expect(page).to_have_title(re.compile("Row 5 of Sorting"))
    assert accessibility(page) == []
    page.keyboard.press("k")
    page.wait_for_url("**/rows/4")
    page.go_back()
    expect(page.locator("#row-head")).to_contain_text("5 of 20")


def test_a_row_with_an_answer_is_run_again_and_the_page_follows(team: Team, alice: User, open_as: Open) -> None:
    batch = an_ended_batch(team, alice)
    page = open_as(alice, f"/batches/{batch.pk}/rows/3")
    page.get_by_role("link", name="Run again…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Run row 3 again?")
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.locator("#row")).to_contain_text("It is being retried")
    batch.submissions.filter(number=2).update(state="completed", ended_at=timezone.now())
    refresh(page)
    expect(page.locator("#row")).not_to_contain_text("It is being retried")


def test_without_a_worker_the_open_page_says_so(team: Team, alice: User, open_as: Open) -> None:
    batch = a_running_batch(team, alice)
    page = open_as(alice, f"/batches/{batch.pk}")
    expect(page.locator("#batch-notices .notice")).to_have_count(0)
    Heartbeat.objects.create(queue="short", beat_at=timezone.now() - timedelta(seconds=16))
    expect(page.get_by_text("Nothing is being worked on")).to_be_visible()  # by its own poll
    assert accessibility(page) == []
    Heartbeat.objects.update(beat_at=timezone.now())
    expect(page.get_by_text("Nothing is being worked on")).not_to_be_visible()
