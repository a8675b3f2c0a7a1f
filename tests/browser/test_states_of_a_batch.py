"""States of a batch that are seldom seen: it expired at xAI, or the database was restored; and the icon of its tab."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor, RowState, State
from batchsite.batches.transitions import hold, move
from batchsite.submission import actions, restore, results_store
from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox
from tests.submission.stories import a_running_batch, end, failure, receive

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_rows_that_expired_are_told_from_failed_ones_and_retried(team: Team, alice: User, open_as: Open) -> None:
    batch = a_running_batch(team, alice, rows=20)
    page = open_as(alice, f"/batches/{batch.pk}")
    receive(batch, dict.fromkeys(range(1, 17), "yes") | {17: failure("overloaded")})
    expire(batch)
    expect(page.locator("#progress .badge").first).to_have_text("Expired")
    expect(page.locator("#batch-notices")).to_contain_text("expired at xAI before every row was answered")
    expect(page.locator("#progress")).not_to_contain_text("cancelled")
    expect(page.get_by_role("link", name="1 failed")).to_be_visible()
    page.locator("#progress").get_by_role("link", name="3 expired").click()
    expect(page.locator("#rows tbody td.row")).to_have_text(["18", "19", "20"])
    expect(page.locator("#rows tbody .badge")).to_have_text(["Expired"] * 3)
    assert accessibility(page) == []
    page.get_by_role("link", name="Retry the rest…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4 rows")
    dialog.get_by_role("button", name="Retry").click()
    expect(page.locator("#batch-actions").get_by_role("link", name="Cancel…")).to_be_visible()
    expect(page.get_by_role("link", name="3 expired").first).to_be_visible()


def expire(batch: Batch) -> None:
    """xAI gave the batch up: the rows without an answer are declared."""
    with transaction.atomic():
        submission = batch.submissions.select_for_update(no_key=True).get()
        results_store.declare(submission, range(18, 21), RowState.CANCELLED, "It expired.", "expired")
        move(submission, State.COLLECTING)
        move(submission, State.EXPIRED)


def test_after_a_restore_a_batch_waits_for_a_word_and_goes_on_with_it(
    team: Team, alice: User, sandbox: Sandbox, open_as: Open, settings: Any
) -> None:
    restore.begin_anew()
    batch = make_batch(team, 12)
    shutil.rmtree(Path(settings.DATA) / "generation")  # as with a backup that is put on another machine
    restore.begin_anew()
    batch = drive(batch, until="held")
    page = open_as(alice, f"/batches/{batch.pk}")
    notice = page.locator("#batch-notices .notice")
    expect(notice).to_contain_text("Held: The database was restored, and 12 rows had not reached xAI")
    expect(notice).to_contain_text("Until then nothing is sent.")
    assert page.get_by_role("main").locator(".btn.main:visible").all_inner_texts() == ["Resume"]
    assert accessibility(page) == []
    assert sandbox.rows() == []
    page.get_by_role("button", name="Resume").click()
    expect(notice).to_have_count(0)
    check_books(drive(batch), sandbox)
    expect(page.locator("#progress .badge").first).to_have_text("Completed")


def test_the_icon_of_the_tab_follows_the_state(team: Team, alice: User, open_as: Open) -> None:
    batch = a_running_batch(team, alice, rows=3)
    page = open_as(alice, f"/batches/{batch.pk}")
    shows(page, "live")
    hold(batch.pk, "no credits left at xAI", held_for=HeldFor.CREDITS)
    shows(page, "warn")
    actions.go_on(batch, alice)
    shows(page, "live")
    receive(batch, {1: "yes", 2: "yes", 3: failure("overloaded")})
    end(batch)
    shows(page, "warn")
    for figures, tone in (({"succeeded": 3, "failed": 0}, "good"), ({"succeeded": 0, "failed": 3}, "bad")):
        Batch.objects.filter(pk=batch.pk).update(**figures)
        page.reload()
        shows(page, tone)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Batches").click()
    expect(page.locator("#icon")).to_have_attribute("href", "/static/icon.svg")


def shows(page: Page, tone: str) -> None:
    expect(page.locator("#icon")).to_have_attribute("href", f"/static/icon-{tone}.svg")
