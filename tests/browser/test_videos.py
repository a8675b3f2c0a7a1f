"""Videos from the prompt to the zip, in a browser, where the installation offers them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.drafting import prompt_of, submit
from tests.browser.look import accessibility
from tests.browser.test_pictures import come_in
from tests.running import Running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("videos") / "site"
    with Running(place, {"SANDBOX_RATE": "0", "XAI_VIDEOS": "grok-imagine-video=0.05"}) as running:
        yield running


def test_videos_are_made_played_and_taken_home(
    site: Running, tmp_path: Path, page: Page, complaints: list[str]
) -> None:
    table = tmp_path / "animals.csv"
    table.write_text("animal\ncat\ndog\nowl\n")
    come_in(page, site.url)
    page.get_by_role("link", name="Datasets", exact=True).click()
    page.set_input_files("input[type=file]", table)
    page.get_by_role("button", name="New batch").click()
    page.get_by_label("Model", exact=True).select_option("grok-imagine-video")
    prompt_of(page).fill("A film of {{animal}}")
    expect(page.get_by_text("3 videos at $0.0500 each").first).to_be_visible()
    submit(page)

    page.get_by_role("link", name="Videos", exact=True).click()
    expect(page.locator("#pictures-title")).to_have_text("3 videos")
    players = page.locator(".gallery video")
    expect(players).to_have_count(3)
    expect(players.first).to_have_js_property("readyState", 0)
    players.first.evaluate("player => player.play()")
    expect(players.first).to_have_js_property("videoWidth", 64)
    expect(players.first).to_have_js_property("ended", True)
    expect(players.last).to_have_js_property("readyState", 0)
    assert accessibility(page) == []
    page.get_by_role("link", name="Row 2", exact=True).click()
    expect(page.locator(".gallery video")).to_be_visible()
    page.go_back()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download zip").click()
    with zipfile.ZipFile(download.value.path()) as home:
        manifest = list(csv.DictReader(io.StringIO(home.read("manifest.csv").decode())))
        contents = [home.read(line["file"]) for line in manifest]
    assert [line["prompt"] for line in manifest] == ["A film of cat", "A film of dog", "A film of owl"]
    assert all(data[4:8] == b"ftyp" for data in contents)
    assert len(set(contents)) == 3
