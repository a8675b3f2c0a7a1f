"""What a team keeps, and for how long: chosen knowingly, one batch is kept longer, and everything is taken along."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.retention.models import Retention
from batchsite.retention.removal import apply_step
from batchsite.takeout.models import Takeout
from batchsite.takeout.takeout_steps import build_step
from batchsite.teams.models import Team, User
from tests.browser.look import faults_everywhere
from tests.submission.stories import an_ended_batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_days_are_chosen_knowingly_and_one_batch_is_kept(team: Team, alice: User, open_as: Open, page: Page) -> None:
    batch = an_ended_batch(team, alice, rows=3)
    Batch.objects.filter(pk=batch.pk).update(ended_at=timezone.now() - timedelta(days=60))
    open_as(alice, "/team")
    page.get_by_role("link", name="Retention").click()
    page.get_by_label("Batches, in days").fill("30")
    page.get_by_role("button", name="Preview what would be removed").click()
    expect(page.get_by_text("1 batch would be removed on")).to_be_visible()
    assert faults_everywhere(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The team removes batches after 30 days.")).to_be_visible()
    apply_step(Retention.objects.get().pk)
    page.get_by_role("link", name="Remove now").click()
    expect(page.get_by_role("dialog")).to_contain_text("Remove 1 batch now?")
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Batches").click()
    expect(page.locator(f"#batch-{batch.pk}")).to_contain_text("removed on")
    page.get_by_role("link", name=batch.name).click()
    expect(page.get_by_text("Removed on")).to_be_visible()
    assert faults_everywhere(page) == []
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("stays until somebody deletes it")).to_be_visible()
    expect(page.get_by_role("button", name="Stop keeping")).to_be_visible()


def test_an_owner_takes_everything_along(team: Team, alice: User, open_as: Open, page: Page) -> None:
    an_ended_batch(team, alice, rows=3)
    open_as(alice, "/team")
    page.get_by_role("link", name="Export everything").click()
    page.get_by_role("button", name="Write everything into one file").click()
    expect(page.get_by_text("of 4 parts")).to_be_visible()
    for _ in range(3):
        build_step(Takeout.objects.get().pk)
    expect(page.get_by_role("heading", name="Ready")).to_be_visible()
    assert faults_everywhere(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert "manifest.json" in archive.namelist()
