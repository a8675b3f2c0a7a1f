"""Pictures as people bring and take them: on real processes, in a browser."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.drafting import prompt_of, submit
from tests.browser.look import accessibility, sign_in
from tests.factories import PASSWORD
from tests.media.archives import archive, picture
from tests.patience import patient
from tests.running import Running

pytestmark = pytest.mark.browser
COUNT = 200
E_MAIL = "alice@example.org"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("pictures") / "site", {"SANDBOX_RATE": "0"}) as running:
        yield running


def come_in(page: Page, url: str) -> None:
    """As Alice, who founds the team where nobody was before."""
    page.goto(url)
    if page.url.endswith("/setup"):
        found_the_team(page)
    else:
        sign_in(page, url, E_MAIL, PASSWORD)


def found_the_team(page: Page) -> None:
    page.get_by_label("Team name").fill("Shop")
    page.get_by_label("Your name").fill("Alice")
    page.get_by_label("E-mail").fill(E_MAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account and team").click()
    expect(page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()


def test_200_pictures_of_a_zip_are_described(site: Running, tmp_path: Path, page: Page, complaints: list[str]) -> None:
    zip_file = tmp_path / "shelf.zip"
    zip_file.write_bytes(archive({f"photos/{number:03}.png": picture(number, 300) for number in range(1, COUNT + 1)}))
    come_in(page, site.url)
    page.get_by_role("link", name="Datasets", exact=True).click()
    page.set_input_files("input[type=file]", zip_file)
    expect(page.get_by_role("heading", name="shelf")).to_be_visible()
    thumbs = page.get_by_role("region", name="Rows").locator(".picture img")
    expect(thumbs).to_have_count(50)
    expect(thumbs.first).to_have_js_property("naturalWidth", 1)
    assert accessibility(page) == []

    page.get_by_role("button", name="New batch").click()
    expect(page.get_by_label("Pictures from")).to_have_value("file")
    prompt_of(page).fill("Describe what you see.")
    expect(page.locator("#preview .picture img")).to_be_visible()
    expect(page.get_by_text("for its attachments").first).to_be_visible()
    submit(page)

    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    expect(page.get_by_role("link", name="200 succeeded")).to_be_visible(timeout=patient(120_000))
    page.reload()
    first = page.locator("table.results tbody tr").first
    expect(first).to_contain_text("I see a PNG picture of 1 x 300")
    expect(first.locator(".picture img")).to_have_js_property("naturalHeight", 300)
    assert accessibility(page) == []
    first.get_by_role("link", name="1", exact=True).click()
    expect(page.locator(".along .picture img")).to_be_visible()

    page.go_back()
    page.get_by_text("Download", exact=True).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^CSV, exact")).click()
    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len(lines) == COUNT
    assert all(f"I see a PNG picture of {int(line['file'][-7:-4])} x 300" in line["answer"] for line in lines)


def test_a_gallery_is_taken_home_as_a_zip_though_the_workers_were_killed_in_the_middle(
    site: Running, tmp_path: Path, page: Page, complaints: list[str]
) -> None:
    table = tmp_path / "animals.csv"
    table.write_text("animal\n" + "".join(f"cat {number}\n" for number in range(1, 301)))
    come_in(page, site.url)
    page.get_by_role("link", name="Datasets", exact=True).click()
    page.set_input_files("input[type=file]", table)
    page.get_by_role("button", name="New batch").click()
    page.get_by_label("Model", exact=True).select_option("grok-imagine-image")
    prompt_of(page).fill("A photo of {{animal}}")
    page.locator("summary", has_text="Parameters").click()
    page.get_by_label("Pictures a row").fill("2")
    expect(page.get_by_text("600 pictures at $0.0200 each").first).to_be_visible()
    submit(page)
    page.get_by_role("link", name="Pictures", exact=True).click()
    expect(page.locator(".gallery img").first).to_be_visible(timeout=patient(180_000))
    workers = [worker for queue in ("short", "long") for worker in site.cluster(queue).workers]
    assert len(workers) == 5
    for worker in workers:
        worker.kill()

    expect(page.locator("#pictures-title")).to_have_text("600 pictures", timeout=patient(600_000))
    assert accessibility(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download zip").click()
    with zipfile.ZipFile(download.value.path()) as home:
        manifest = list(csv.DictReader(io.StringIO(home.read("manifest.csv").decode())))
        contents = {home.read(line["file"]) for line in manifest}
    assert len(manifest) == 600
    assert {line["state"] for line in manifest} == {"kept"}
    assert len(contents) == 600, "each row has its own pictures"
