"""What goes along with a prompt, by clicks: a team's MCP server, PDFs whole and page by page, earlier turns."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Team, User
from tests.browser.drafting import prompt_of, saved, submit
from tests.browser.look import accessibility
from tests.factories import make_dataset
from tests.media.archives import uploaded
from tests.media.documents import LOCKED, pdf
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
SERVER = "https://example.org/private/mcp"


def test_a_server_is_approved_chosen_and_its_calls_are_shown(
    team: Team, alice: User, open_as: Open, sandbox: Sandbox
) -> None:
    page = open_as(alice, "/team")
    page.get_by_text("Approve a server", exact=True).click()
    for label, text in (("Name", "notes"), ("Address", SERVER), ("Token", "token-of-the-server-0123")):
        page.locator("#servers").get_by_label(label).fill(text)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator("#servers")).to_contain_text("token ending in 0123")
    assert accessibility(page) == []

    draft = a_draft(team, alice)
    page.goto(f"{page.url.partition('/team')[0]}/batches/{draft.pk}/edit")
    page.get_by_text("Tools: search, sources, code").click()
    page.get_by_role("checkbox", name="notes").check()
    saved(page)
    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))
    batch = drive(Batch.objects.get())
    check_books(batch, sandbox)
    assert (batch.failed, batch.tool_ticks) == (0, 0), "the server asks for its token, and its calls cost tokens only"

    page.goto(f"{page.url}/rows/1")
    expect(page.locator("main")).to_contain_text(re.compile(r"\d calls? of (an MCP server|MCP servers)"))
    assert accessibility(page) == []


def test_documents_go_page_by_page_or_whole_and_a_locked_one_is_named(
    team: Team, alice: User, open_as: Open, sandbox: Sandbox
) -> None:
    dataset = uploaded(team, {"a.pdf": pdf("The first page", "The second page"), "b.pdf": LOCKED}, "papers.zip")
    draft = a_draft(team, alice, dataset, prompt="Sum it up.", picture_column="file", name="Papers")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    forms = page.get_by_label("PDFs")
    forms.select_option("text")
    saved(page)
    expect(page.locator("#preview")).to_contain_text("page 2 of 2, as text")
    assert accessibility(page) == []
    submit(page)
    drive(Batch.objects.get(), until="draft")
    page.reload()
    expect(page.locator("main")).to_contain_text("It is locked with a password.")

    page.goto(re.sub(r"/batches/.*", f"/batches/{draft.pk}/edit", page.url))
    forms.select_option("")
    saved(page)
    expect(page.locator("#cost, #sum").first).to_be_visible()
    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))
    batch = drive(Batch.objects.get())
    check_books(batch, sandbox)
    assert batch.succeeded == 2, "xAI may know better about the locked one"
    page.goto(f"{page.url}/rows/1")
    expect(page.locator("main")).to_contain_text(re.compile(r"\d search(es)? of (a document|documents)"))
    assert accessibility(page) == []


def test_earlier_turns_come_from_a_column(team: Team, alice: User, open_as: Open, sandbox: Sandbox) -> None:
    turns = '[{"role": "user", "content": "I am Ann."}, {"role": "assistant", "content": "Hello Ann."}]'
    dataset = make_dataset(team, ["before", "now"], [[turns, "Who am I?"], ["", "Who are you?"]], name="chats")
    draft = a_draft(team, alice, dataset, prompt="")
    page = open_as(alice, f"/batches/{draft.pk}/edit")
    prompt_of(page).fill("{{now}}")
    page.locator("#earlier-turns summary").click()
    page.get_by_label("Earlier turns from").select_option("before")
    saved(page)
    expect(page.locator("#preview")).to_contain_text("Hello Ann.")
    assert accessibility(page) == []
    submit(page)
    page.wait_for_url(re.compile(r"/batches/\d+$"))
    batch = drive(Batch.objects.get())
    check_books(batch, sandbox)
    page.goto(f"{page.url}/rows/1")
    expect(page.locator(".role")).to_have_text(["User", "Assistant", "User"])
    assert accessibility(page) == []
