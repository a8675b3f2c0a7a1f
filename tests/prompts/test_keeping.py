"""Prompts that a team keeps: versions count up, never change, and belong to one team."""

from __future__ import annotations

import difflib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from batchsite.prompts import diff, library, prompt_queries
from batchsite.prompts.diff import changes, compare
from batchsite.prompts.library import Contents
from batchsite.prompts.models import Prompt, PromptVersion
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
    assert library.keep(team, alice, "Sorter", "", FIRST) == (one, True)  # the same form, sent twice
    PromptVersion.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert library.keep(team, alice, "Sorter", "", FIRST) == (one, False)


def test_a_name_is_free_again_after_deleting(team: Team, alice: User) -> None:
    old, _ = library.keep(team, alice, "Sorter", "", FIRST)
    library.delete(old.prompt)
    new, _ = library.keep(team, alice, "Sorter", "", FIRST)
    assert (new.number, new.prompt == old.prompt) == (1, False)
    assert [prompt.pk for prompt in prompt_queries.offered(team)] == [new.prompt.pk]


def test_a_prompt_is_not_renamed_over_another(team: Team) -> None:
    library.keep(team, None, "Taken", "", FIRST)
    mine, _ = library.keep(team, None, "Mine", "", FIRST)
    with pytest.raises(library.NameTaken, match="There is already a prompt “Taken”"):
        library.rename(mine.prompt, "Taken")
    library.rename(mine.prompt, "Ours")
    assert Prompt.objects.get(pk=mine.prompt.pk).name == "Ours"


def test_the_list_pages_by_name(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_queries, "PAGE", 2)
    for name in ("c", "a", "b"):
        library.keep(team, None, name, "", FIRST)
    page = prompt_queries.listing(team)
    assert [one.name for one in page.records] == ["a", "b"]
    rest = prompt_queries.listing(team, after=page.next)
    assert ([one.name for one in rest.records], rest.next) == (["c"], None)
    assert [one.name for one in prompt_queries.listing(team, before=rest.previous).records] == ["a", "b"]


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


def test_a_change_amid_equal_lines_is_found() -> None:
    old = "a line\n" * 5000 + "old words\n" + "a line\n" * 5000
    pieces = list(changes(old, old.replace("old words", "new words")))
    assert [one.text for one in pieces if one.kind != "same"] == ["old", "new"]


class CountedMatcher(difflib.SequenceMatcher[str]):
    """A matcher that counts the pairs of equal items that it looks at."""

    pairs = 0
    a: Any
    b2j: Any

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Any:
        CountedMatcher.pairs += sum(1 + len(self.b2j.get(item, ())) for item in self.a[alo:ahi])
        return super().find_longest_match(alo, ahi, blo, bhi)


@pytest.mark.parametrize(
    "texts",
    [
        lambda size: ("same\n" * size + "x\n" + "same\n" * size, "y\n" + "same\n" * (2 * size) + "z\n"),
        lambda size: ("same\nx\n" * size, "y\nsame\n" * size),
        lambda size: ("".join(f"{n}\n" for n in range(size)), "".join(f"{n}\n" for n in reversed(range(size)))),
        lambda size: ("a " * size + "x" + "a " * size, "y" + "a " * (2 * size) + "z"),
        lambda size: ("a b\nc d\n" * size, "b a\nd c\n" * size),
    ],
)
def test_comparing_has_an_end_whatever_is_compared(texts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difflib, "SequenceMatcher", CountedMatcher)
    for size in (100, 1000, 4000):
        CountedMatcher.pairs = 0
        old, new = texts(size)
        pieces = list(changes(old, new))
        assert "".join(one.text for one in pieces if one.kind != "new") == old
        assert CountedMatcher.pairs <= diff.MOST_PAIRS
