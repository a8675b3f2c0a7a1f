"""The main job as a person does it: from the first visit to the downloaded file, on real processes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.drafting import submit
from tests.browser.look import accessibility
from tests.factories import PASSWORD
from tests.running import Running

pytestmark = pytest.mark.browser
COLUMNS = ["id", "customer", "text of the ticket"]
ROWS = [
    [f"{number:03}", f"Zoë “{number}”", f"Where is my card, please?\nIt is day {number}; =1+1 \t ' end "]
    for number in range(1, 301)
]
PROMPT = "Answer in one word, {{customer}} asks: {{text of the ticket}}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "site", {"SANDBOX_RATE": "0"}) as running:
        yield running


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "Tickets März.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    return path


def test_from_the_first_visit_to_the_downloaded_file(
    site: Running, table: Path, page: Page, complaints: list[str]
) -> None:
    clicks = Clicks(page)
    _found_the_team(page, site.url)
    _upload(page, table)
    page.get_by_role("button", name="New batch").click()
    _write_the_prompt(page)
    submit(page)

    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="300 succeeded")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Simulated answer")

    exact = _download(page, "CSV, exact")
    assert clicks.count <= 7, "from no account to the file"
    header, *lines = list(csv.reader(io.StringIO(exact.decode("utf-8"), newline="")))
    assert header[:3] == COLUMNS
    assert [line[:3] for line in lines] == ROWS, "the original cells, in order, untouched"
    answers = [dict(zip(header, line, strict=True)) for line in lines]
    assert [one["batch_request_id"] for one in answers] == [f"tickets-marz-row-{n}" for n in range(1, 301)]
    assert {one["state"] for one in answers} == {"succeeded"}
    assert all(one["answer"].startswith("Simulated answer") and float(one["cost_usd"]) > 0 for one in answers)

    excel = _download(page, "CSV for Excel")
    assert excel.startswith(b"\xef\xbb\xbf")


def test_a_newcomer_submits_a_first_batch_by_six_clicks(site: Running, page: Page, complaints: list[str]) -> None:
    _found_the_team(page, site.url)
    clicks = 1
    for name in ("Try it with a sample dataset", "Classify", "Write the prompt", "Review and submit", "Submit"):
        role: Any = "link" if name == "Classify" else "button"
        button = page.get_by_role(role, name=re.compile(f"^{name}"))
        if name == "Review and submit":
            expect(page.locator("#preview")).to_contain_text("<text>")
            assert accessibility(page) == []
        button.click()
        clicks += 1
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    assert clicks == 6
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()


class Clicks:
    """Counts what a person clicks on the pages, whichever page it is; choosing a file is one, too."""

    def __init__(self, page: Page) -> None:
        self.count = 0
        page.expose_function("clicked", self._one)
        page.add_init_script("addEventListener('pointerdown', () => window.clicked(), true)")

    def _one(self) -> None:
        self.count += 1


def _found_the_team(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Team name").fill("Support research")
    page.get_by_label("Your name").fill("Alice")
    page.get_by_label("E-mail").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account and team").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def _upload(page: Page, table: Path) -> None:
    with page.expect_file_chooser() as choosing:
        page.get_by_text("Drop a file here, or choose one").click()
    choosing.value.set_files(table)
    expect(page.get_by_role("heading", name="Tickets März")).to_be_visible()
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Rows").get_by_role("row").nth(1)).to_contain_text("Zoë “1”")


def _write_the_prompt(page: Page) -> None:
    page.get_by_role("textbox", name="Prompt", exact=True).fill(PROMPT.replace("customer", "custmer"))
    expect(page.get_by_text("Did you mean {{customer}}?").first).to_be_visible()
    page.get_by_role("textbox", name="Prompt", exact=True).fill(PROMPT)
    expect(page.get_by_text("Zoë “1” asks: Where is my card, please?")).to_be_visible()
    expect(page.get_by_text("300 rows, about $")).to_be_visible()


def _download(page: Page, form: str) -> bytes:
    page.get_by_text("Download", exact=True).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name=form).click()
    return Path(download.value.path()).read_bytes()
