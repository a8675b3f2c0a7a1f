"""Pictures that a column names go along with the prompt of their row, or it is said why they cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from batchsite.recipes.attachments import HeldFile, Pictures
from batchsite.recipes.prompt_template import parse
from batchsite.recipes.recipe import Recipe, check_row
from batchsite.xai.bodies import CHAT, RESPONSES

COLUMNS = ["id", "photo"]


class Box:
    """Files that are held in memory."""

    largest = 8

    def __init__(self) -> None:
        self.files = {
            "a b.png": HeldFile("a b.png", "image", "image/png", 3, 900, 400),
            "page.pdf": HeldFile("page.pdf", "file", "application/pdf", 8),
            "bad.png": HeldFile("bad.png", "image", "image/png", 3, problem="“bad.png” is no picture."),
        }

    def find(self, name: str) -> HeldFile | None:
        return self.files.get(name)

    def read(self, name: str) -> bytes:
        return b"abc"

    def page_text(self, name: str, page: int) -> str:
        return f"Page {page}"

    def page_jpeg(self, name: str, page: int) -> bytes:
        return b"jpg"


def recipe(**changes: Any) -> Recipe:
    made = Recipe("r", None, None, parse("What is in {{id}}?", COLUMNS), "grok-4.3", {}, CHAT, (), Pictures(1, "low"))
    return replace(made, **changes)


def content(made: Recipe, cell: str) -> Any:
    [body] = made.request(1, ["7", cell])["batch_request"].values()
    return (body.get("messages") or body.get("input"))[-1]["content"]


def test_an_address_is_sent_as_it_stands_in_the_form_of_each_kind_of_request() -> None:
    url = "https://example.org/x.png"

    assert content(recipe(), url) == [
        {"type": "text", "text": "What is in 7?"},
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
    ]
    assert content(recipe(kind=RESPONSES), url) == [
        {"type": "input_text", "text": "What is in 7?"},
        {"type": "input_image", "image_url": url, "detail": "low"},
    ]
    assert content(recipe(), "") == "What is in 7?"


def test_documents_that_came_with_the_table_are_named_by_their_ids() -> None:
    held = recipe(pictures=Pictures(1, "", Box(), file_ids={"page.pdf": "file_1"}))

    assert content(held, "page.pdf")[1] == {"type": "file", "file": {"file_id": "file_1"}}
    assert content(replace(held, kind=RESPONSES), "page.pdf")[1] == {"type": "input_file", "file_id": "file_1"}


def test_files_that_came_with_the_table_travel_inside_the_request() -> None:
    held = recipe(pictures=Pictures(1, "", Box(), file_ids=None))

    assert content(held, "a b.png")[1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}}
    assert content(held, "page.pdf")[1] == {
        "type": "file",
        "file": {"filename": "page.pdf", "file_data": "data:application/pdf;base64,YWJj"},
    }
    assert len(content(held, "a b.png\npage.pdf\nhttps://example.org/y.png")) == 4


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("photo.png", "neither a file of this dataset nor a web address"),
        ("bad.png", "“bad.png” is no picture."),
        ("file:///etc/passwd", "neither a file"),
        ("\n".join(["https://example.org/x.png"] * 21), "20 at most"),
    ],
)
def test_what_cannot_be_sent_is_said_of_its_row(cell: str, words: str) -> None:
    problem = check_row(recipe(pictures=Pictures(1, "", Box())), 5, ["7", cell], 25_000_000)

    assert problem is not None
    assert problem.row == 5
    assert words in problem.message


def test_a_request_is_measured_with_its_files_before_they_are_read() -> None:
    big = Box()
    big.files["a b.png"] = replace(big.files["a b.png"], size=19_000_000)

    problem = check_row(recipe(pictures=Pictures(1, "", big)), 1, ["7", "a b.png"], 25_000_000)

    assert problem is not None
    assert "25 MB" in problem.message


def test_rows_travel_in_as_small_groups_as_their_files_ask_for() -> None:
    box = Box()
    box.largest = 1_000_000

    assert recipe(pictures=Pictures(1, "", box)).rows_at_once(500, 8_000_000) == 4
    assert recipe().rows_at_once(500, 8_000_000) == 500


def test_a_picture_is_256_to_1792_tokens_by_its_size() -> None:
    held = Pictures(1, "", Box())

    assert held.tokens_of(["7", "a b.png"]) == 4 * 256  # three tiles and one more
    assert Pictures(1, "low").tokens_of(["7", "https://example.org/x.png"]) == 256
    assert held.tokens_of(["7", ""]) == 0
