"""Many rows in the order of a measure: a worker sorts them once, and every page finds its place in that order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from batchsite.batches.models import Batch, Result
from batchsite.results import row_orders, row_search, row_table, summaries
from batchsite.results.models import Ordered, Summary
from batchsite.results.row_orders import Place
from batchsite.teams.models import Team, User
from tests.results.row_pages import walked
from tests.results.test_summary import work
from tests.submission.stories import a_running_batch, end, failure, receive

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late", "other"]}]}
ROWS = 90


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ninety rows are many; a page of the table holds thirteen, one of an order seven."""
    monkeypatch.setattr(row_orders, "DIRECT", 20)
    monkeypatch.setattr(row_orders, "PAGE_ROWS", 7)
    monkeypatch.setattr(row_table, "PAGE", 13)
    monkeypatch.setattr(row_search, "FIRST_SORTED_WINDOW", 3)
    monkeypatch.setattr(row_search, "SORTED_WINDOW", 9)
    monkeypatch.setattr(row_search, "SORTABLE", 20)
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 10))


@pytest.fixture
def ninety(team: Team, alice: User) -> Batch:
    """Of seven answers one is late, the others lost; every fifth row failed. Many cost the same."""
    batch = a_running_batch(team, alice, rows=ROWS, shape=SHAPE)
    answers = {row: f'{{"intent": "{"lost" if row % 7 else "late"}"}}' for row in range(1, ROWS + 1) if row % 5}
    receive(batch, answers)
    receive(batch, {row: failure("overloaded") for row in range(5, ROWS + 1, 5)})
    for row in range(1, ROWS + 1):
        Result.objects.filter(batch=batch, row=row).update(cost_ticks=1000 + row * 37 % 11, prompt_tokens=row * 7 % 90)
    return end(batch)


def shown(site: Client, batch: Batch, query: str = "", **asked: Any) -> Any:
    answer = site.get(reverse("batch", args=[batch.pk]) + query, asked or None)
    assert answer.status_code == 200
    return answer


def walked_by_links(site: Client, batch: Batch, **asked: Any) -> list[int]:
    """The rows of all pages, and the way back leads through the same pages."""
    at, forwards = shown(site, batch, **asked), []
    while True:
        forwards.append([line.row for line in at.context["page"].lines])
        address = re.search(r'rel="next" href="[^"?#]*([^"#]+)', at.content.decode())
        if not address:
            break
        at = shown(site, batch, address[1].replace("&amp;", "&"))
    backwards = [forwards[-1]]
    while address := re.search(r'rel="prev" href="[^"?#]*([^"#]+)', at.content.decode()):
        at = shown(site, batch, address[1].replace("&amp;", "&"))
        backwards.append([line.row for line in at.context["page"].lines])
    assert backwards[::-1] == forwards
    return [row for page in forwards for row in page]


MEASURED = {"cost": "cost_ticks", "tokens": "prompt_tokens"}
"""Only the prompt's tokens differ by row."""


@pytest.mark.parametrize("sort", ["cost", "-cost", "tokens", "-tokens"])
@pytest.mark.parametrize("asked", [{}, {"state": "succeeded"}, {"f.intent": "lost"}, {"f.intent": "late"}])
def test_pages_follow_the_order_that_a_worker_wrote_down(sort: str, asked: dict[str, str], ninety: Batch) -> None:
    Result.objects.filter(batch=ninety).update(completion_tokens=0, reasoning_tokens=0)
    summaries.request(ninety, summaries.summary_of(ninety))
    work()
    values = dict(Result.objects.filter(batch=ninety).values_list("row", MEASURED[sort.removeprefix("-")]))
    wanted = [row for row in values if not asked or row % 5]
    if "f.intent" in asked:
        wanted = [row for row in wanted if bool(row % 7) == (asked["f.intent"] == "lost")]
    in_order = sorted(wanted, key=lambda row: (values[row], row), reverse=sort.startswith("-"))
    assert walked(ninety, {"sort": sort, **asked})[0] == in_order


def test_until_they_are_sorted_the_rows_come_by_their_number_and_the_page_says_so(ninety: Batch, site: Client) -> None:
    at = shown(site, ninety, sort="-cost")
    assert [line.row for line in at.context["page"].lines] == list(range(1, 14))
    assert "A worker is sorting the rows" in at.content.decode()
    work()
    at = shown(site, ninety, sort="-cost")
    assert at.context["page"].unsorted == ""
    assert "A worker is sorting the rows" not in at.content.decode()


def test_a_page_tells_when_the_order_was_made_where_rows_came_since(ninety: Batch, site: Client) -> None:
    shown(site, ninety)
    work()
    Batch.objects.filter(pk=ninety.pk).update(cost_ticks=1)  # as if a result had come
    assert "Sorted as of" in shown(site, ninety, sort="-cost").content.decode()
    work()
    assert "Sorted as of" not in shown(site, ninety, sort="-cost").content.decode()


def test_rows_are_sorted_again_when_they_changed_and_the_old_order_goes(ninety: Batch, site: Client) -> None:
    shown(site, ninety)
    work()
    pages = Ordered.objects.count()
    Result.objects.filter(batch=ninety, row=50).update(cost_ticks=10**12)
    Batch.objects.filter(pk=ninety.pk).update(cost_ticks=1)
    shown(site, ninety)
    work()
    assert walked_by_links(site, ninety, sort="-cost")[0] == 50
    assert Ordered.objects.count() == pages
    assert set(Ordered.objects.values_list("edition", flat=True)) == {Summary.objects.get(batch=ninety).edition}


def test_few_rows_are_sorted_without_a_worker(ninety: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_orders, "DIRECT", 90)
    assert shown(site, ninety, sort="-cost").context["page"].unsorted == ""
    work()
    assert not Ordered.objects.exists()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 99)), min_size=1, unique=True), st.data())
def test_a_place_is_found_in_a_page(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    page = row_orders.unpacked(row_orders.packed(sorted(pairs)))
    start = Place(*data.draw(st.tuples(st.integers(0, 9), st.integers(1, 99))))
    places = sorted(Place(*pair) for pair in pairs)
    assert list(page.beyond(start, 1)) == [place for place in places if place > start]
    assert list(page.beyond(start, -1)) == [place for place in places if place < start][::-1]
