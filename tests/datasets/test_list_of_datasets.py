"""The list: what the team has, the newest first, found by name, a page at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from batchsite.datasets import dataset_queries
from batchsite.datasets.models import DatasetState
from batchsite.teams.models import Team, User
from tests.factories import make_dataset, make_team

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
URL = "/datasets/"


def names(client: Client, **asked: str) -> list[str]:
    return [dataset.name for dataset in client.get(URL, asked).context["listing"].datasets]


def test_the_newest_comes_first_and_others_are_not_shown(team: Team, alice: User, client_of: Browser) -> None:
    for name in ("first", "second", "third"):
        make_dataset(team, name=name)
    make_dataset(make_team("Rivals"), name="theirs")
    make_dataset(team, name="gone", deleted_at=timezone.now())

    assert names(client_of(alice)) == ["third", "second", "first"]


def test_who_when_rows_size_and_state_are_told(team: Team, alice: User, client_of: Browser) -> None:
    make_dataset(team, name="March", created_by=alice, size=335_000_000, row_count=1_000_000)
    make_dataset(team, name="broken", state=DatasetState.REFUSED)
    page = client_of(alice).get(URL).content.decode()

    for words in ("March", "Ready", "1,000,000", "335 MB", "Alice", "<time datetime=", "Not readable"):
        assert words in page


@pytest.mark.parametrize(("search", "found"), [("mar", ["March"]), ("ARCH", ["Archive", "March"]), ("x", [])])
def test_a_name_is_found(team: Team, alice: User, client_of: Browser, search: str, found: list[str]) -> None:
    for name in ("March", "April", "Archive"):
        make_dataset(team, name=name)

    assert names(client_of(alice), search=search) == found


def test_a_search_that_finds_nothing_says_so(team: Team, alice: User, client_of: Browser) -> None:
    make_dataset(team)

    assert "No matching datasets" in client_of(alice).get(URL, {"search": "zzz"}).content.decode()


def test_a_team_without_datasets_is_told_what_they_are_for(alice: User, client_of: Browser) -> None:
    page = client_of(alice).get(URL).content.decode()

    assert "No datasets yet" in page
    assert "Try it with a sample dataset" in page


def test_pages_are_walked_in_both_directions(team: Team, alice: User, client_of: Browser) -> None:
    made = [make_dataset(team, name=f"set {number}").name for number in range(2 * dataset_queries.PAGE + 5)][::-1]
    client = client_of(alice)
    first = client.get(URL).context["listing"]
    second = client.get(URL, {"after": first.next}).context["listing"]
    third = client.get(URL, {"after": second.next}).context["listing"]
    back = client.get(URL, {"before": third.previous}).context["listing"]

    pages = [[dataset.name for dataset in page.datasets] for page in (first, second, third, back)]
    assert pages == [made[:50], made[50:100], made[100:], made[50:100]]
    assert (first.previous, third.next) == (None, None)
    start = client.get(URL, {"before": back.previous}).context["listing"]
    assert ([dataset.name for dataset in start.datasets], start.previous) == (made[:50], None)


def test_the_list_moves_while_something_is_imported_and_then_stands_still(
    team: Team, alice: User, client_of: Browser
) -> None:
    dataset, client = make_dataset(team, state=DatasetState.IMPORTING), client_of(alice)
    poll = f"{URL}?shown={dataset.pk}"
    assert f'hx-get="{poll}"' in client.get(URL).content.decode()

    dataset.state = DatasetState.READY
    dataset.save()
    make_dataset(team, name="newer")
    part = client.get(poll, headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in part
    assert "<html" not in part
    assert "newer" not in part


def test_an_unreadable_address_is_taken_for_the_first_page(team: Team, alice: User, client_of: Browser) -> None:
    make_dataset(team, name="March")

    for asked in ({"after": "x"}, {"before": "-1"}, {"shown": "x,"}, {"after": "9" * 40}):
        assert names(client_of(alice), **asked) == ["March"]


def test_the_list_takes_the_same_queries_however_long_it_is(
    team: Team, alice: User, client_of: Browser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_dataset(team, name=f"set {number}", created_by=alice)
    client = client_of(alice)
    client.get(URL)  # the first page of a session notes that it is in use

    with django_assert_max_num_queries(10):
        client.get(URL)
