"""One dataset: while it is imported, when it is ready, when it was refused; its rows, its file, its end."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import Team, User
from tests.datasets.conftest import Importer
from tests.factories import make_dataset

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
ROWS = [[str(number), f"text <{number}>"] for number in range(1, 1202)]


def body(client: Client, name: str, dataset: Dataset, query: str = "", **headers: str) -> str:
    return client.get(f"{reverse(name, args=[dataset.pk])}{query}", headers=headers).content.decode()


# --- while it is imported


def test_an_import_shows_how_far_it_is_and_asks_again(team: Team, alice: User, client_of: Browser) -> None:
    dataset = make_dataset(team, state=DatasetState.IMPORTING, size=1000, bytes_read=430, row_count=1234)
    page = body(client_of(alice), "dataset", dataset)

    for words in ("43 % read", "1,234 rows so far", 'value="430" max="1000"', "Importing", "every 1s"):
        assert words in page
    assert "New batch</button>" not in page


def test_an_import_that_waits_says_why(team: Team, alice: User, client_of: Browser) -> None:
    dataset = make_dataset(team, state=DatasetState.IMPORTING, held_reason="The server's disk is full.")

    assert "The server&#x27;s disk is full." in body(client_of(alice), "dataset-progress", dataset, **HTMX)


def test_the_last_answer_brings_everything_and_asks_no_more(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset, client = received("id,text\n1,Hello\n"), client_of(alice)
    before = body(client, "dataset-progress", dataset, **HTMX)
    importer.import_step(dataset.pk)
    after = body(client, "dataset-progress", dataset, **HTMX)

    assert f'hx-get="{reverse("dataset-progress", args=[dataset.pk])}"' in before
    assert "hx-trigger" not in after
    assert 'id="dataset-live"' in after
    assert '<hx-partial hx-target="#main > .head"' in after
    assert "New batch</button>" in after
    assert "Hello" in after
    assert "tickets is ready: 1 row." in after


def test_without_htmx_the_progress_is_the_page(team: Team, alice: User, client_of: Browser) -> None:
    dataset = make_dataset(team)
    answer = client_of(alice).get(reverse("dataset-progress", args=[dataset.pk]))

    assert answer["Location"] == reverse("dataset", args=[dataset.pk])


# --- when it is ready


def test_what_was_understood_is_shown(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = received("\ufeffid;Größe (cm)\n1;180\n")
    importer.import_step(dataset.pk)
    page = body(client_of(alice), "dataset", dataset)

    for words in ("Semicolon", "with byte order mark", "Größe (cm)", "180", "tickets.csv"):
        assert words in page


def test_a_new_batch_begins_here(team: Team, alice: User, client_of: Browser) -> None:
    dataset, client = make_dataset(team), client_of(alice)
    page = body(client, "dataset", dataset)

    assert f'action="{reverse("batch-new")}"' in page
    assert f'name="dataset" value="{dataset.pk}"' in page
    assert client.post(reverse("batch-new"), {"dataset": dataset.pk}).status_code == 302
    assert Batch.objects.get().dataset == dataset


def test_a_table_without_rows_offers_no_batch(team: Team, alice: User, client_of: Browser) -> None:
    page = body(client_of(alice), "dataset", make_dataset(team, rows=[]))

    assert "No rows" in page
    assert "New batch</button>" not in page


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", 1, 50),
        ("?row=1", 1, 50),
        ("?row=451", 451, 500),
        ("?row=480", 480, 529),
        ("?row=1200", 1200, 1201),
        ("?row=999999", 1201, 1201),
        ("?row=x", 1, 50),
        ("?row=-4", 1, 50),
    ],
)
def test_rows_are_paged_by_number(
    team: Team, alice: User, client_of: Browser, query: str, first: int, last: int
) -> None:
    dataset = make_dataset(team, rows=ROWS)
    page = client_of(alice).get(f"{reverse('dataset', args=[dataset.pk])}{query}").context["page"]

    assert [(number, cells[0]) for number, cells in page.rows] == [(n, str(n)) for n in range(first, last + 1)]
    assert page.previous == (max(1, first - 50) if first > 1 else None)
    assert page.next == (last + 1 if last < 1201 else None)


def test_htmx_gets_the_rows_alone_and_a_browser_the_page(team: Team, alice: User, client_of: Browser) -> None:
    dataset, client = make_dataset(team, rows=ROWS), client_of(alice)
    url, page = reverse("dataset-rows", args=[dataset.pk]) + "?row=51", reverse("dataset", args=[dataset.pk])
    fragment, answer = client.get(url, headers=HTMX), client.get(url)
    part = fragment.content.decode()

    assert fragment["HX-Push-Url"] == f"{page}?row=51"
    assert part.strip().startswith('<section id="rows"')
    assert "text &lt;51&gt;" in part
    assert answer["Location"] == f"{page}?row=51#rows"


def test_one_row_is_shown_whole(team: Team, alice: User, client_of: Browser) -> None:
    long = "word " * 1000 + "<end>"
    dataset, client = make_dataset(team, rows=[["1", "a"], ["2", long], ["3", ""]]), client_of(alice)
    page = client.get(reverse("dataset-row", args=[dataset.pk, 2])).content.decode()

    assert "word word &lt;end&gt;" in page
    assert reverse("dataset-row", args=[dataset.pk, 1]) in page
    assert reverse("dataset-row", args=[dataset.pk, 3]) in page
    for beyond in (0, 4, 10**30):
        assert client.get(reverse("dataset-row", args=[dataset.pk, beyond])).status_code == 404


def test_batches_made_of_it_are_listed(team: Team, alice: User, client_of: Browser) -> None:
    dataset = make_dataset(team)
    batch = Batch.objects.create(team=team, dataset=dataset, name="March by intent")
    Batch.objects.create(team=team, dataset=make_dataset(team), name="another")
    page = body(client_of(alice), "dataset", dataset)

    assert reverse("batch", args=[batch.pk]) in page
    assert "March by intent" in page
    assert "another" not in page


# --- when it was refused


def test_a_refused_file_shows_its_problems_and_gives_them_along(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset, client = received("id,text\n1\n=2,a,b\n3,<c>\n"), client_of(alice)
    importer.import_step(dataset.pk)
    page = body(client, "dataset", dataset)
    report = client.get(reverse("dataset-problems", args=[dataset.pk]))

    for words in ("cannot be read: 2 problems", "1 cell where the header has 2.", "=2,a,b", "Download all 2"):
        assert words in page
    assert "tickets - problems.csv" in report["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(report.content.decode("utf-8-sig"))))
    assert rows[0] == ["line", "row", "column", "message", "excerpt"]
    assert [row[:3] for row in rows[1:]] == [["2", "1", ""], ["3", "2", ""]]
    assert rows[2][4] == "'=2,a,b"


def test_many_problems_are_counted_and_the_first_are_shown(received: Importer, alice: User, client_of: Browser) -> None:
    dataset = received("id,text\n" + "1\n2,b\n" * 1500)
    importer.import_step(dataset.pk)
    page = body(client_of(alice), "dataset", dataset)

    assert "1,500 problems" in page
    assert "The first 100 of 1,500 are shown" in page
    assert "Download the first 1,000 as CSV" in page


def test_a_file_that_is_no_table_is_refused_in_one_sentence(
    received: Importer, alice: User, client_of: Browser
) -> None:
    dataset = received(b"%PDF-1.7\n")
    importer.import_step(dataset.pk)

    page = body(client_of(alice), "dataset", dataset)
    assert "This is a PDF" in page
    assert "What is wrong, by line" not in page, "one thing about the whole file needs no table"


# --- taking along, and deleting


def test_the_original_comes_back_byte_for_byte(received: Importer, alice: User, client_of: Browser) -> None:
    data = b"\xef\xbb\xbfid;text\r\n1;\xff\r\n"
    answer = client_of(alice).get(reverse("dataset-original", args=[received(data).pk]))

    assert b"".join(answer) == data
    assert answer["Content-Disposition"] == 'attachment; filename="tickets.csv"'
    assert answer["Content-Type"] == "application/octet-stream"


def test_an_original_that_is_gone_is_said(team: Team, alice: User, client_of: Browser) -> None:
    answer = client_of(alice).get(reverse("dataset-original", args=[make_dataset(team).pk]), follow=True)

    assert "gone from the server" in answer.content.decode()


def test_deleting_asks_first(team: Team, alice: User, client_of: Browser) -> None:
    dataset, other, client = make_dataset(team, name="old"), make_dataset(team, name="kept"), client_of(alice)
    url = reverse("dataset-delete", args=[dataset.pk])

    assert "You can undo this for ten minutes" in client.get(url).content.decode()
    dataset.refresh_from_db()
    assert dataset.deleted_at is None

    answer = client.post(url, follow=True)
    assert "“old” is deleted." in answer.content.decode()
    assert client.get(reverse("dataset", args=[dataset.pk])).status_code == 404
    assert client.get(reverse("dataset", args=[other.pk])).status_code == 200


def test_a_dataset_in_use_cannot_be_deleted_and_says_by_what(team: Team, alice: User, client_of: Browser) -> None:
    dataset, client = make_dataset(team), client_of(alice)
    Batch.objects.create(team=team, dataset=dataset, name="March by intent")
    url = reverse("dataset-delete", args=[dataset.pk])

    assert "March by intent" in client.get(url).content.decode()
    assert "A batch is made from tickets. Delete it first." in client.post(url, follow=True).content.decode()
    dataset.refresh_from_db()
    assert dataset.deleted_at is None


@pytest.mark.parametrize(
    "name",
    ["dataset", "dataset-progress", "dataset-rows", "dataset-original", "dataset-problems", "dataset-delete"],
)
def test_an_outsider_finds_nothing(team: Team, charlie: User, client_of: Browser, name: str) -> None:
    dataset, client = make_dataset(team), client_of(charlie)
    url = reverse(name, args=[dataset.pk])

    assert client.get(url).status_code == 404
    assert client.get(url, headers=HTMX).status_code == 404
    assert client.post(url).status_code in {404, 405}
    dataset.refresh_from_db()
    assert dataset.deleted_at is None


def test_an_outsider_finds_no_row_either(team: Team, charlie: User, client_of: Browser) -> None:
    assert client_of(charlie).get(reverse("dataset-row", args=[make_dataset(team).pk, 1])).status_code == 404
