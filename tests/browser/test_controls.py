"""Each control, clicked in a real browser against the fault that it is made for."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from batchsite.options import ROOT
from tests.browser.drafting import submit
from tests.browser.look import accessibility, sign_in
from tests.factories import PASSWORD
from tests.running import Running
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.browser
ROWS = 40
E_MAIL = "alice@example.org"
SHELL = """
import contextlib, io, json, sys, traceback
import django
from django.db import connections
django.setup()
for line in sys.stdin:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {})
        said = {"printed": printed.getvalue()}
    except Exception:
        said = {"error": traceback.format_exc()}
    connections.close_all()
    print(json.dumps(said), flush=True)
"""
"""Runs a line of code after the other, each a string of JSON, and says what it printed."""
ALICE = f"""
from tests.factories import make_member, make_team, make_user
from batchsite.teams.models import Role
make_member(make_team("Support research"), make_user("Alice", "{E_MAIL}"), Role.OWNER)
"""
BEGIN = """
from batchsite.submission import actions
from batchsite.drafts import draft_store
from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
team, alice = Team.objects.get(), User.objects.get()
rows = [[str(number), "" if number == {blank} else "Question %d" % number] for number in range(1, {rows} + 1)]
dataset = make_dataset(team, ["id", "text"], rows, name="{name}", created_by=alice)
batch = draft_store.new_draft(team, alice, dataset)
Batch.objects.filter(pk=batch.pk).update(prompt="{{{{text}}}}", model="grok-4.3", **{fields})
batch.refresh_from_db()
if {start}:
    actions.start(batch, alice, None)
print(batch.pk)
"""
LONG_AGO = """
from datetime import timedelta
from django.utils import timezone
from batchsite.batches.models import Batch, Submission
past = timezone.now() - timedelta(hours=3)
Submission.objects.filter(batch={batch}).update(changed_at=past, sent_at=past, created_at=past)
Batch.objects.filter(pk={batch}).update(created_at=past, started_at=past)
"""


class Site:
    """A running installation with Alice in it, and its sandbox."""

    def __init__(self, running: Running) -> None:
        self.running = running
        port = (running.data / "run" / "sandbox.port").read_text().strip()
        key = (running.data / "run" / "sandbox.key").read_text().strip()
        self.sandbox = Sandbox(f"http://127.0.0.1:{port}", running.child("sandbox").pid, key)
        self._shell = subprocess.Popen(
            [sys.executable, "-c", SHELL],
            cwd=ROOT,
            env={"DJANGO_SETTINGS_MODULE": "batchsite.settings", **running.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.shell(ALICE)

    def shell(self, code: str) -> str:
        """What the code prints. One process runs it all: to start one takes longer than most code."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(json.dumps(code) + "\n")
        self._shell.stdin.flush()
        said = json.loads(self._shell.stdout.readline())
        assert "error" not in said, said["error"]
        return str(said["printed"]).strip()

    def close(self) -> None:
        self._shell.communicate()

    def begin(self, name: str, *, rows: int = ROWS, blank: int = 0, start: bool = True, **fields: Any) -> str:
        """A batch of Alice's, sent on its way; the path of its page."""
        batch = self.shell(BEGIN.format(name=name, rows=rows, blank=blank, start=start, fields=fields))
        return f"/batches/{batch}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environ = {"SANDBOX_RATE": "0", "DJANGO_SETTINGS_MODULE": "tests.hasty_settings"}
    folder = tmp_path_factory.mktemp("controls") / "site"
    with Running(folder, environ) as running, contextlib.closing(Site(running)) as site:
        yield site


@pytest.fixture
def at(page: Page, complaints: list[str], site: Site) -> Any:
    """`at(path)`: that page, as Alice; a sandbox without faults."""
    site.sandbox.mend()
    site.sandbox.set(rate=0)
    sign_in(page, site.running.url, E_MAIL, PASSWORD)

    def opened(path: str) -> Page:
        page.goto(site.running.url + path)
        return page

    return opened


def ends_as(page: Page, words: str) -> None:
    expect(page.locator("#progress .badge").first).to_have_text(re.compile(words))


def answer(page: Page, verb: str) -> None:
    """Say yes in the dialog that asks."""
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert accessibility(page) == []
    dialog.get_by_role("button", name=verb).click()


def test_failures_are_grouped_filtered_and_retried_by_cause(site: Site, at: Any) -> None:
    few, more = ["failures-row-3"], [f"failures-row-{row}" for row in (5, 8, 13)]
    site.sandbox.fault("fail_rows", ids=few, batches=1, text="Content violates usage guidelines.")
    site.sandbox.fault("fail_rows", ids=more, batches=1, text="Internal server error")
    page = at(site.begin("failures"))
    ends_as(page, "Completed, 4 failed")
    page.get_by_role("link", name="3 fault at xAI").click()
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_role("link", name="Retry these…").click()
    answer(page, "Retry")
    ends_as(page, "Completed, 1 failed")
    page.get_by_role("link", name="1 failed").click()
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Row 3")).to_be_visible()
    expect(page.get_by_text("Content violates usage guidelines.").first).to_be_visible()
    page.locator("#panel").get_by_role("link", name="Retry…").click()
    answer(page, "Retry")
    expect(page.get_by_text("Simulated answer").first).not_to_be_visible()
    at(page.url.removeprefix(site.running.url).split("/rows/")[0])
    ends_as(page, "^Completed$")
    at(page.url.removeprefix(site.running.url) + "/rows/3")
    expect(page.get_by_text("Simulated answer").first).to_be_visible()
    expect(page.get_by_text("Content violates usage guidelines.").first).to_be_visible()


def test_a_cancel_says_what_it_means_and_keeps_what_is_done(site: Site, at: Any) -> None:
    site.sandbox.fault("hang_rows", ids=[f"cancelled-row-{number}" for number in range(11, 41)])
    page = at(site.begin("cancelled"))
    ends_as(page, "Processing")
    expect(page.get_by_role("link", name="10 succeeded")).to_be_visible()
    page.get_by_role("link", name="Cancel…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Finished rows are kept and billed")
    answer(page, "Cancel the batch")
    ends_as(page, "Cancelled")
    expect(page.get_by_role("link", name="30 cancelled").first).to_be_visible()
    expect(page.get_by_role("link", name="10 succeeded")).to_be_visible()


def test_a_batch_without_credits_is_held_and_goes_on_with_a_click(site: Site, at: Any) -> None:
    site.sandbox.fault("no_credits", call="add")
    page = at(site.begin("held"))
    expect(page.get_by_text("no credits left at xAI").first).to_be_visible()
    ends_as(page, "[Hh]eld")
    assert accessibility(page) == []
    site.sandbox.mend()
    page.get_by_role("button", name="Resume").click()
    ends_as(page, "^Completed$")
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_text("Resumed").first).to_be_visible()


def test_rows_that_hang_are_finished_without_and_retried(site: Site, at: Any) -> None:
    site.sandbox.fault("hang_rows", ids=["stalled-row-7", "stalled-row-9"])
    path = site.begin("stalled")
    page = at(path)
    expect(page.get_by_role("link", name="38 succeeded")).to_be_visible()
    site.shell(LONG_AGO.format(batch=path.rsplit("/", 1)[1]))
    page.reload()
    expect(page.get_by_text("No new answers for a while").first).to_be_visible()
    assert accessibility(page) == []
    page.locator(".notice").get_by_role("link", name="Finish early…").click()
    answer(page, "Finish now")
    ends_as(page, "Completed, 2 missing")
    site.sandbox.mend()
    page.get_by_role("link", name="Retry the rest…").click()
    answer(page, "Retry")
    ends_as(page, "^Completed$")


def test_a_deadline_finishes_by_itself(site: Site, at: Any) -> None:
    site.sandbox.fault("hang_rows", ids=["deadline-row-7"])
    path = site.begin("deadline", deadline_hours=2)
    page = at(path)
    expect(page.get_by_role("link", name="39 succeeded")).to_be_visible()
    site.shell(LONG_AGO.format(batch=path.rsplit("/", 1)[1]))
    ends_as(page, "Completed, 1 missing")


def test_transient_failures_are_retried_by_themselves_where_chosen(site: Site, at: Any) -> None:
    site.sandbox.fault("fail_rows", ids=["standing-row-4"], batches=1, text="Internal server error")
    page = at(site.begin("standing", start=False) + "/edit")
    page.get_by_text("Retries and deadline").click()
    page.get_by_label(re.compile("^Retry temporary failures automatically")).fill("2")
    submit(page)
    ends_as(page, "^Completed$")
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_text("Automatic retry: temporary failures").first).to_be_visible()


def test_rows_that_cannot_be_sent_are_named_before_anything_is_spent(site: Site, at: Any) -> None:
    page = at(site.begin("blank", blank=17, start=False) + "/edit")
    submit(page)
    expect(page.get_by_text("The prompt is empty").first).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("17")).first).to_be_visible()
    assert accessibility(page) == []
    page.get_by_role("textbox", name="Prompt", exact=True).fill("Say something about: {{text}}")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    submit(page)
    ends_as(page, "^Completed$")


def test_what_is_finished_is_deleted_after_asking(site: Site, at: Any) -> None:
    page = at(site.begin("deleted"))
    ends_as(page, "^Completed$")
    page.locator("#more-menu > summary").click()
    page.get_by_role("link", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("can’t be restored")
    answer(page, "Delete")
    expect(page.get_by_text("is deleted.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="deleted")).to_have_count(0)
