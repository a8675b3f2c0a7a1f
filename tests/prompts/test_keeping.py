"""Prompts that a team keeps: versions count up, never change, and belong to one team."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.prompts import library, prompt_queries
from batchsite.prompts.diff import changes, compare
from batchsite.prompts.library import Contents
from batchsite.prompts.models import Prompt
from batchsite.teams.models import Team, User

pytestmark = pytest.mark.databases

FIRST = Contents(text="Sort {{text}}", system_prompt="Be brief", model="grok-4.3")


def test_the_same_name_gets_the_next_version(team: Team, alice: User, bob: User) -> None:
    one, is_new = library.keep(team, alice, "Sorter", "first try", FIRST)
    two, _ = library.keep(team, bob, " Sorter ", "", replace(FIRST, text="Sort it: {{text}}"))
    assert (one.number, two.number, is_new) == (1, 2, True)
    assert (one.prompt, one.created_by, two.created_by) == (two.prompt, alice, bob)
    one.refresh_from_db()
    assert (one.text, one.comment) == ("Sort {{text}}", "first try")


def test_what_says_the_same_is_not_kept_twice(team: Team, alice: User) -> None:
    one, _ = library.keep(team, alice, "Sorter", "", FIRST)
    again, is_new = library.keep(team, alice, "Sorter", "", FIRST)
    assert (again, is_new) == (one, False)


def test_a_name_is_free_again_after_deleting(team: Team, alice: User) -> None:
    old, _ = library.keep(team, alice, "Sorter", "", FIRST)
    library.delete(old.prompt)
    new, _ = library.keep(team, alice, "Sorter", "", FIRST)
    assert (new.number, new.prompt == old.prompt) == (1, False)
    assert [prompt.pk for prompt in prompt_queries.offered(team)] == [new.prompt.pk]


def test_a_prompt_is_not_renamed_over_another(team: Team) -> None:
    library.keep(team, None, "Taken", "", FIRST)
    mine, _ = library.keep(team, None, "Mine", "", FIRST)
    with pytest.raises(library.NameTaken, match="There is a prompt “Taken” already"):
        library.rename(mine.prompt, "Taken")
    library.rename(mine.prompt, "Ours")
    assert Prompt.objects.get(pk=mine.prompt.pk).name == "Ours"


def test_the_list_pages_by_name(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_queries, "PAGE", 2)
    for name in ("c", "a", "b"):
        library.keep(team, None, name, "", FIRST)
    page = prompt_queries.listing(team)
    assert ([one.name for one in page.prompts], page.after) == (["a", "b"], "b")
    rest = prompt_queries.listing(team, after=page.after)
    assert ([one.name for one in rest.prompts], rest.after) == (["c"], "")


# ---- what changed ----------------------------------------------------------------------------------------


def test_a_changed_line_shows_its_changed_words() -> None:
    pieces = [(one.kind, one.text) for one in changes("Sort {{text}} now\nBye", "Sort {{body}} now\nBye")]
    assert pieces == [
        ("same", "Sort {{"),
        ("old", "text"),
        ("new", "body"),
        ("same", "}} now\n"),
        ("same", "Bye"),
    ]


def test_words_that_changed_side_by_side_are_one_change() -> None:
    pieces = [(one.kind, one.text) for one in changes("Which value fits this?", "Which of the intents has this?")]
    assert pieces == [
        ("same", "Which "),
        ("old", "value fits"),
        ("new", "of the intents has"),
        ("same", " this?"),
    ]


def test_parts_that_neither_version_has_are_left_out() -> None:
    sections = compare(FIRST, replace(FIRST, text="Sort", params={"seed": 3}))
    assert [(one.title, one.changed) for one in sections] == [
        ("System prompt", False),
        ("Prompt", True),
        ("Model", False),
        ("Parameters", True),
    ]


TEXTS = st.text(st.sampled_from("ab \n{}é"), max_size=40)


@given(TEXTS, TEXTS)
def test_the_pieces_make_both_versions(old: str, new: str) -> None:
    pieces = list(changes(old, new))
    if old == new:
        assert pieces == []
        return
    assert "".join(one.text for one in pieces if one.kind != "new") == old
    assert "".join(one.text for one in pieces if one.kind != "old") == new
