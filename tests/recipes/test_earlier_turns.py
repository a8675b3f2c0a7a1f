"""Earlier turns of a conversation from a cell: accepted as chats are kept, and checked by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchsite.recipes.history import History
from batchsite.recipes.prompt_template import parse
from batchsite.recipes.recipe import Recipe, check_row, empty_column
from batchsite.xai.bodies import CHAT

COLUMNS = ("text", "chat")
TURNS = '[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]}]'
ASKED = '{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]}'


def a_recipe(prompt: str = "And {{text}}?") -> Recipe:
    asked = Recipe("t", None, parse("One word.", COLUMNS), parse(prompt, COLUMNS), "grok-4.3", {}, CHAT)
    return replace(asked, history=History(1))


def said(recipe: Recipe, cell: str) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in recipe.messages(("now", cell))]


def fault(recipe: Recipe, cell: str) -> str:
    problem = check_row(recipe, 1, ("now", cell), 1_000_000)
    return problem.message if problem else ""


def test_they_stand_between_the_system_prompt_and_the_prompt() -> None:
    turns = said(a_recipe(), TURNS)
    assert turns == [("system", "One word."), ("user", "Hello"), ("assistant", "Hi."), ("user", "And now?")]
    assert fault(a_recipe(), TURNS) == ""


def test_without_a_prompt_they_are_what_is_asked() -> None:
    assert said(a_recipe(" "), ASKED) == [("system", "One word."), ("system", "Be brief."), ("user", "Why?")]
    assert fault(a_recipe(" "), ASKED) == ""
    assert "have to end with a message of the user" in fault(a_recipe(" "), TURNS)


def test_a_row_may_have_none() -> None:
    assert said(a_recipe(), "  ") == [("system", "One word."), ("user", "And now?")]
    assert fault(a_recipe(), "") == ""
    assert empty_column(a_recipe(), ("now", "")) is None


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("Hello", "are not JSON"),
        ('"Hello"', "are no list of messages"),
        ('{"turns": []}', "are no list of messages"),
        ("[7]", "Turn 1 is no message"),
        ('[{"role": "bot", "content": "x"}]', "Turn 1 has the role “bot”: use user, assistant, system or developer."),
        ('[{"role": "user", "content": "x"}, {"role": "user", "content": " "}]', "Turn 2 is empty"),
        ('[{"role": "user", "content": [{"type": "image_url"}]}]', "something other than text"),
        ('[{"role": "assistant", "content": null}]', "something other than text"),
        (f"[{','.join(['{}'] * 501)}]", "There are 501 earlier turns"),
    ],
)
def test_what_is_wrong_is_said_by_row(cell: str, words: str) -> None:
    assert words in fault(a_recipe(), cell)


def test_they_count_in_length_and_likeness_and_not_in_what_rows_share() -> None:
    recipe = a_recipe("Same for all.")
    assert recipe.length(("", TURNS)) > len(TURNS)
    assert recipe.likeness(("", TURNS)) != recipe.likeness(("", ASKED))
    assert recipe.shared_characters == len("One word.")
