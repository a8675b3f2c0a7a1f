"""A batch that stops at its cap, and two teams that work side by side: neither sees or pays for the other."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Role, Team, User
from batchsite.wording import TICKS_PER_DOLLAR
from tests.browser.look import complaints_of, faults_everywhere
from tests.factories import make_dataset, make_member, make_team, make_user
from tests.pipeline import check_books, drive, make_batch, story
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
ROWS = 60


def tickets(team: Team, of: str) -> Any:
    rows = [[f"{of}{number}", f"Question {number} of {of}: is my card lost?"] for number in range(1, ROWS + 1)]
    return make_dataset(team, ["id", "text"], rows, name=f"tickets of {of}")


def test_a_batch_with_a_cap_stops_at_it_and_goes_on_below_a_higher_one(
    team: Team, alice: User, sandbox: Sandbox, open_as: Open, complaints: list[str]
) -> None:
    whole = drive(make_batch(team, ROWS)).cost_ticks
    sandbox.reset()
    draft = a_draft(team, alice, tickets(team, "ours"))
    page = open_as(alice, f"/batches/{draft.pk}/review")
    page.get_by_label("Spending cap, in dollars").fill(f"{Decimal(whole * 3 // 5) / TICKS_PER_DOLLAR:.4f}")
    assert faults_everywhere(page) == []
    page.get_by_role("button", name=re.compile(r"^Submit")).click()
    page.wait_for_url(re.compile(rf"/batches/{draft.pk}$"))
    batch = drive(Batch.objects.get(pk=draft.pk), until="held")
    assert batch.cost_ticks == sandbox.billed(), "to the tick that was billed"
    assert batch.cost_ticks <= whole * 3 // 5 + TICKS_PER_DOLLAR // 10_000, story(batch)
    page.reload()
    expect(page.get_by_role("link", name="Raise the cap…")).to_be_visible()
    assert faults_everywhere(page) == []
    page.get_by_role("link", name="Raise the cap…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Spending cap, in dollars").fill("0.0001")
    dialog.get_by_role("button", name="Raise and resume").click()
    expect(page.get_by_text("is billed already. Enter")).to_be_visible()
    assert ["422" in line for line in complaints] == [True]
    complaints.clear()
    assert faults_everywhere(page) == []
    page.get_by_label("Spending cap, in dollars").fill("5")
    page.get_by_role("button", name="Raise and resume").click()
    page.wait_for_url(re.compile(rf"/batches/{draft.pk}$"))
    batch = drive(Batch.objects.get(pk=draft.pk))
    assert (batch.state, batch.succeeded) == ("completed", ROWS), story(batch)
    check_books(batch, sandbox)
    page.reload()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()


def test_two_teams_work_side_by_side_in_two_browsers(
    team: Team, alice: User, sandbox: Sandbox, open_as: Open, browser: Browser, live_server: Any, client_of: Any
) -> None:
    others = make_team("Finance")
    dora = make_member(others, make_user("Dora", "dora@example.org"), Role.OWNER)
    ours, theirs = a_draft(team, alice, tickets(team, "ours")), a_draft(others, dora, tickets(others, "theirs"))
    here = open_as(alice, f"/batches/{ours.pk}/review")
    with browser.new_context(reduced_motion="reduce") as context:
        there, heard = context.new_page(), list[str]()
        heard = complaints_of(there)
        cookie = client_of(dora).cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        there.goto(f"{live_server.url}/batches/{theirs.pk}/review")
        for page in (here, there):
            page.get_by_role("button", name=re.compile(r"^Submit")).click()
            page.wait_for_url(re.compile(r"/batches/\d+$"))
        drive(Batch.objects.get(pk=ours.pk), until="processing")
        drive(Batch.objects.get(pk=theirs.pk))
        drive(Batch.objects.get(pk=ours.pk))
        for page, mine, other in ((here, ours, theirs), (there, theirs, ours)):
            mine.refresh_from_db()
            expect(page.get_by_role("link", name=f"{ROWS} succeeded")).to_be_visible()
            check_what_is_seen(page, live_server.url, mine, other)
        assert [line for line in heard if "404" not in line] == []
    assert sandbox.billed() == ours.cost_ticks + theirs.cost_ticks


def check_what_is_seen(page: Page, url: str, mine: Batch, other: Batch) -> None:
    """The team's own batch, rows and amounts, and nothing of the other team, whichever way it is asked for."""
    page.goto(f"{url}/batches/")
    expect(page.locator(f"#batch-{mine.pk}")).to_be_visible()
    expect(page.locator(f"#batch-{other.pk}")).to_have_count(0)
    for path in ("", "/activity", "/rows/1", "/download", "/edit"):
        assert page.request.get(f"{url}/batches/{other.pk}{path}").status == 404, path
    ledger = list(csv.DictReader(io.StringIO(page.request.get(f"{url}/ledger/file/csv").text().lstrip("\ufeff"))))
    assert sum(int(one["ticks"]) for one in ledger) == mine.cost_ticks
    rows = page.request.get(f"{url}/batches/{mine.pk}/download?form=csv").text()
    name = mine.dataset.name.removeprefix("tickets of ")
    assert [line[0] for line in csv.reader(io.StringIO(rows))][1:] == [f"{name}{row}" for row in range(1, ROWS + 1)]
