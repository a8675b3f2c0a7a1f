"""Rows found by what stands in them: texts, fields, lengths, costs; in any order; a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch, Result
from batchsite.results import row_search, row_table, scan
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.results.row_pages import walked
from tests.submission.stories import a_running_batch, end, failure, receive, success

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late", "other"]}]}


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture(autouse=True)
def enough_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else the machine does, a search is not given up."""
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 10))


def intent(value: str) -> str:
    return f'{{"intent": "{value}"}}'


@pytest.fixture
def shaped(team: Team, alice: User) -> Batch:
    """Twelve questions; of every three the first is answered `lost`, the second `late`, and the third failed."""
    rows = [[f"Question {number} about Zürich", "lost" if number % 2 else "late"] for number in range(1, 13)]
    dataset = make_dataset(team, ["text", "wanted"], rows, name="q.csv")
    batch = a_running_batch(team, alice, dataset=dataset, shape=SHAPE)
    receive(batch, {row: intent("lost" if row % 3 == 1 else "late") for row in range(1, 13) if row % 3})
    receive(batch, {row: failure("overloaded") for row in range(3, 13, 3)})
    row = F("row")
    Result.objects.filter(batch=batch).update(cost_ticks=1000 * (row % 5), prompt_tokens=100 - row)
    return end(batch)


def rows(site: Client, batch: Batch, **asked: Any) -> list[int]:
    answer = site.get(reverse("batch", args=[batch.pk]), asked)
    assert answer.status_code == 200
    return [line.row for line in answer.context["page"].lines]


FILTERS: list[tuple[dict[str, str], list[int]]] = [
    ({"search": "question 7"}, [7]),
    ({"search": "ZÜRICH", "state": "failed"}, [3, 6, 9, 12]),
    ({"search": "overload"}, [3, 6, 9, 12]),
    ({"search": '"lost"'}, [1, 4, 7, 10]),
    ({"search": "nothing like it"}, []),
    ({"search": "%"}, []),
    ({"f.intent": "late"}, [2, 5, 8, 11]),
    ({"f.intent": "late", "search": "question 8"}, [8]),
    ({"f.intent": "nonsense"}, []),
    ({"cause": "overloaded", "search": "Question 12"}, [12]),
    ({"finish": "stop", "state": "succeeded"}, [1, 2, 4, 5, 7, 8, 10, 11]),
    ({"length-from": "1", "length-to": "99", "f.intent": "lost"}, [1, 4, 7, 10]),
    ({"cost": "3000-3999"}, [3, 8]),
    ({"sort": "-row", "f.intent": "lost"}, [10, 7, 4, 1]),
    ({"sort": "cost", "f.intent": "lost"}, [10, 1, 7, 4]),
    ({"sort": "-cost", "state": "failed"}, [9, 3, 12, 6]),
    ({"sort": "tokens"}, [12, 9, 6, 3, 11, 10, 8, 7, 5, 4, 2, 1]),
    ({"c.wanted": "late"}, [2, 4, 6, 8, 10, 12]),
    ({"c.wanted": "late", "state": "failed"}, [6, 12]),
    ({"c.wanted": "late", "f.intent": "late"}, [2, 8]),
    ({"c.wanted": "lost", "search": "question 1"}, [1, 11]),
    ({"c.wanted": "late", "sort": "-cost", "state": "failed"}, [12, 6]),
    ({"c.wanted": "lat"}, []),
    ({"c.nonsense": "late"}, []),
    ({"fit": "misfit"}, []),
    ({"judged": "any"}, []),
    ({"judged": "none", "state": "failed"}, [3, 6, 9, 12]),
    ({"sort": "nonsense", "judged": "nonsense", "cost": "x-y", "f.": "x"}, list(range(1, 13))),
]


def test_rows_are_found_and_ordered(shaped: Batch, site: Client) -> None:
    assert [(asked, rows(site, shaped, **asked)) for asked, _ in FILTERS] == FILTERS


@pytest.mark.parametrize("sort", ["", "-row", "cost", "-cost", "tokens", "-length"])
@pytest.mark.parametrize("asked", [{}, {"state": "succeeded"}, {"f.intent": "lost"}])
def test_pages_lead_forwards_and_back(
    sort: str, asked: dict[str, str], team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_running_batch(team, alice, rows=90, shape=SHAPE)
    receive(batch, {row: intent("lost" if row % 7 else "late") for row in range(1, 91) if row % 5})
    receive(batch, {row: failure("overloaded") for row in range(5, 91, 5)})
    Result.objects.filter(batch=batch).update(cost_ticks=1000 + F("row") * 37 % 11)
    monkeypatch.setattr(row_table, "PAGE", 13)
    monkeypatch.setattr(row_search, "FIRST_SORTED_WINDOW", 4)
    monkeypatch.setattr(row_search, "SORTED_WINDOW", 9)
    monkeypatch.setattr(row_search, "SORTABLE", 20)
    seen, shown = walked(batch, {"sort": sort, **asked})
    wanted = [row for row in range(1, 91) if not asked or (row % 5 and (asked.get("state") or row % 7))]
    assert sorted(seen) == wanted
    measures = {"cost": "cost_ticks", "tokens": "prompt_tokens"}
    measure = measures.get(sort.removeprefix("-"))
    if measure and not shown.unsorted:  # without codes, too many answers would have to be read first
        values = dict(Result.objects.filter(batch=batch).values_list("row", measure))
        assert seen == sorted(seen, key=lambda row: (values[row], row), reverse=sort.startswith("-"))


def test_a_search_that_takes_too_long_goes_on_by_itself_and_keeps_what_it_found(
    team: Team, alice: User, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_running_batch(team, alice, rows=60)
    receive(batch, {row: "needle" if row in {3, 44} else "hay" for row in range(1, 61)})
    monkeypatch.setattr(scan, "FIRST_WINDOW", 20)
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 0))
    page = site.get(reverse("batch", args=[batch.pk]), {"search": "needle"}).content.decode()
    assert "Searched to row 20 of 60, 1 found" in page
    for _ in range(2):
        address = re.search(r'hx-get="([^"]+)" hx-trigger="load', page)
        assert address
        answer = site.get(address[1].replace("&amp;", "&"), headers={"HX-Request": "true"})
        page = answer.content.decode()
        assert "<html" not in page
    assert [line.row for line in answer.context["page"].lines] == [3, 44]
    assert "hx-trigger" not in page
    assert "Searched to" not in page


@pytest.mark.parametrize("few", [True, False])
def test_a_text_that_is_searched_for_is_sorted_or_it_is_said_that_it_is_not(
    few: bool, shaped: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_search, "SORTABLE", 12 if few else 3)
    answer = site.get(reverse("batch", args=[shaped.pk]), {"search": "Zürich", "sort": "-cost", "f.intent": "lost"})
    page, html = answer.context["page"], answer.content.decode()
    assert [line.row for line in page.lines] == ([4, 7, 1, 10] if few else [1, 4, 7, 10])
    assert page.unsorted is not few
    assert ("Not sorted: rows appear by number" in html) is not few
    assert (
        f'href="/batches/{shaped.pk}/download?rows=filter&amp;search=Z%C3%BCrich' in html.split("Not sorted")[-1]
    ) or few


def test_without_javascript_the_same_address_shows_the_whole_page(shaped: Batch, site: Client) -> None:
    answer = site.get(reverse("batch-rows", args=[shaped.pk]), {"search": "question 7"}, follow=True)
    assert [line.row for line in answer.context["page"].lines] == [7]
    assert "<html" in answer.content.decode()


def test_columns_are_chosen_in_the_address(shaped: Batch, site: Client) -> None:
    address = reverse("batch", args=[shaped.pk])
    usual = site.get(address).context["page"].columns
    assert [one.label for one in usual] == ["Prompt", "intent", "State", "Judgement", "Tokens", "Cost"]
    chosen = site.get(address, {"col": ["c.wanted", "f.intent", "finish", "nonsense"]})
    assert [one.label for one in chosen.context["page"].columns] == ["intent", "Finish reason", "wanted"]
    assert [cell.value for cell in chosen.context["page"].lines[1].cells] == ["late", "stop", "late"]


def test_what_leaves_rows_out_is_a_chip_that_takes_it_away(shaped: Batch, site: Client) -> None:
    shown = site.get(reverse("batch", args=[shaped.pk]), {"search": "q", "f.intent": "lost", "sort": "cost"})
    assert shown.context["chips"] == [("“q”", "?f.intent=lost&sort=cost"), ("intent is lost", "?search=q&sort=cost")]


def test_the_page_of_a_row_walks_through_what_was_searched(shaped: Batch, site: Client) -> None:
    shown = site.get(reverse("batch-row", args=[shaped.pk, 4]), {"f.intent": "lost", "sort": "-cost"})
    detail = shown.context["detail"]
    assert (detail.previous, detail.next) == (None, 7)
    shown = site.get(reverse("batch-row", args=[shaped.pk, 7]), {"f.intent": "lost", "sort": "-cost"})
    assert (shown.context["detail"].previous, shown.context["detail"].next) == (4, 1)


def test_an_answer_that_is_json_stands_indented_on_its_page(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: success('{"a":{"b":[1,2]}}'), 2: success("{no json")})
    shown = site.get(reverse("batch-row", args=[batch.pk, 1])).content.decode()
    assert "{\n  &quot;a&quot;: {\n    &quot;b&quot;: [\n      1,\n      2\n    ]" in shown
    assert "{no json" in site.get(reverse("batch-row", args=[batch.pk, 2])).content.decode()


def test_outsiders_find_nothing(shaped: Batch, charlie: User, client_of: Browser) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = client_of(charlie).get(reverse("batch-rows", args=[shaped.pk]), headers=headers)
        assert answer.status_code == 404
