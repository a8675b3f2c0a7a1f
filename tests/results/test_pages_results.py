"""The table of rows: pages by row number, filters in the address, texts as texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.recipes.prompt_template import parse
from batchsite.results import row_search, row_table, scan
from batchsite.results.prompt_excerpt import excerpt
from batchsite.submission import actions
from batchsite.teams.models import Role, Team, User
from tests.factories import make_dataset, make_member
from tests.results.row_pages import row_numbers
from tests.submission.stories import a_running_batch, an_ended_batch, failure, receive, success

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def rows_shown(site: Client, batch: Batch, **asked: Any) -> list[int]:
    answer = site.get(reverse("batch", args=[batch.pk]), asked)
    assert answer.status_code == 200
    return [line.row for line in answer.context["page"].lines]


def text(site: Client, batch: Batch, **asked: Any) -> str:
    return site.get(reverse("batch", args=[batch.pk]), asked).content.decode()


@pytest.fixture
def mixed(team: Team, alice: User) -> Batch:
    """Of 20 rows 1, 4, 7 succeeded, 2 and 5 failed, and the others are pending."""
    batch = a_running_batch(team, alice)
    receive(batch, {row: f"Answer {row}" for row in (1, 4, 7)})
    receive(batch, {2: failure("overloaded"), 5: failure("Content policy")})
    return batch


def test_all_rows_are_there_the_pending_ones_too(mixed: Batch, site: Client) -> None:
    assert rows_shown(site, mixed) == list(range(1, 21))
    shown = text(site, mixed)
    assert "Sort this: Question 20" in shown
    assert "Answer 7" in shown
    assert "$0.0002" in shown
    assert 'title="204 in, 1 out, 82 reasoning">287' in shown


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"state": "succeeded"}, [1, 4, 7]),
        ({"state": "failed"}, [2, 5]),
        ({"state": "cancelled"}, []),
        ({"state": "pending"}, [3, 6, *range(8, 21)]),
        ({"cause": "overloaded"}, [2]),
        ({"state": "failed", "cause": "content policy"}, [5]),
        ({"state": "succeeded", "cause": "overloaded"}, []),
        ({"state": "nonsense"}, list(range(1, 21))),
        ({"at": "18"}, [18, 19, 20]),
        ({"at": "5", "state": "succeeded"}, [7]),
        ({"after": "x", "before": "", "at": "-3"}, list(range(1, 21))),
        ({"cause": "\0"}, list(range(1, 21))),
    ],
)
def test_rows_are_chosen_by_the_address(asked: dict[str, str], rows: list[int], mixed: Batch, site: Client) -> None:
    assert rows_shown(site, mixed, **asked) == rows


@pytest.mark.parametrize(
    "query", [{}, {"state": "pending"}, {"state": "failed"}, {"cause": "overloaded"}], ids=lambda query: str(query)
)
def test_forwards_and_backwards_show_the_same_pages(
    query: dict[str, str], team: Team, alice: User, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_table, "PAGE", 7)
    monkeypatch.setattr(scan, "FIRST_WINDOW", 5)
    monkeypatch.setattr(row_table, "Search", lambda batch, *given: row_search.Search(batch, given[0], given[1], 10))
    batch = a_running_batch(team, alice, rows=60)
    receive(batch, {row: failure("overloaded") for row in range(1, 61, 3)})

    def shown(**place: Any) -> Any:
        return site.get(reverse("batch", args=[batch.pk]), query | place).context["page"]

    page = shown()
    forwards = [[line.row for line in page.lines]]
    while page.next is not None:
        page = shown(after=str(page.next))
        forwards.append([line.row for line in page.lines])
    backwards = [forwards[-1]]
    while page.previous is not None:
        page = shown(before=str(page.previous))
        backwards.append([line.row for line in page.lines])
    every = [row for row in range(1, 61) if not query or (row % 3 == 1) == (query != {"state": "pending"})]
    assert [row for rows in forwards for row in rows] == every
    assert all(len(rows) == 7 for rows in forwards[:-1])
    assert backwards[::-1] == forwards


def test_a_page_that_was_emptied_meanwhile_leads_back(mixed: Batch, site: Client) -> None:
    page = site.get(reverse("batch", args=[mixed.pk]), {"state": "succeeded", "after": "7"}).context["page"]
    assert (page.lines, page.next) == ([], None)
    assert page.previous is not None
    assert rows_shown(site, mixed, state="succeeded", before=str(page.previous)) == [1, 4, 7]


def test_the_search_for_pending_rows_gives_up_in_time_and_says_where(
    team: Team, alice: User, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "FIRST_WINDOW", 10)
    batch = a_running_batch(team, alice, rows=40)
    receive(batch, dict.fromkeys(range(1, 39), "yes"))
    monkeypatch.setattr(row_table, "Search", lambda one, asked, sums: row_search.Search(one, asked, sums, 0))
    assert rows_shown(site, batch, state="pending") == []
    shown = text(site, batch, state="pending")
    assert "Searched to row 10 of 40, none found yet" in shown
    assert re.search(rf'href="/batches/{batch.pk}\?state=pending&amp;after=10#results">Keep searching', shown)
    assert rows_shown(site, batch, state="pending", after=30) == [39, 40]


def test_a_row_that_is_tried_again_is_pending(team: Team, alice: User) -> None:
    batch = an_ended_batch(team, alice, failed=2)
    actions.retry(batch, alice)
    assert row_numbers(batch, state="pending") == [], "not before a worker took it"
    batch.results.filter(row__gt=18).update(state="pending")
    Batch.objects.update(failed=0)
    batch.refresh_from_db()
    assert row_numbers(batch, state="pending") == [19, 20]


@pytest.mark.parametrize(
    ("prompt", "cells", "shown"),
    [
        ("{{a}} and {{b}}", ["x", "y"], "x and y"),
        ("Short: {{a}}", ["x"], "Short: x"),
        ("Classify this bank customer's question in one word: {{a}}", ["Where?"], "… one word: Where?"),
        ("Withoutanyblankinitsbeginning:{{a}}", ["x"], "… Withoutanyblankinitsbeginning:x"),
        ("Nothing of the row is in this prompt", [], "Nothing of the row is in this prompt"),
        ("", [], ""),
        ("Which intent is this?\n<text>\n{{a}}\n</text>", ["My card?"], "… My card?"),
        ("{{a}}\nAnswer in one word.", ["My card?"], "My card?"),
        ("Is {{a}} good?", ["it"], "Is it good?"),
        ("{{a}}\n</text>", ["x" * 400], "x" * 300),
    ],
)
def test_the_table_shows_what_differs_from_row_to_row(prompt: str, cells: Sequence[str], shown: str) -> None:
    assert excerpt(parse(prompt, ["a", "b"][: len(cells)]), list(cells)) == shown


def test_long_texts_are_clipped(team: Team, alice: User, site: Client) -> None:
    dataset = make_dataset(team, ["text"], [["x" * 100_000]])
    batch = a_running_batch(team, alice, dataset=dataset)
    receive(batch, {1: "y" * 100_000})
    shown = text(site, batch)
    assert "x" * 250 in shown
    assert "x" * 301 not in shown
    assert "y" * 3_000 in shown, "folded, to be opened in place"
    assert "y" * 3_001 not in shown


def test_an_answer_is_text_and_nothing_else(team: Team, alice: User, site: Client) -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(1)">" autofocus onfocus="alert(1)\u202e \u0000'
    dataset = make_dataset(team, ["<b>text", '" onclick="x'], [[evil, evil]])
    batch = a_running_batch(team, alice, dataset=dataset, prompt="{{<b>text}}")
    receive(batch, {1: success(evil)})
    for shown in (text(site, batch), site.get(reverse("batch-row", args=[batch.pk, 1])).content.decode()):
        assert "<script>alert" not in shown
        assert "<img" not in shown
        assert '" autofocus onfocus="' not in shown
        assert "&lt;script&gt;alert(1)" in shown
        assert 'dir="auto"' in shown


def test_an_answer_that_was_cut_off_is_marked(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: success("Answer format", finish_reason="length")})
    assert "cut off" in text(site, batch)


def test_an_ended_batch_is_not_partial(team: Team, alice: User, site: Client) -> None:
    shown = text(site, an_ended_batch(team, alice))
    assert "Partial" not in shown


def test_an_empty_filter_leads_back(team: Team, alice: User, site: Client) -> None:
    shown = text(site, an_ended_batch(team, alice), state="missing")
    assert "No row of this batch matches the filter." in shown
    assert "Show all rows" in shown


def test_a_row_link_keeps_the_filter(mixed: Batch, site: Client) -> None:
    assert f'href="/batches/{mixed.pk}/rows/2?state=failed"' in text(site, mixed, state="failed", after=1)


def test_a_viewer_sees_what_was_judged_and_judges_nothing(
    team: Team, alice: User, client_of: Callable[[User], Client]
) -> None:
    batch = an_ended_batch(team, alice, rows=2)
    client_of(alice).post(reverse("row-judge", args=[batch.pk, 1]), {"verdict": "bad"})
    viewer = make_member(team, role=Role.VIEWER)
    page = client_of(viewer).get(reverse("batch", args=[batch.pk])).content.decode()
    assert re.search(r"badge bad[^<]*>\s*Bad", page)
    assert 'name="verdict"' not in page
