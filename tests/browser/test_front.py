"""What base.js adds to pages, seen in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from batchsite.batches.models import Batch
from batchsite.teams.models import Invitation, Membership, Role, Team, User
from tests.browser.look import accessibility, faults_everywhere
from tests.factories import PASSWORD, make_dataset, make_team
from tests.submission.stories import a_running_batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


@pytest.fixture
def running(team: Team) -> Batch:
    dataset = make_dataset(team)
    return Batch.objects.create(team=team, dataset=dataset, name="Languages", state="processing", total=100)


def refresh(page: Page) -> None:
    """The next poll, at once."""
    with page.expect_response(lambda response: "hx-request" in response.request.headers):
        page.evaluate("htmx.trigger(document.body, 'back')")


def test_pages_are_accessible_and_fit(alice: User, bob: User, running: Batch, open_as: Open) -> None:
    Invitation.objects.create(team=running.team, created_by=alice)
    page = open_as(alice, "/")
    bob_out = f"/team/people/{Membership.objects.get(user=bob).pk}/remove"
    for path in ("/", "/help", "/team", "/team/new", "/account", bob_out):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        assert faults_everywhere(page) == []


def test_from_the_first_visit_to_signing_in_again(page: Page, complaints: list[str], live_server: Any) -> None:
    page.goto(live_server.url)
    page.get_by_label("Team name").fill("Support research")
    page.get_by_label("Your name").fill("Alice")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    assert accessibility(page) == []
    page.get_by_role("button", name="Create account and team").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()
    page.get_by_text("Support research").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def test_a_risk_is_asked_about_in_a_dialog(alice: User, bob: User, open_as: Open) -> None:
    page = open_as(alice, "/team")
    link = page.get_by_role("link", name="Remove…")
    link.click()
    dialog = page.get_by_role("dialog", name="Remove Bob from Support research?")
    expect(dialog).to_contain_text("They lose access at once")
    assert accessibility(page) == []
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert page.url.endswith("/team")
    expect(link).to_be_focused()
    link.click()
    page.get_by_role("button", name="Remove Bob").click()
    expect(page.get_by_text("Bob is no longer in Support research.")).to_be_visible()


def test_without_scripts_the_same_question_is_a_page(alice: User, bob: User, open_as: Open, browser: Any) -> None:
    signed_in = open_as(alice, "/team")
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in.context.storage_state())
    page = context.new_page()
    page.goto(signed_in.url)
    page.get_by_role("link", name="Remove…").click()
    page.get_by_role("button", name="Remove Bob").click()
    assert page.get_by_text("Bob is no longer in Support research.").is_visible()
    context.close()


def test_times_are_told_in_the_viewers_zone(browser: Any, alice: User, running: Batch, open_as: Open) -> None:
    running.started_at = timezone.now() - timedelta(minutes=12)
    running.save()
    page = open_as(alice, "/")
    time = page.locator("#board time")
    expect(time).to_have_text("12 minutes ago")
    assert re.search(r"\d\d?:\d\d:\d\d", time.get_attribute("title") or "")


def test_question_mark_lists_the_keys_and_slash_searches(alice: User, open_as: Open) -> None:
    page = open_as(alice, "/team")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input type=search>')")
    page.keyboard.press("/")
    expect(page.locator("main [type=search]")).to_be_focused()
    page.keyboard.type("what?")
    assert page.locator("main [type=search]").input_value() == "what?"
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Search")
    keys.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("main [type=search]")).not_to_be_focused()


def test_escape_closes_the_menu_and_gives_the_focus_back(alice: User, open_as: Open) -> None:
    page = open_as(alice, "/")
    menu = page.locator(".rail details")
    menu.locator("summary").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).not_to_be_visible()
    expect(menu.locator("summary")).to_be_focused()


def test_all_of_the_rail_is_reached_on_a_narrow_page(alice: User, open_as: Open) -> None:
    page = open_as(alice, "/team")
    page.set_viewport_size({"width": 390, "height": 844})
    beyond = "[...document.querySelectorAll('.rail ul')].some((list) => list.scrollWidth > list.clientWidth)"
    more = page.get_by_role("button", name="More")
    ask = page.get_by_role("link", name="Ask once")
    assert page.evaluate(beyond) is False, "nothing of it is scrolled to"
    expect(ask).not_to_be_visible()
    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Team", exact=True)).to_be_visible()
    assert accessibility(page) == []
    page.keyboard.press("Escape")
    expect(ask).not_to_be_visible()
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    ask.click()
    expect(page.get_by_role("heading", name="Ask once")).to_be_visible()


def test_the_skip_link_leads_to_the_content(alice: User, open_as: Open) -> None:
    page = open_as(alice, "/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_live_part_moves_by_itself_and_stops_at_the_end(alice: User, running: Batch, open_as: Open) -> None:
    page = open_as(alice, "/")
    Batch.objects.update(succeeded=40)
    refresh(page)
    expect(page.locator("#board")).to_contain_text("40 of 100 succeeded")
    Batch.objects.update(state="completed", succeeded=100, ended_at=timezone.now())
    refresh(page)
    expect(page.locator("#board")).to_contain_text("Recently finished")
    expect(page.locator("#rail-batches")).not_to_contain_text("running")
    assert page.locator("#board").get_attribute("hx-get") is None
    expect(page.locator("#board time")).to_have_text("just now")


def test_the_tab_tells_how_far_the_batch_is(team: Team, alice: User, open_as: Open) -> None:
    icon = "document.getElementById('icon').href"
    batch = a_running_batch(team, alice, name="Languages")
    page = open_as(alice, f"/batches/{batch.pk}")
    expect(page).to_have_title("0 % · Languages · batchsite")
    assert page.evaluate(icon).endswith("/icon-live.svg")
    Batch.objects.filter(pk=batch.pk).update(state="completed", succeeded=20, ended_at=timezone.now())
    refresh(page)
    expect(page).to_have_title("Completed · Languages · batchsite")
    assert page.evaluate(icon).endswith("/icon-good.svg")


def test_help_is_one_click_away_and_one_key(alice: User, running: Batch, open_as: Open) -> None:
    page = open_as(alice, "/")
    page.get_by_role("link", name="Help").click()
    expect(page.get_by_role("heading", name="What the words mean")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_role("link", name="Guide")).to_be_visible()


def test_a_live_part_leaves_alone_what_one_is_at(alice: User, running: Batch, open_as: Open) -> None:
    """Focus stays on its link, and what is selected stays selected, while the figures beside it change."""
    page = open_as(alice, "/")
    page.locator("#board a").first.focus()
    Batch.objects.update(succeeded=40)
    refresh(page)
    expect(page.locator("#board")).to_contain_text("40 of 100")
    expect(page.locator("#board a").first).to_be_focused()  # once the swap has settled
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#board li a'))")
    Batch.objects.update(succeeded=50)
    refresh(page)
    expect(page.locator("#board")).to_contain_text("50 of 100")
    assert page.evaluate("getSelection().toString()") == running.name
    blank = "[...document.getElementById('board').parentElement.childNodes].filter((node) => !node.tagName).length"
    before = page.evaluate(blank)
    refresh(page)
    refresh(page)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(blank) == before, "a poll leaves nothing behind"


def test_a_lost_connection_is_said_and_mended_by_itself(
    alice: User, running: Batch, open_as: Open, complaints: list[str]
) -> None:
    page = open_as(alice, "/")
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Connection lost")
    Batch.objects.update(succeeded=40)
    page.context.set_offline(False)
    expect(page.locator("#lost")).not_to_be_visible()
    expect(page.locator("#board")).to_contain_text("40 of 100 succeeded")
    expect(page.get_by_role("status")).to_have_text("The connection is back.")
    complaints[:] = [line for line in complaints if "ERR_INTERNET_DISCONNECTED" not in line and "htmx:" not in line]


def test_a_session_that_ended_leads_to_sign_in_and_back(alice: User, running: Batch, open_as: Open) -> None:
    page = open_as(alice, "/")
    page.context.clear_cookies()
    page.evaluate("htmx.trigger(document.body, 'back')")
    page.wait_for_url("**/sign-in?next=/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_refused_action_says_so(alice: User, running: Batch, open_as: Open, complaints: list[str]) -> None:
    page = open_as(alice, "/")
    page.evaluate("htmx.ajax('GET', '/batches/99999', {target: '#spoken'})")
    expect(page.locator("#toasts")).to_contain_text("This no longer exists.")
    complaints[:] = [line for line in complaints if "404" not in line]


def test_an_invitation_link_is_copied(alice: User, team: Team, open_as: Open) -> None:
    Invitation.objects.create(team=team, created_by=alice)
    page = open_as(alice, "/team")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "/join/" in page.evaluate("navigator.clipboard.readText()")


def test_the_first_error_of_a_form_has_the_focus(alice: User, open_as: Open, complaints: list[str]) -> None:
    page = open_as(alice, "/account")
    page.get_by_label("E-mail").fill("robert@example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Your password")).to_be_focused()
    expect(page.get_by_text("Type your password to change the e-mail.")).to_be_visible()
    complaints[:] = [line for line in complaints if "422" not in line]


def test_teams_are_switched_from_the_rail(alice: User, running: Batch, open_as: Open) -> None:
    second = make_team("Second")
    Membership.objects.create(team=second, user=alice, role=Role.OWNER)
    page = open_as(alice, "/")
    page.locator(".rail summary").click()
    page.get_by_role("button", name="Switch to Second").click()
    expect(page.locator(".rail summary")).to_have_text("Second")
