"""Getting data in without choosing a file: pasted, dropped anywhere, or from a web address."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django import Settings

from batchsite.datasets import importer
from batchsite.datasets.models import Dataset
from batchsite.teams.models import Team, User
from tests.browser.look import STICKS_OUT, accessibility, faults_everywhere
from tests.datasets.web_site import Page as WebPage
from tests.datasets.web_site import running_site
from tests.factories import make_dataset

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
TABLE = "id\ttext\n1\tHello\n2\tWorld\n"
PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
DROP = """text => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.tsv", { type: "text/plain" }));
    const place = document.querySelector("h1");
    for (const kind of ["dragover", "drop"]) {
        place.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
}"""


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "uploads" / "incoming").mkdir(parents=True)
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads" / "incoming"


def is_there(page: Page, name: str) -> None:
    """The page of the dataset, once a worker has imported it."""
    page.wait_for_url(re.compile(r"/datasets/\d+$"))
    importer.import_step(Dataset.objects.latest("pk").pk)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Rows").get_by_role("row").nth(2)).to_contain_text("World")


def test_a_table_is_pasted_into_its_field(team: Team, alice: User, open_as: Open) -> None:
    page = open_as(alice, "/datasets/")
    page.get_by_text("Paste a table").click()
    assert accessibility(page) == []
    page.get_by_label("Copy the cells in your spreadsheet").fill(TABLE)
    page.get_by_label("Name", exact=True).fill("Greetings")
    page.get_by_role("button", name="Import the table").click()
    is_there(page, "Greetings")


def test_a_table_is_pasted_anywhere_and_nothing_is_not_sent(
    team: Team, alice: User, open_as: Open, complaints: list[str]
) -> None:
    page = open_as(alice, "/datasets/")
    page.evaluate(PASTE, "a word")
    expect(page.get_by_role("button", name="Import the table")).to_be_hidden()
    page.evaluate(PASTE, TABLE)
    expect(page.get_by_role("button", name="Import the table")).to_be_focused()
    page.get_by_label("Copy the cells in your spreadsheet").fill(" ")
    page.get_by_role("button", name="Import the table").click()
    expect(page.get_by_text("Paste a table first")).to_be_visible()
    page.get_by_label("Copy the cells in your spreadsheet").fill(TABLE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    is_there(page, "Pasted table")
    complaints[:] = [line for line in complaints if "422" not in line]


@pytest.mark.parametrize("path", ["/datasets/", "/", "/batches/new"])
@pytest.mark.parametrize("had", [0, 1], ids=["the first", "another"])
def test_a_file_is_dropped_where_work_begins(path: str, had: int, team: Team, alice: User, open_as: Open) -> None:
    for _ in range(had):
        make_dataset(team)
    page = open_as(alice, path)
    page.evaluate(DROP, TABLE)
    is_there(page, "dropped")


def test_a_newcomer_chooses_a_file_on_the_first_page(team: Team, alice: User, open_as: Open, tmp_path: Path) -> None:
    table = tmp_path / "tickets.tsv"
    table.write_text(TABLE)
    page = open_as(alice, "/")
    assert faults_everywhere(page) == []
    with page.expect_file_chooser() as choosing:
        page.get_by_text("Drop a file here, or choose one").click()
    choosing.value.set_files(table)
    is_there(page, "tickets")


def test_a_file_that_is_chosen_before_the_script_is_there_is_sent_all_the_same(
    team: Team, alice: User, open_as: Open
) -> None:
    page = open_as(alice, "/help")
    held: list[Route] = []
    page.route(re.compile(r"/datasets[^/]*\.js"), lambda route: route.continue_() if held else held.append(route))
    page.get_by_role("link", name="Datasets").click(no_wait_after=True)
    page.set_input_files("input[type=file]", {"name": "early.tsv", "mimeType": "text/plain", "buffer": TABLE.encode()})
    assert len(held) == 1
    held[0].continue_()
    is_there(page, "early")


def test_the_same_file_and_a_private_address_are_told(team: Team, alice: User, open_as: Open) -> None:
    page = open_as(alice, "/datasets/")
    for _ in range(2):
        page.goto(page.url.split("/datasets")[0] + "/datasets/")
        page.evaluate(DROP, TABLE)
        is_there(page, "dropped")
    expect(page.get_by_text("You have this file already")).to_be_visible()
    assert accessibility(page) == []
    page.get_by_role("button", name="Delete this copy and open the other").click()
    expect(page.get_by_text("You have this file already")).to_have_count(0)
    assert Dataset.objects.filter(deleted_at=None).count() == 1

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Datasets").click()
    page.get_by_text("From a web address").click()
    page.get_by_label("Address of a file or of a Google Sheet").fill("http://10.0.0.1/table.csv")
    page.get_by_role("button", name="Import from this address").click()
    page.wait_for_url(re.compile(r"/datasets/\d+$"))
    importer.import_step(Dataset.objects.latest("pk").pk)
    expect(page.get_by_role("main")).to_contain_text("10.0.0.1 is in a private network")


def test_a_table_comes_from_a_web_address_and_is_tried_again(
    team: Team, alice: User, open_as: Open, settings: Settings
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=True, fetch_ports=("any",))
    with running_site() as site:
        page = open_as(alice, "/datasets/")
        page.get_by_text("From a web address").click()
        page.get_by_label("Address of a file or of a Google Sheet").fill(f"{site.url}/table.tsv")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Fetching from 127.0.0.1")).to_be_visible()
        assert accessibility(page) == []
        importer.import_step(Dataset.objects.get().pk)
        expect(page.get_by_text("There is nothing at this address (error 404).")).to_be_visible()
        assert accessibility(page) == []
        site.pages["/table.tsv"] = WebPage(TABLE.encode())
        page.get_by_role("button", name="Try again").click()
        is_there(page, "table")


def test_without_scripts_the_forms_do_it_and_fit(team: Team, alice: User, open_as: Open, browser: Any) -> None:
    signed_in = open_as(alice, "/datasets/")
    context = browser.new_context(
        java_script_enabled=False,
        storage_state=signed_in.context.storage_state(),
        viewport={"width": 390, "height": 844},
    )
    page = context.new_page()
    page.goto(signed_in.url)
    page.get_by_text("Paste a table").click()
    page.get_by_label("Copy the cells in your spreadsheet").fill(TABLE)
    page.get_by_text("From a web address").click()
    assert page.evaluate(STICKS_OUT) <= 0
    page.get_by_role("button", name="Import the table").click()
    page.wait_for_url(re.compile(r"/datasets/\d+$"))
    importer.import_step(Dataset.objects.get().pk)
    page.reload()
    assert page.get_by_role("region", name="Rows").is_visible()
    context.close()
