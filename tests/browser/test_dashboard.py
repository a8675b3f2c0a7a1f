"""The dashboard: drafts, and acting where it says that something needs attention."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from batchsite.batches.transitions import hold
from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.submission.stories import a_draft, a_running_batch, ago, an_ended_batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_attention_is_given_where_it_is_asked_for(team: Team, alice: User, open_as: Open) -> None:
    failed = an_ended_batch(team, alice, failed=3, name="Some failed")
    held = a_running_batch(team, alice, name="Waiting for credits")
    hold(held.pk, "no credits left")
    draft = a_draft(team, alice, name="Half an idea")
    running = a_running_batch(team, alice, rows=100, name="On its way")
    ago(running, minutes=10)
    running.submissions.update(num_success=50, changed_at=timezone.now())
    page = open_as(alice, "/")
    expect(page.get_by_role("region", name="Running now")).to_contain_text("about 10 minutes left")
    assert accessibility(page) == []
    needs = page.get_by_role("region", name="Needs attention")
    needs.get_by_role("link", name="Retry…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    page.wait_for_url(f"**/batches/{failed.pk}")
    assert failed.submissions.count() == 2
    page.goto(page.url.split("/batches")[0])
    needs.get_by_role("button", name="Resume").click()
    page.wait_for_url(f"**/batches/{held.pk}")
    held.refresh_from_db()
    assert held.held_reason == ""
    page.goto(page.url.split("/batches")[0])
    page.get_by_role("region", name="Drafts").get_by_role("link", name="Half an idea").click()
    page.wait_for_url(f"**/batches/{draft.pk}/edit")
