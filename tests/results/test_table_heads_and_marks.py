"""The table of results: heads that sort, right and wrong answers, corrections, and what was searched for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch, Result
from batchsite.results import judgements, row_search, row_table
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_running_batch, end, receive

Browser = Callable[[User], Client]
SHAPE = {"fields": [{"name": "intent", "type": "choice", "values": ["lost", "late"]}]}
HOSTILE = "<script>alert('x')</script> & more"


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture(autouse=True)
def enough_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 10))


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    """Row 1 is answered right, row 2 wrong, row 3 has no expected value; row 4 is hostile."""
    rows = [["One", "lost"], ["Two", "lost"], ["Three", ""], [HOSTILE, "late"]]
    dataset = make_dataset(team, ["text", "wanted"], rows)
    made = a_running_batch(team, alice, dataset=dataset, shape=SHAPE, expected_column="wanted")
    answers = {1: "lost", 2: "late", 3: "late", 4: "late"}
    receive(made, {row: f'{{"intent": "{answer}"}}' for row, answer in answers.items()})
    for row in answers:
        Result.objects.filter(batch=made, row=row).update(cost_ticks=1000 * (5 - row))
    return end(made)


def page(site: Client, batch: Batch, **asked: Any) -> str:
    return str(site.get(reverse("batch", args=[batch.pk]), asked).content.decode())


def head(html: str, label: str) -> str:
    """The head of a column, with its tags."""
    return str(next(th for th in re.findall(r"<th\b.*?</th>", html, re.S) if re.search(rf">\s*{label}\b", th)))


def line(html: str, row: int) -> str:
    """The text of a row, without tags."""
    found = re.search(rf'<tr id="row-{row}">(.*?)</tr>', html, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


def test_a_head_sorts_by_its_measure_and_then_turns_around(batch: Batch, site: Client) -> None:
    assert 'href="' in head(page(site, batch), "Cost")
    assert "?sort=-cost#" in head(page(site, batch), "Cost")
    assert "aria-sort" not in head(page(site, batch), "Cost")
    assert 'aria-sort="ascending"' in head(page(site, batch), "Row")
    falling = page(site, batch, sort="-cost")
    assert 'aria-sort="descending"' in head(falling, "Cost")
    assert "?sort=cost#" in head(falling, "Cost")
    assert "aria-sort" not in head(falling, "Row")
    assert re.findall(r'<tr id="row-(\d+)"', falling) == ["1", "2", "3", "4"]
    rising = page(site, batch, sort="cost")
    assert 'aria-sort="ascending"' in head(rising, "Cost")
    assert re.findall(r'<tr id="row-(\d+)"', rising) == ["4", "3", "2", "1"]


def test_the_row_numbers_sort_too_and_undo_every_other_order(batch: Batch, site: Client) -> None:
    assert "?sort=-row#" in head(page(site, batch), "Row")
    backwards = page(site, batch, sort="-row")
    assert 'aria-sort="descending"' in head(backwards, "Row")
    assert re.findall(r'<tr id="row-(\d+)"', backwards) == ["4", "3", "2", "1"]
    assert "sort" not in head(page(site, batch, sort="cost", state="succeeded"), "Row").split('href="')[1].split('"')[0]


def test_sorting_keeps_the_filter_and_forgets_the_page(batch: Batch, site: Client) -> None:
    link = head(page(site, batch, search="Two", after="1"), "Cost")
    assert "?search=Two&amp;sort=-cost#" in link


def test_states_columns_and_fields_sort_from_a_and_then_turn_around(batch: Batch, site: Client) -> None:
    html = page(site, batch)
    assert "href" not in head(html, "Prompt")
    assert "?sort=state#" in head(html, "State")
    assert "?sort=c.wanted#" in head(html, "wanted, expected")
    rising = page(site, batch, sort="f.intent")
    assert re.findall(r'<tr id="row-(\d+)"', rising) == ["2", "3", "4", "1"]
    assert "?sort=-f.intent#" in head(rising, "intent")
    assert 'aria-sort="ascending"' in head(rising, "intent")
    assert "intent, A to Z" in rising


def test_where_there_are_too_many_rows_to_sort_no_head_offers_it(
    batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_search, "SORTABLE", 1)
    html = page(site, batch, search="t", sort="-cost")
    assert "Not sorted: rows appear by number" in html
    assert "aria-sort" not in html
    assert "href" not in head(html, "Cost")


def test_answers_are_marked_right_or_wrong_where_something_is_expected(batch: Batch, site: Client) -> None:
    html = page(site, batch)
    assert "✓ right: lost" in line(html, 1)
    assert "✗ wrong: late" in line(html, 2)
    assert "right:" not in line(html, 3)
    assert "wrong:" not in line(html, 3)


def test_nothing_is_marked_where_nothing_is_expected(batch: Batch, site: Client) -> None:
    Batch.objects.filter(pk=batch.pk).update(expected_column="")
    assert "right:" not in page(site, batch)


def test_a_corrected_row_shows_the_correction_and_what_was_answered(batch: Batch, site: Client, alice: User) -> None:
    judgements.correct(batch, 2, alice, verdict="", corrected={"intent": "lost"}, comment="")
    html = page(site, batch)
    assert "✓ right: lost corrected" in line(html, 2)
    assert 'title="Answered: late"' in html


def test_a_corrected_text_shows_the_correction(team: Team, site: Client, alice: User) -> None:
    made = a_running_batch(team, alice, rows=1)
    receive(made, {1: "Bonjour"})
    judgements.correct(end(made), 1, alice, verdict="", corrected={"answer": HOSTILE}, comment="")
    html = page(site, made)
    assert "&lt;script&gt;" in line(html, 1)
    assert HOSTILE not in html
    assert 'title="Answered: Bonjour"' in html


def test_what_was_searched_for_is_marked_whatever_its_case(batch: Batch, site: Client) -> None:
    assert "<mark>Two</mark>" in page(site, batch, search="two")


def test_hostile_text_is_marked_and_stays_text(batch: Batch, site: Client) -> None:
    html = page(site, batch, search="<script>")
    assert "<mark>&lt;script&gt;</mark>alert(&#x27;x&#x27;)" in html
    assert "<script>alert" not in html
    assert "<mark>&amp;</mark> more" in page(site, batch, search="&")


def test_a_place_far_into_a_long_text_is_in_view(team: Team, site: Client, alice: User) -> None:
    made = a_running_batch(team, alice, rows=1)
    receive(made, {1: "word " * 100 + "needle in it"})
    html = page(site, end(made), search="needle")
    summary = re.search(r"<summary>(… .*?)</summary>", html, re.S)
    assert summary
    assert "<mark>needle</mark> in it" in summary[1]
