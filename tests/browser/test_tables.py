"""Files that ask, damaged files and their replacements, with real clicks. The worker's steps are made by the tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from batchsite.datasets.models import Dataset
from batchsite.teams.models import User
from tests.browser.look import STICKS_OUT, accessibility
from tests.datasets.steps import LATIN, imported

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]
DAMAGED = "id,text,city\n" + "".join(f"{n},Hello\n" if n % 9 == 0 else f"{n},Hello,Bern\n" for n in range(1, 31))
MENDED = "id,text,city\n" + "".join(f"{n},Hello,Bern\n" for n in range(1, 31))


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    (folder / "incoming").mkdir(parents=True)
    settings.MEDIA_ROOT = folder
    settings.FILE_UPLOAD_TEMP_DIR = folder / "incoming"


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """`table(name, text)`: a file to choose."""

    def written(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return written


def choose(page: Page, path: Path) -> Dataset:
    """Choose a file; it is sent at once, and the page of its dataset opens. It is not imported yet."""
    before = page.url
    page.set_input_files("input[type=file]", path)
    page.wait_for_url(lambda url: url != before and re.search(r"/datasets/\d+$", url) is not None)
    expect(page.get_by_text("Importing", exact=True)).to_be_visible()
    return Dataset.objects.latest("pk")


def is_in_order(page: Page) -> None:
    """Wide and narrow: nothing sticks out, and axe finds nothing."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(STICKS_OUT) <= 0
        assert accessibility(page) == []


def test_a_question_is_answered_and_the_answer_changed(
    alice: User, open_as: Open, table: Callable[[str, str | bytes], Path]
) -> None:
    page = open_as(alice, "/datasets/")
    dataset = choose(page, table("customers.csv", LATIN))
    imported(dataset)

    expect(page.get_by_text("Needs an answer", exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="Which of these looks right?")).to_contain_text("Müller")
    likeliest = page.get_by_role("radio", name="Windows-1252")
    expect(likeliest).to_be_checked()
    is_in_order(page)
    likeliest.focus()
    page.keyboard.press("ArrowDown")
    expect(likeliest).not_to_be_checked()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Importing", exact=True)).to_be_visible()
    imported(dataset)
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Rows").get_by_role("row").nth(1)).to_contain_text("Müller")
    expect(page.get_by_role("region", name="File details")).to_contain_text("Western European (Windows-1252)")
    is_in_order(page)

    page.get_by_role("link", name="Change import settings…").click()
    is_in_order(page)
    page.get_by_text(re.compile(r"^\d+ more options?$")).click()
    page.get_by_role("radio", name="DOS 850").check()
    page.get_by_role("button", name="Import again").click()
    expect(page.get_by_text("Importing", exact=True)).to_be_visible()
    imported(dataset)
    expect(page.get_by_role("region", name="Rows").get_by_role("row").nth(1)).to_contain_text("M³ller")


def test_the_good_rows_of_a_damaged_file_are_taken(
    alice: User, open_as: Open, table: Callable[[str, str | bytes], Path]
) -> None:
    page = open_as(alice, "/datasets/")
    dataset = choose(page, table("tickets.csv", DAMAGED))
    imported(dataset)
    expect(page.get_by_role("alert")).to_contain_text("The file cannot be read: 3 problems")
    is_in_order(page)

    page.get_by_role("button", name="Skip 3 of 30 rows and import the other 27").click()
    expect(page.get_by_text("Importing", exact=True)).to_be_visible()
    imported(dataset)
    expect(page.get_by_text("3 of 30 rows were skipped")).to_be_visible()
    page.get_by_text("Show skipped rows").click()
    expect(page.get_by_role("cell", name="2 cells where the header has 3.")).to_have_count(3)
    is_in_order(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all 3 as CSV").click()
    assert "18,Hello" in Path(download.value.path()).read_text()

    page.get_by_role("link", name="Datasets", exact=True).first.click()
    expect(page.get_by_role("row", name=re.compile("tickets Ready"))).to_contain_text("3 skipped")


def test_a_mended_file_is_uploaded_in_the_place_of_a_refused_one(
    alice: User, open_as: Open, table: Callable[[str, str | bytes], Path]
) -> None:
    page = open_as(alice, "/datasets/")
    old = choose(page, table("tickets.csv", DAMAGED))
    imported(old)
    expect(page.get_by_text("Fix the file and upload it again", exact=True)).to_be_visible()

    new = choose(page, table("tickets mended.csv", MENDED))
    imported(new)
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    assert (new.replaces, new.name, new.row_count) == (old, "tickets", 30)
    page.get_by_role("main").get_by_role("link", name="tickets.csv").click()
    expect(page.get_by_text("Replaced by a newer version")).to_be_visible()
    is_in_order(page)
    page.get_by_role("link", name="tickets mended.csv").click()
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
