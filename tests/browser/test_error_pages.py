"""What a person sees when the server refuses or fails, each from a real cause, in words and in all forms."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection
from playwright.sync_api import Page, expect

from batchsite.datasets.models import Block
from batchsite.entry.sign_in import MOST_FAILURES
from batchsite.teams.models import Team, User
from tests.browser.look import faults_everywhere
from tests.factories import make_dataset, make_member, make_team

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def look(page: Page, complaints: list[str], status: int, heading: str) -> None:
    """The page with `heading` is there, fits, is accessible in all four forms, and nothing else is wrong."""
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    assert faults_everywhere(page) == []
    page.set_viewport_size({"width": 1360, "height": 900})
    assert [line for line in complaints if f"status of {status}" not in line] == []
    assert complaints, "the browser heard of the status"
    complaints.clear()


@contextmanager
def held_by_a_writer() -> Iterator[None]:
    """Another process writes and does not come to an end, and nobody waits long for it."""
    options = connection.settings_dict["OPTIONS"]
    before = dict(options)
    options.update(timeout=0.2, init_command=f"{options['init_command'].rstrip(';')};PRAGMA busy_timeout=200")
    try:
        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    finally:
        options.update(before)


def test_what_is_not_there_or_not_allowed_is_said(
    team: Team, alice: User, bob: User, open_as: Open, complaints: list[str]
) -> None:
    elsewhere = make_team("Elsewhere")
    make_member(elsewhere, bob)
    page = open_as(bob, f"/datasets/{make_dataset(elsewhere, ['a'], [['x']]).pk}")
    look(page, complaints, 404, "Page not found")
    page.get_by_role("button", name="Switch to Elsewhere").click()
    expect(page.get_by_role("region", name="Rows")).to_be_visible()

    page = open_as(alice, "/audit/no-such-page")
    look(page, complaints, 404, "Page not found")
    page.get_by_role("link", name="Go to the dashboard").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def test_the_address_of_a_form_that_was_refused_is_opened_again(
    alice: User, open_as: Open, complaints: list[str]
) -> None:
    page = open_as(alice, "/account")
    page.get_by_label("Current password").first.fill("wrong")
    page.get_by_label("New password").first.fill("short")
    page.get_by_role("button", name="Change password").click()
    page.wait_for_url("**/account/password")
    complaints.clear()
    page.goto(page.url)
    look(page, complaints, 405, "There’s no page at this address")
    page.get_by_role("link", name="Go to the dashboard").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def test_no_access_says_who_helps(team: Team, alice: User, bob: User, open_as: Open, complaints: list[str]) -> None:
    page = open_as(bob, "/audit/")
    look(page, complaints, 403, "You don’t have access to this")
    expect(page.get_by_role("main")).to_contain_text(
        "Only admins and owners of Support research can do this. Ask Alice."
    )


def test_a_form_of_another_session_is_refused_and_says_what_to_do(
    team: Team, alice: User, open_as: Open, complaints: list[str]
) -> None:
    page = open_as(alice, "/team/new")
    page.get_by_label("Name").fill("Second team")
    page.locator("form:has([name=name]) [name=csrfmiddlewaretoken]").evaluate(
        "field => { field.value = 'x'.repeat(64) }"
    )
    page.get_by_role("main").get_by_role("button").first.click()
    look(page, complaints, 403, "This form was out of date")
    assert not Team.objects.filter(name="Second team").exists()


def test_a_text_that_is_too_long_for_a_form_is_a_bad_request(
    team: Team, alice: User, open_as: Open, complaints: list[str], settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    page = open_as(alice, "/team/new")
    page.get_by_label("Name").evaluate(
        "field => { field.removeAttribute('maxlength'); field.value = 'x'.repeat(20000) }"
    )
    page.get_by_role("main").get_by_role("button").first.click()
    look(page, complaints, 400, "The server didn’t understand this request")
    page.get_by_role("link", name="Go to the dashboard").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


@pytest.mark.parametrize(
    ("limits", "status", "words"),
    [
        ({"upload_bytes": 1000}, 413, "the limit is 1.0 kB"),
        ({"team_bytes": 1_500_000}, 429, "Your team’s files take 1.0 MB of the 1.5 MB that it may keep"),
    ],
    ids=["413", "429"],
)
def test_a_file_that_is_too_big_is_refused_with_and_without_scripts(
    limits: dict[str, Any],
    status: int,
    words: str,
    team: Team,
    alice: User,
    open_as: Open,
    complaints: list[str],
    settings: Any,
    browser: Any,
    tmp_path: Path,
) -> None:
    make_dataset(team, ["a"], [["x"]], size=1_000_000)
    settings.OPTIONS = replace(project.OPTIONS, **limits)
    file = tmp_path / "big.csv"
    file.write_bytes(b"a\n" + b"x\n" * 1_250_000)
    scripted = open_as(alice, "/datasets/")
    scripted.set_input_files("input[type=file]", file)
    expect(scripted.get_by_role("alert")).to_contain_text("big.csv has 2.5 MB; the limit is")

    context = browser.new_context(java_script_enabled=False, storage_state=scripted.context.storage_state())
    page = context.new_page()
    page.goto(scripted.url)
    page.set_input_files("input[type=file]", file)
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="Upload", exact=True).click()
    assert answered.value.status == status
    expect(page.get_by_role("alert")).to_contain_text(words)
    context.close()


def test_too_many_wrong_passwords_wait(alice: User, page: Page, complaints: list[str], live_server: Any) -> None:
    page.goto(f"{live_server.url}/sign-in")
    for _ in range(MOST_FAILURES + 1):
        page.get_by_label("E-mail").fill(alice.email)
        page.get_by_label("Password", exact=True).fill("wrong")
        with page.expect_navigation():
            page.get_by_role("button", name="Sign in", exact=True).click()
        complaints[:] = [line for line in complaints if "status of 422" not in line]
    expect(page.get_by_text("Try again in 15 minutes")).to_be_visible()
    look(page, complaints, 429, "Sign in")


def test_too_many_tries_to_confirm_who_one_is_wait_on_a_page(alice: User, open_as: Open, complaints: list[str]) -> None:
    page = open_as(alice, "/sign-in/again")
    for _ in range(11):  # allauth allows ten a minute
        page.get_by_label("Password").fill("wrong")
        with page.expect_navigation():
            page.get_by_role("button", name="Confirm").click()
        complaints[:] = [line for line in complaints if "status of 422" not in line]
    look(page, complaints, 429, "Too many tries")
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def test_a_fault_of_the_server_is_owned_up_to(team: Team, alice: User, open_as: Open, complaints: list[str]) -> None:
    dataset = make_dataset(team, ["a"], [["x"]])
    Block.objects.filter(dataset=dataset).update(data=b"damaged on the disk")
    page = open_as(alice, f"/datasets/{dataset.pk}")
    look(page, complaints, 500, "Something went wrong")
    page.get_by_role("link", name="Go to the dashboard").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_a_busy_database_is_said_and_the_form_goes_through_afterwards(
    team: Team, alice: User, open_as: Open, complaints: list[str]
) -> None:
    page = open_as(alice, "/team/new")
    page.get_by_label("Name").fill("Second team")
    with held_by_a_writer():
        page.get_by_role("main").get_by_role("button").first.click()
        look(page, complaints, 503, "The database is busy")
    page.go_back()
    page.get_by_label("Name").fill("Second team")
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url(re.compile(r"/$"))
    assert Team.objects.filter(name="Second team").exists()
