"""The good rows of a damaged file are taken and the bad left, knowingly; what was left is told ever after."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.datasets import answers, dataset_removal
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import User
from tests.datasets.conftest import Importer
from tests.datasets.steps import deleted, filled, imported
from tests.datasets.stores import files_in

Browser = Callable[[User], Client]


def damaged(rows: int, every: int) -> str:
    """A table of three columns in which every nth row has lost a cell."""
    lines = (f"{number},Hello\n" if number % every == 0 else f"{number},Hello,Bern\n" for number in range(1, rows + 1))
    return "id,text,city\n" + "".join(lines)


def report_of(client: Client, dataset: Dataset) -> list[list[str]]:
    answer = client.get(reverse("dataset-problems", args=[dataset.pk]))
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_button_says_how_many_rows_it_leaves_out(received: Importer, alice: User, client_of: Browser) -> None:
    dataset, client = imported(received(damaged(4000, 7))), client_of(alice)
    page = client.get(reverse("dataset", args=[dataset.pk])).content.decode()

    assert "Skip 571 of 4,000 rows and import the other 3,429" in " ".join(page.split())
    assert client.post(reverse("dataset-leave", args=[dataset.pk]))["Location"] == reverse("dataset", args=[dataset.pk])
    assert imported(dataset).state == DatasetState.READY
    assert (dataset.row_count, dataset.left_out, dataset.file_rows) == (3429, 571, 4000)
    assert [cells[0] for _, cells in dataset.rows(1, 8)] == ["1", "2", "3", "4", "5", "6", "8", "9"]


def test_what_was_left_out_is_told_on_the_page_in_the_list_and_in_a_report(
    received: Importer, alice: User, bob: User, client_of: Browser
) -> None:
    dataset, client = imported(received(damaged(30, 7))), client_of(bob)
    answers.leave_bad_rows(dataset, alice)
    imported(dataset)
    page = " ".join(client.get(reverse("dataset", args=[dataset.pk])).content.decode().split())

    for words in ("4 of 30 rows were skipped", "Alice", "Skip them", "2 cells where the header has 3."):
        assert words in page
    assert "4 skipped" in client.get("/datasets/").content.decode()
    rows = report_of(client, dataset)
    assert [row[0] for row in rows] == ["line", "8", "15", "22", "29"]
    assert rows[1][4] == "7,Hello"


def test_their_bytes_can_be_downloaded_as_long_as_they_are_left_out(
    received: Importer, alice: User, charlie: User, client_of: Browser
) -> None:
    dataset, client = imported(received(damaged(30, 7))), client_of(alice)
    answers.leave_bad_rows(dataset, alice)
    imported(dataset)
    url = reverse("dataset-skipped", args=[dataset.pk])

    assert url in client.get(reverse("dataset", args=[dataset.pk])).content.decode()
    answer = client.get(url)
    assert answer.getvalue() == b"id,text,city\n7,Hello\n14,Hello\n21,Hello\n28,Hello\n"
    assert "skipped.csv" in answer["Content-Disposition"]
    assert client_of(charlie).get(url).status_code == 404

    client.post(reverse("dataset-again", args=[dataset.pk]), filled({"bad_rows": "refuse"}))
    imported(dataset)
    assert client.get(url).status_code == 404 or dataset.left_out == 0


def test_a_deleted_dataset_leaves_no_skipped_rows(received: Importer, alice: User, media: Path) -> None:
    dataset = imported(received(damaged(30, 7)))
    answers.leave_bad_rows(dataset, alice)
    imported(dataset)
    assert len(files_in(media)) == 2

    deleted(dataset)
    dataset_removal.clear_step(dataset.pk)
    assert files_in(media) == []


def test_a_choice_that_was_offered_is_never_refused(received: Importer, alice: User) -> None:
    case = Path(__file__).parents[1] / "cases" / "34-left-out-then-refused" / "input.csv"
    dataset = imported(received(case.read_text()))
    assert (dataset.can_leave, dataset.file_rows, dataset.problem_count) == (True, 300, 4)
    answers.leave_bad_rows(dataset, alice)

    assert imported(dataset).state == DatasetState.READY
    assert (dataset.row_count, dataset.left_out, dataset.file_rows) == (296, 4, 300)


def test_they_can_be_taken_back(received: Importer, alice: User, client_of: Browser) -> None:
    dataset, client = imported(received(damaged(30, 7))), client_of(alice)
    answers.leave_bad_rows(dataset, alice)
    imported(dataset)
    client.post(reverse("dataset-again", args=[dataset.pk]), filled({"bad_rows": "refuse"}))

    assert imported(dataset).state == DatasetState.REFUSED
    assert (dataset.problem_count, dataset.left_out, dataset.row_count) == (4, 0, 0)


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"id,,\n1,2,3\n", b"\0" * 5000], ids=["a PDF", "no names", "NULs"])
def test_a_file_whose_rows_are_not_the_matter_offers_no_such_thing(
    received: Importer, alice: User, client_of: Browser, data: bytes
) -> None:
    dataset, client = imported(received(data)), client_of(alice)
    page = client.get(reverse("dataset", args=[dataset.pk])).content.decode()

    if dataset.state == DatasetState.REFUSED:
        assert "import the rest" not in page
        with pytest.raises(answers.CannotChange):
            answers.leave_bad_rows(dataset, alice)
    else:
        assert dataset.state == DatasetState.ASKING


def test_a_page_that_is_out_of_date_changes_nothing(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = imported(received("id,text\n1,a\n"))
    answer = client_of(alice).post(reverse("dataset-leave", args=[dataset.pk]), follow=True)

    assert "no longer waiting for that" in answer.content.decode()
    dataset.refresh_from_db()
    assert dataset.state == DatasetState.READY
