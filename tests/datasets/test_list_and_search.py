"""The list of datasets sorts and is worked on by ticks; a dataset is renamed, searched inside, and known again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.datasets import dataset_queries, importer, row_text_search, tasks
from batchsite.datasets.models import Dataset
from batchsite.teams.models import Team, User
from tests.datasets.conftest import Importer
from tests.factories import make_dataset

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
URL = "/datasets/"
HOSTILE = "<b>needle</b>"


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def three(team: Team, alice: User, bob: User) -> list[Dataset]:
    """Gamma is Bob's."""
    sizes = (("Gamma", 3, 900, bob), ("beta", 9, 700, alice), ("Alpha", 1, 800, alice))
    return [
        make_dataset(team, rows=[["1", "x"]] * rows, name=name, size=size, created_by=by)
        for name, rows, size, by in sizes
    ]


def names(site: Client, **asked: str) -> list[str]:
    return [dataset.name for dataset in site.get(URL, asked).context["listing"].datasets]


ORDERS = [
    ("", ["Alpha", "beta", "Gamma"]),
    ("name", ["Alpha", "beta", "Gamma"]),
    ("-name", ["Gamma", "beta", "Alpha"]),
    ("-rows", ["beta", "Gamma", "Alpha"]),
    ("size", ["beta", "Alpha", "Gamma"]),
    ("when", ["Gamma", "beta", "Alpha"]),
]


@pytest.mark.parametrize(("sort", "expected"), ORDERS)
def test_the_list_is_sorted_by_its_heads(sort: str, expected: list[str], three: list[Dataset], site: Client) -> None:
    assert names(site, sort=sort) == expected


def test_the_list_is_filtered_by_person(three: list[Dataset], site: Client, bob: User) -> None:
    assert names(site, person=str(bob.pk)) == ["Gamma"]
    html = site.get(URL, {"person": str(bob.pk), "sort": "name"}).content.decode()
    assert re.search(r'href="\?sort=name"[^>]*>\s*<bdi>by Bob</bdi>', html)


def test_datasets_are_deleted_and_brought_back(three: list[Dataset], site: Client, team: Team) -> None:
    Batch.objects.create(team=team, dataset=three[1], name="uses beta")
    ticked = [dataset.pk for dataset in three]
    html = site.post("/datasets/selected", {"action": "delete", "pk": ticked}, follow=True).content.decode()
    assert "2 datasets deleted." in html
    assert "A batch is made from beta." in html
    assert names(site) == ["beta"]
    restored = {"action": "restore", "pk": [three[0].pk, three[2].pk]}
    assert "2 datasets restored." in site.post("/datasets/selected", restored, follow=True).content.decode()
    assert names(site) == ["Alpha", "beta", "Gamma"]


def test_datasets_of_others_are_left_alone(three: list[Dataset], charlie: User, client_of: Browser) -> None:
    client_of(charlie).post("/datasets/selected", {"action": "delete", "pk": [three[0].pk]})
    assert client_of(charlie).post(f"/datasets/{three[0].pk}/rename", {"name": "Mine"}).status_code == 404
    three[0].refresh_from_db()
    assert (three[0].name, three[0].deleted_at) == ("Gamma", None)


def test_a_dataset_is_renamed(three: list[Dataset], site: Client) -> None:
    address = reverse("dataset-rename", args=[three[0].pk])
    assert 'value="Gamma"' in site.get(address).content.decode()
    assert site.post(address, {"name": ""}).status_code == 422
    assert "<bdi>Delta</bdi>" in site.post(address, {"name": "Delta"}, follow=True).content.decode()


# ---- searched inside -------------------------------------------------------------------------------------


def found(site: Client, dataset: Dataset, **asked: Any) -> Any:
    return site.get(reverse("dataset", args=[dataset.pk]), asked).context["page"]


@pytest.fixture
def big(team: Team) -> Dataset:
    """1,300 rows; every hundredth has the text, in one case or the other."""
    rows = [[str(number), f"Row {number}" + (" NeedLe" if number % 100 == 0 else "")] for number in range(1, 1301)]
    return make_dataset(team, rows=rows)


def test_rows_are_found_by_a_text_in_their_cells(big: Dataset, site: Client) -> None:
    page = found(site, big, search="needle")
    assert [number for number, _ in page.rows] == list(range(100, 1301, 100))
    assert (page.next, page.searched_to) == (None, None)
    html = site.get(reverse("dataset", args=[big.pk]), {"search": "needle"}).content.decode()
    assert "Row 100 <mark>NeedLe</mark>" in html
    assert "No row contains" in site.get(reverse("dataset", args=[big.pk]), {"search": "nothing"}).content.decode()


def test_a_search_fills_a_page_and_goes_on_behind_it(
    big: Dataset, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_queries, "ROWS", 5)
    page = found(site, big, search="needle")
    assert [number for number, _ in page.rows] == [100, 200, 300, 400, 500]
    page = found(site, big, search="needle", row=page.next)
    assert [number for number, _ in page.rows] == [600, 700, 800, 900, 1000]


def test_a_long_search_goes_on_in_another_request(big: Dataset, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_text_search, "BUDGET", 0)
    monkeypatch.setattr(row_text_search, "WINDOW", 500)
    page = found(site, big, search="needle")
    assert [number for number, _ in page.rows] == [100, 200, 300, 400, 500]
    assert (page.searched_to, page.next) == (500, 501)
    page = found(site, big, search="needle", row=page.next, found=page.found)
    assert len(page.rows) == 10
    page = found(site, big, search="needle", row=page.next, found=page.found)
    assert (len(page.rows), page.searched_to, page.next) == (13, None, None)


def test_what_is_searched_for_stays_text(team: Team, site: Client) -> None:
    dataset = make_dataset(team, rows=[["1", HOSTILE], ["2", "x"]])
    html = site.get(reverse("dataset", args=[dataset.pk]), {"search": "<B>NEEDLE"}).content.decode()
    assert "<mark>&lt;b&gt;needle</mark>&lt;/b&gt;" in html
    assert HOSTILE not in html


# ---- the same file ---------------------------------------------------------------------------------------


def test_a_file_that_is_there_already_is_known_again(received: Importer, site: Client) -> None:
    first, second, other = received("a,b\n1,2\n"), received("a,b\n1,2\n"), received("a,b\n1,3\n")
    for dataset in (first, second, other):
        importer.import_step(dataset.pk)
    html = site.get(reverse("dataset", args=[second.pk])).content.decode()
    assert "You have this file already" in html
    assert f'href="/datasets/{first.pk}"' in html
    for dataset in (first, other):
        assert "You have this file already" not in site.get(reverse("dataset", args=[dataset.pk])).content.decode()
    site.post("/datasets/selected", {"action": "delete", "pk": second.pk, "next": f"/datasets/{first.pk}"})
    assert [dataset.pk for dataset in Dataset.objects.filter(deleted_at=None).order_by("pk")] == [first.pk, other.pk]


def test_of_files_that_came_before_digests_were_taken_a_worker_takes_them(received: Importer, site: Client) -> None:
    first, second = received("a,b\n1,2\n"), received("a,b\n1,2\n")
    for dataset in (first, second):
        importer.import_step(dataset.pk)
    Dataset.objects.filter(pk=first.pk).update(digest="", next_look_at=timezone.now())  # as the migration marks it
    jobs = [job for job in tasks.due(timezone.now()) if job.path.endswith("take_digest")]
    assert [job.args for job in jobs] == [(first.pk,)]
    tasks.take_digest(first.pk)
    assert "You have this file already" in site.get(reverse("dataset", args=[second.pk])).content.decode()
    assert Dataset.objects.get(pk=first.pk).next_look_at is None


def test_a_file_of_another_team_is_not_told(received: Importer, charlie: User, client_of: Browser) -> None:
    mine = received("a,b\n1,2\n")
    importer.import_step(mine.pk)
    theirs = make_dataset(Team.objects.get(name="Rivals"))
    Dataset.objects.filter(pk=theirs.pk).update(digest=Dataset.objects.get(pk=mine.pk).digest)
    assert "already" not in client_of(charlie).get(reverse("dataset", args=[theirs.pk])).content.decode()
