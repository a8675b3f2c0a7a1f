"""Rows chosen by a value: found by a worker, kept as row numbers that stay the same for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.batches.models import Batch
from batchsite.drafts import draft_store, duplicates, value_rows
from batchsite.drafts.models import ValueSearch
from batchsite.drafts.tasks import due, find_rows
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_draft

HTMX = {"HX-Request": "true"}
LANGUAGES = ["German", "English", " German ", "", "german"]
ROWS = [[str(number), LANGUAGES[number % 5], f"Text {number}"] for number in range(1, 1201)]


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    dataset = make_dataset(team, ["id", "language", "text"], ROWS, created_by=alice)
    return a_draft(team, alice, dataset, prompt="Sort {{text}}")


@pytest.fixture
def site(alice: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(alice)


def press(site: Client, draft: Batch, what: str = "find", *, htmx: bool = True, **fields: Any) -> Any:
    typed = {"prompt": "Sort {{text}}", "model": "grok-4.3", "name": "x", "row": "1", "do": f"rows-{what}", **fields}
    answer = site.post(reverse("batch-preview", args=[draft.pk]), typed, headers=HTMX if htmx else {}, follow=not htmx)
    draft.refresh_from_db()
    return answer


def find(site: Client, draft: Batch, value: str, column: str = "language") -> Any:
    where: dict[str, Any] = {"where-column": column, "where-value": value}
    return press(site, draft, **where)


def worked(draft: Batch) -> Batch:
    find_rows(ValueSearch.objects.get(batch=draft).pk)
    return Batch.objects.get(pk=draft.pk)


def part_of(site: Client, draft: Batch) -> str:
    answer = site.get(reverse("batch-row-choice", args=[draft.pk]), headers=HTMX)
    return " ".join(answer.content.decode().split())


@pytest.mark.databases
def test_a_page_that_is_made_while_the_search_ends_shows_what_it_found(site: Client, draft: Batch) -> None:
    find(site, draft, "German")
    read_before = Batch.objects.get(pk=draft.pk)
    worked(draft)
    found = value_rows.search_of(read_before)
    assert found is not None
    assert (found.count, len(read_before.rows)) == (480, 480)


@pytest.mark.databases
def test_a_worker_finds_them_and_they_become_the_drafts_rows(draft: Batch, site: Client) -> None:
    part = find(site, draft, "German").content.decode()
    assert "Looking for rows where “language” is “German”" in " ".join(part.split())
    assert "Still looking for the rows" in draft_store.problems_of(draft)["value_search"][0]
    assert draft.ranges is None, "nothing is looked for while somebody waits for a page"
    draft = worked(draft)
    assert list(draft.rows)[:4] == [2, 5, 7, 10], "cells are compared without the blanks around them"
    assert len(draft.rows) == 480
    assert draft_store.problems_of(draft) == {}
    assert "<b >480 rows</b> where “language” is “German”." in part_of(site, draft).replace("<b>", "<b >")
    page = " ".join(site.get(reverse("batch-edit", args=[draft.pk])).content.decode().split())
    assert "480 chosen rows of 1,200, “language” is “German”" in page
    assert 'name="ranges"' not in page, "no page sends the numbers of a million rows back"


@pytest.mark.databases
def test_what_is_submitted_stays_the_same_for_ever(draft: Batch, site: Client, alice: User) -> None:
    find(site, draft, "English")
    draft = worked(draft)
    rows = draft.rows.as_lists()
    actions.start(draft, alice, draft_store.estimate_of(draft))
    find_rows(ValueSearch.objects.get().pk)
    draft.refresh_from_db()
    assert (draft.ranges, draft.total) == (rows, 240)


@pytest.mark.databases
def test_a_step_that_was_killed_begins_again_and_finds_the_same(
    draft: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(site, draft, "English")
    monkeypatch.setattr(value_rows, "PROGRESS_ROWS", 100)

    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(value_rows, "_take", die)
    search = ValueSearch.objects.get()
    with pytest.raises(SystemExit):
        value_rows.find_step(search.pk)
    monkeypatch.undo()
    search.refresh_from_db()
    assert (search.is_looking, search.rows_done) == (True, 1200)
    assert search.next_look_at
    assert [job.args for job in due(search.next_look_at)] == [(search.pk,)]
    assert len(worked(draft).rows) == 240


@pytest.mark.databases
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("french", "No row has “french” in the column “language”."),
        ("ENGLISH", "Did you mean “English”?"),
    ],
)
def test_a_value_that_no_row_has_is_said(value: str, words: str, team: Team, alice: User, site: Client) -> None:
    profile = {"columns": [{"name": "language", "distinct": 3, "filled": 960, "values": [["English", 240]]}]}
    dataset = make_dataset(team, ["id", "language", "text"], ROWS, created_by=alice, profile=profile)
    draft = a_draft(team, alice, dataset, prompt="Sort {{text}}")
    find(site, draft, value)
    worked(draft)
    assert words in draft_store.problems_of(draft)["value_search"][0]
    part = part_of(site, draft)
    assert words in part
    assert "Choose other rows" in part
    press(site, draft, "clear")
    assert draft_store.problems_of(draft) == {}


def test_rows_scattered_over_too_many_places_are_refused_in_words(
    draft: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_rows, "MOST_SPANS", 10)
    find(site, draft, "English")
    assert "scattered over more than 10 places" in draft_store.problems_of(worked(draft))["value_search"][0]


@pytest.mark.databases
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("language", " ", "Enter the value that “language” should have."), ("nope", "x", "Choose a column first.")],
)
def test_what_is_missing_is_said(column: str, value: str, words: str, draft: Batch, site: Client) -> None:
    assert words in find(site, draft, value, column).content.decode()
    assert not ValueSearch.objects.exists()


def test_without_scripts_the_page_says_how_far_it_is(draft: Batch, site: Client) -> None:
    where: dict[str, Any] = {"where-column": "language", "where-value": "English"}
    answer = press(site, draft, htmx=False, **where)
    assert "Looking for rows where" in answer.content.decode()
    worked(draft)
    answer = press(site, draft, "clear", htmx=False)
    assert draft.ranges is None
    assert 'name="ranges"' in answer.content.decode()


def test_the_page_that_asked_is_not_told_of_a_conflict(draft: Batch, site: Client) -> None:
    where: dict[str, Any] = {"where-column": "language", "where-value": "English"}
    press(site, draft, **where, tab="a1", edit="1")
    worked(draft)
    answer = press(site, draft, "", prompt="Typed on {{text}}", tab="a1", edit="1")
    assert "HX-Retarget" not in answer.headers
    assert (draft.prompt, len(draft.rows)) == ("Typed on {{text}}", 240)


@pytest.mark.databases
def test_what_was_typed_before_the_search_does_not_replace_its_rows(draft: Batch, site: Client) -> None:
    """The page saves as one types, a moment later: that may arrive after a quick worker."""
    where: dict[str, Any] = {"where-column": "language", "where-value": "German"}
    press(site, draft, **where, tab="one", edit="1")
    rows = worked(draft).ranges
    assert rows
    late = {"prompt": "Sort {{text}}!", "row_limit": "", "ranges": "", "tab": "one", "edit": "1"}
    site.post(f"/batches/{draft.pk}/preview", late, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert (draft.prompt, draft.ranges) == ("Sort {{text}}!", rows)


def test_a_duplicate_says_where_its_rows_come_from(draft: Batch, site: Client, alice: User) -> None:
    find(site, draft, "English")
    copied = duplicates.duplicate(worked(draft), alice)
    found = value_rows.search_of(copied)
    assert found
    assert (str(found), found.count, len(copied.rows)) == ("“language” is “English”", 240, 240)


def test_outsiders_find_nothing(draft: Batch, charlie: User, client_of: Callable[[User], Client]) -> None:
    url = reverse("batch-row-choice", args=[draft.pk])
    assert client_of(charlie).get(url, headers=HTMX).status_code == 404
