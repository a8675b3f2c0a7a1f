"""Many rows in the order of a measure: a worker sorts them once, and every page finds its place in that order."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.db.models import F
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from hypothesis import given
from hypothesis import strategies as st

from batchsite.batches.models import Batch, Result
from batchsite.processes.queue import take_due
from batchsite.results import filtered_rows, order_steps, row_orders, row_search, row_table, summaries, tasks
from batchsite.results.models import OrderedPart, RowOrder
from batchsite.results.row_filter import filter_in
from batchsite.results.row_orders import Place
from batchsite.results.row_walk import Walk, walk
from batchsite.results.sort_keys import sort_value
from batchsite.teams.models import Team, User
from tests.results import test_summary
from tests.results.row_pages import walked
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
    monkeypatch.setattr(row_orders, "DIRECT_TEXTS", 10)
    monkeypatch.setattr(order_steps, "PART", 7)
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
    row = F("row")
    Result.objects.filter(batch=batch).update(cost_ticks=1000 + row * 37 % 11, prompt_tokens=row * 7 % 90)
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


def sort() -> None:
    """What the workers do until nothing is due."""
    test_summary.work()
    while orders := take_due(RowOrder.objects.all(), timezone.now()):
        for order in orders:
            tasks.sort_rows(order.pk)


def expected_of(row: int) -> tuple[int, str]:
    """Column `id` of the dataset is text such as c7; field `intent` is empty where a row failed."""
    return (2, "") if not row % 5 else (1, "lost" if row % 7 else "late")


SORTED_BY: dict[str, Callable[[Result], Any]] = {
    "cost": lambda result: result.cost_ticks,
    "tokens": lambda result: result.prompt_tokens,
    "state": lambda result: result.state,
    "f.intent": lambda result: expected_of(result.row),
    "c.id": lambda result: f"c{result.row}",
    "finish": lambda result: result.finish_reason or "~",
}
"""Only the prompt's tokens differ by row."""


@pytest.mark.parametrize("key", SORTED_BY)
def test_pages_files_and_steps_follow_the_order_that_a_worker_wrote_down(key: str, ninety: Batch) -> None:
    Result.objects.filter(batch=ninety).update(completion_tokens=0, reasoning_tokens=0)
    summaries.request(ninety, summaries.summary_of(ninety))
    order_steps.request(ninety, key)
    sort()
    value = {result.row: SORTED_BY[key](result) for result in Result.objects.filter(batch=ninety)}
    filters: tuple[dict[str, str], ...] = ({}, {"state": "succeeded"}, {"f.intent": "lost"}, {"f.intent": "late"})
    for asked, way in product(filters, ("", "-")):
        wanted = [row for row in value if not asked or row % 5]
        if "f.intent" in asked:
            wanted = [row for row in wanted if bool(row % 7) == (asked["f.intent"] == "lost")]
        in_order = sorted(wanted, key=lambda row: (value[row], row), reverse=bool(way))
        query = {"sort": way + key, **asked}
        assert walked(ninety, query)[0] == in_order, query
        assert list(filtered_rows.in_order(ninety, urlencode(asked), way + key)) == in_order, query
        row_filter = filter_in(QueryDict(urlencode(query)))
        found = walk(ninety, row_filter, in_order[5], summaries.summary_of(ninety), 10)
        assert found == Walk(in_order[4], in_order[6], 6, is_in=True), query


@pytest.mark.parametrize("key", ["-cost", "f.intent", "c.text"])
def test_until_they_are_sorted_the_rows_come_by_their_number_and_the_page_asks_again(
    key: str, ninety: Batch, site: Client
) -> None:
    RowOrder.objects.all().delete()
    at = shown(site, ninety, sort=key)
    assert [line.row for line in at.context["page"].lines] == list(range(1, 14))
    assert "Sorting 90 rows" in at.content.decode()
    again = re.search(r'hx-get="([^"]*/rows[?][^"]*)"\s+hx-trigger="every 1s', at.content.decode())
    assert again
    sort()
    at = site.get(again[1].replace("&amp;", "&"), headers={"HX-Request": "true"})
    assert at.context["page"].unsorted == ""
    assert "Sorting 90" not in at.content.decode()
    assert "hx-trigger" not in at.content.decode()


def test_a_page_tells_when_the_order_was_made_where_rows_came_since(ninety: Batch, site: Client) -> None:
    sort()
    Batch.objects.filter(pk=ninety.pk).update(cost_ticks=1)  # as if a result had come
    assert "Sorted as of" in shown(site, ninety, sort="-cost").content.decode()
    sort()
    assert "Sorted as of" not in shown(site, ninety, sort="-cost").content.decode()


def test_rows_are_sorted_again_when_they_changed_and_the_old_order_goes(ninety: Batch, site: Client) -> None:
    sort()
    parts = OrderedPart.objects.count()
    Result.objects.filter(batch=ninety, row=50).update(cost_ticks=10**12)
    Batch.objects.filter(pk=ninety.pk).update(cost_ticks=1)
    shown(site, ninety, sort="-cost")
    sort()
    assert walked_by_links(site, ninety, sort="-cost")[0] == 50
    assert OrderedPart.objects.count() == parts


def test_the_lease_is_not_extended_while_the_database_hands_out_rows(ninety: Batch) -> None:
    """SQLite refuses such a write where another process has written since: seen with a million rows."""
    sort()
    order = RowOrder.objects.get(key="cost")
    assert order_steps._parts(order, lambda: pytest.fail("written in the middle"))


def test_a_batch_keeps_the_orders_that_were_asked_for_last(ninety: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_steps, "KEPT", 2)
    for key in ("c.id", "c.text", "f.intent"):
        order_steps.request(ninety, key)
    assert set(RowOrder.objects.values_list("key", flat=True)) == {*order_steps.USUAL, "c.text", "f.intent"}


def test_few_rows_are_sorted_without_a_worker(ninety: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    RowOrder.objects.all().delete()
    monkeypatch.setattr(row_orders, "DIRECT", 90)
    monkeypatch.setattr(row_orders, "DIRECT_TEXTS", 90)
    for key in ("-cost", "-state", "-c.id", "f.intent"):
        assert shown(site, ninety, sort=key).context["page"].unsorted == ""
    rows = [line.row for line in shown(site, ninety, sort="-c.id").context["page"].lines]
    assert rows == sorted(range(1, 91), key=lambda row: f"c{row}", reverse=True)[:13]
    assert not RowOrder.objects.exists()


def test_an_order_by_a_column_that_is_not_there_is_no_order(ninety: Batch, site: Client) -> None:
    at = shown(site, ninety, sort="c.nothing")
    assert [line.row for line in at.context["page"].lines] == list(range(1, 14))
    assert at.context["page"].unsorted == ""


def test_texts_follow_each_other_as_in_a_spreadsheet() -> None:
    texts = ["", "Zoo", "10", "äpfel", "9", "Apfel", "-3.5", "  ", "azur", "2026-01-01"]
    in_order = ["-3.5", "9", "10", "2026-01-01", "äpfel", "Apfel", "azur", "Zoo", "", "  "]
    assert sorted(texts, key=sort_value) == in_order


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 99)), min_size=1, unique=True), st.data())
def test_a_place_is_found_in_a_page(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    page = row_orders.unpacked(row_orders.packed(sorted(pairs)))
    start = Place(*data.draw(st.tuples(st.integers(0, 9), st.integers(1, 99))))
    places = sorted(Place(*pair) for pair in pairs)
    assert list(page.beyond(start, 1)) == [place for place in places if place > start]
    assert list(page.beyond(start, -1)) == [place for place in places if place < start][::-1]
