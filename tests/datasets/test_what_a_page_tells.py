"""File details of a file, and what is in its columns, on the page of its dataset."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from batchsite.datasets import answers, importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import Team, User
from tests.datasets.conftest import Importer
from tests.datasets.steps import imported, workbook, zipped

Browser = Callable[[User], Client]
TABLE = b"id,text\n1,Hello\n2,Good bye\n"
TITLES = "Quarterly report\nMade by Alice\n\nid,text\n1,Hello\n2,<b>\n"


def request(number: int) -> str:
    body = {"model": "grok-4", "messages": [{"role": "user", "content": f"Hello {number}"}]}
    return json.dumps({"custom_id": f"r-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})


REQUESTS = "".join(f"{request(number)}\n" for number in (1, 2)).encode()


@pytest.fixture
def kept(team: Team, alice: User) -> Callable[[str, bytes], Dataset]:
    """A file of that name, taken in and imported."""
    return lambda name, data: imported(importer.receive(team, alice, SimpleUploadedFile(name, data)))


def page_of(client: Client, dataset: Dataset, name: str = "dataset") -> str:
    return client.get(reverse(name, args=[dataset.pk])).content.decode()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.csv", TABLE, ["Delimited text", "Comma", "UTF-8"]),
        ("t.tsv", TABLE.replace(b",", b"\t"), ["Delimited text", "Tab"]),
        ("t.csv.gz", gzip.compress(TABLE), ["Delimited text", "compressed with gzip"]),
        ("t.zip", zipped("inner.csv", TABLE), ["Delimited text", "inner.csv in a zip"]),
        ("t.jsonl", b'{"id": "1", "text": "Hello"}\n{"id": "2", "text": "Good bye"}\n', ["JSON Lines"]),
        ("t.json", b'[{"id": "1", "text": "Hello"}, {"id": "2", "text": "Good bye"}]', ["JSON"]),
        ("t.xlsx", workbook(Tickets=[["id", "text"], ["1", "Hello"], ["2", "Good bye"]]), ["Excel", "Tickets"]),
        ("r.jsonl", REQUESTS, ["Batch API requests", "custom_id", "body"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_form_is_taken_and_named(
    kept: Callable[[str, bytes], Dataset], alice: User, client_of: Browser, name: str, data: bytes, words: list[str]
) -> None:
    dataset = kept(name, data)
    page = page_of(client_of(alice), dataset)

    assert (dataset.state, dataset.row_count, dataset.name) == (DatasetState.READY, 2, name.split(".")[0])
    assert [word for word in words if word not in page] == []
    with dataset.file.open("rb") as file:
        assert file.read() == data


def test_requests_are_kept_as_they_stand(kept: Callable[[str, bytes], Dataset]) -> None:
    dataset = kept("r.jsonl", REQUESTS)

    assert dataset.form == "requests"
    assert dataset.columns == ["custom_id", "method", "url", "body"]
    custom_id, method, url, body = dataset.row(2)
    assert (custom_id, method, url) == ("r-2", "POST", "/v1/chat/completions")
    assert json.loads(body) == json.loads(request(2))["body"]


def test_which_sheet_is_asked_and_can_be_changed(kept: Callable[[str, bytes], Dataset], alice: User) -> None:
    dataset = kept("book.xlsx", workbook(Tickets=[["id"], ["1"]], Prices=[["sku"], ["A1"]]))
    [question] = dataset.questions

    assert [choice["rows"][0] for choice in question["choices"]] == [["id"], ["sku"]]
    answers.answer(dataset, alice, {question["key"]: question["choices"][1]["value"]})
    assert imported(dataset).columns == ["sku"]
    answers.read_again(dataset, alice, {question["key"]: question["choices"][0]["value"]})
    assert imported(dataset).columns == ["id"]


def test_what_was_not_asked_can_be_said_otherwise_and_taken_back(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset, client = imported(received("id;text,more\n1;a,b\n2;c,d\n3;e\n")), client_of(alice)
    page = page_of(client, dataset, "dataset-again")
    again = reverse("dataset-again", args=[dataset.pk])

    assert 'name="answer-encoding"' in page
    client.post(again, {"answer-header": "none", "answer-delimiter": "semicolon"})
    assert imported(dataset).given == {"delimiter": "semicolon", "header": "none"}
    assert (dataset.row_count, dataset.columns, dataset.row(1)) == (4, ["column 1", "column 2"], ["id", "text,more"])
    client.post(again, {"answer-header": "", "answer-delimiter": "semicolon"})
    assert imported(dataset).given == {"delimiter": "semicolon"}
    assert (dataset.row_count, dataset.columns) == (3, ["id", "text,more"])


def test_a_damaged_json_file_is_not_taken_for_delimited_text(
    kept: Callable[[str, bytes], Dataset], alice: User, client_of: Browser
) -> None:
    dataset = kept("t.jsonl", b'{"id":1}\n{"id":2\n{"id":3}\n')
    page = page_of(client_of(alice), dataset)

    assert dataset.state == DatasetState.REFUSED
    assert "Delimited text" not in page
    assert "Change import settings" not in page


def test_titles_that_were_set_aside_are_shown(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = imported(received(TITLES))
    page = page_of(client_of(alice), dataset)

    assert (dataset.state, dataset.columns, dataset.row_count) == (DatasetState.READY, ["id", "text"], 2)
    for words in ("Line 4", "Quarterly report", "Made by Alice"):
        assert words in page


def test_each_column_tells_what_is_in_it(received: Importer, alice: User, client_of: Browser) -> None:
    rows = "".join(f"{number},{'x' * (number % 7)},{('Bern', 'Chur')[number % 2]}\n" for number in range(1, 1201))
    dataset = imported(received(f"id,text,city\n{rows}"))
    page = page_of(client_of(alice), dataset)

    for words in ("1,029", "171 empty", 'width="85.75%"'):
        assert words in page
    longest = reverse("dataset-row", args=[dataset.pk, 6])
    assert f'href="{longest}" aria-label="6, the longest cell of text: row 6"' in page
    assert "Most frequent" in page
    assert "No duplicate rows." in page


def test_copies_of_whole_rows_are_told(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = imported(received("id,text\n1,a\n2,b\n1,a\n1,a\n"))
    page = page_of(client_of(alice), dataset)

    assert "2 rows are exact copies of an earlier" in " ".join(page.split())
    assert reverse("dataset-row", args=[dataset.pk, 3]) in page


def test_values_of_a_table_are_text_and_nothing_else(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = imported(received("id,<script>\n1,<img src=x>\n2,<img src=x>\n"))
    page = page_of(client_of(alice), dataset)

    assert "<img" not in page
    assert "&lt;script&gt;" in page
