"""Prompts with placeholders: what they mean, what is wrong with them, and that parsing never takes long."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.recipes.prompt_template import MOST_SUGGESTIONS, MOST_UNKNOWN, PromptError, Template, parse, slips
from batchsite.recipes.recipe import Recipe, check_row


def parts_by_pattern(text: str, columns: Sequence[str]) -> tuple[str | int, ...] | None:
    """The meaning of a prompt as one regular expression: slow, and easy to agree with. None for unknown names."""
    names = "|".join(re.escape(name) for name in sorted(columns, key=len, reverse=True)) or r"(?!)"
    pattern = re.compile(r"(?P<escaped>\\\{\{)|\{\{(?:(?P<known>" + names + r")|(?P<other>.*?))\}\}", re.DOTALL)
    parts: list[str | int] = []
    done = 0
    for match in pattern.finditer(text):
        parts.append(text[done : match.start()])
        done = match.end()
        if match["escaped"]:
            parts.append("{{")
            continue
        name = match["known"] if match["known"] is not None else match["other"]
        found = [number for number, column in enumerate(columns) if column == name] or [
            number for number, column in enumerate(columns) if column == name.strip()
        ]
        if not found:
            return None
        parts.append(found[-1])
    return tuple(part for part in (*parts, text[done:]) if part != "")


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(["{{", "}}", "{", "}", "\\", "a", " a ", "a}", "}} {{", "b\nc", "\n", "x"]), max_size=12),
    st.lists(st.sampled_from(["a", " a ", "a}", "}", "a}} {{b", "b\nc", "{a", "A", ""]), max_size=4, unique=True),
)
def test_parsing_means_what_the_pattern_says(pieces: list[str], columns: list[str]) -> None:
    text = "".join(pieces)
    expected = parts_by_pattern(text, columns)
    if expected is None:
        with pytest.raises(PromptError):
            parse(text, columns)
    else:
        assert parse(text, columns).parts == expected


def test_an_unknown_name_is_told_with_its_line_and_the_column_that_was_meant() -> None:
    with pytest.raises(PromptError) as error:
        parse("Sort\n{{Tèxt}} and {{txet}}", ["id", "text"])
    assert error.value.sentences == [
        "There is no column “Tèxt” (line 2). Did you mean {{text}}?",
        "There is no column “txet” (line 2). Did you mean {{text}}?",
    ]


def test_only_the_first_unknown_names_are_listed() -> None:
    text = " ".join(f"{{{{name {n}}}}}" for n in range(1000)) + "{{" + "y" * 10_000 + "}}"
    with pytest.raises(PromptError) as error:
        parse(text, ["text"])
    assert len(error.value.unknown) == MOST_UNKNOWN
    assert error.value.sentences[-1] == f"{1001 - MOST_UNKNOWN} more placeholders name no column."
    with pytest.raises(PromptError) as error:
        parse("{{" + "y" * 10_000 + "}}", ["text"])
    assert len(str(error.value)) < 200


def test_few_columns_are_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def noted(name: str, *_: Any, **__: Any) -> list[str]:
        compared.append(name)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", noted)
    columns = [f"column {n}" for n in range(500)]
    with pytest.raises(PromptError):
        parse(" ".join(f"{{{{colunm {n}}}}}" for n in range(1000)), columns)
    assert len(compared) == MOST_SUGGESTIONS


class Counted(str):
    """A text that counts the characters that `find` looks at."""

    looked_at = 0

    def find(self, part: str, start: int = 0, *_: int) -> int:  # type: ignore[override]
        place = super().find(part, start)
        Counted.looked_at += (place if place >= 0 else len(self)) - start + 1
        return place


@pytest.mark.parametrize("piece", ["{{", "{{ }", "\\{{", "{{text}}", "{{a{{b}}", "}}{{", "{"])
def test_four_times_the_prompt_is_four_times_the_work(piece: str) -> None:
    looked_at = []
    for times in (5_000, 20_000):
        Counted.looked_at = 0
        with contextlib.suppress(PromptError):
            parse(Counted(piece * times), ["text", "a}", "}}"])
        looked_at.append(Counted.looked_at)
    assert looked_at[1] <= 4.1 * looked_at[0] + 100


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Sort {text}", {"{text}": "text"}),
        ("Sort ${text} by ${ id }", {"${text}": "text", "${ id }": "id"}),
        ("Sort <text>, [id], %id%", {"<text>": "text", "[id]": "id", "%id%": "id"}),
        ("<text>{{text}}</text>", {}),
        ("{{text}} of {id}", {"{id}": "id"}),
        ("{{text}} as {text}", {}),
        ('Answer {"label": 1}, {} or {x}', {}),
        ("Sort {{text} and {id}}", {"{{text}": "text", "{id}}": "id"}),
        ("{{{text}}}", {}),
        ("Sort [[text]]", {"[[text]]": "text"}),
        ("Sort <<text>>", {"<<text>>": "text"}),
        ("Sort $text and @id", {"$text": "text", "@id": "id"}),
        ("Pay $5 to ann@text.org", {}),
        ("Sort ((text))", {"((text))": "text"}),
        ("Sort «text» or 【id】", {"«text»": "text", "【id】": "id"}),
        ("Sort ｛｛text｝｝", {"｛｛text｝｝": "text"}),
        ("Sort %(text)s", {"%(text)s": "text"}),
        ("Sort {row.text}", {"{row.text}": "text"}),
        ("Sort {row['text']}", {"{row['text']}": "text"}),
        ('Sort ${row["text"]}', {'${row["text"]}': "text"}),
        ("{{text}} costs $id or <id>", {}),
    ],
)
def test_placeholders_with_the_wrong_signs_are_noticed(prompt: str, found: dict[str, str]) -> None:
    assert slips(prompt, ["id", "text"]) == found


def test_a_prompt_that_is_too_big_is_refused_without_being_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Template, "render", lambda *_: pytest.fail("400 MB were rendered"))
    recipe = Recipe(
        id_prefix="x",
        id_column=None,
        system=None,
        prompt=parse("{{text}}" * 20_000, ["text"]),
        model="grok-4.3",
        params={},
        kind="chat_get_completion",
    )
    problem = check_row(recipe, 1, ["x" * 20_000], 25_000_000)
    assert problem
    assert "400.0 MB" in problem.message
    problem = check_row(recipe, 1, [" "], 25_000_000)
    assert problem
    assert "empty" in problem.message


@given(st.lists(st.sampled_from(["a", " ", "{{x}}", "{{y}}", "\n"]), max_size=6), st.sampled_from(["", " ", "b"]))
def test_length_and_blankness_are_those_of_the_rendered_text(pieces: list[str], cell: str) -> None:
    template = parse("".join(pieces), ["x", "y"])
    text = template.render([cell, " "])
    assert template.length([cell, " "]) == len(text)
    assert [template.beginning([cell, " "], most) for most in range(5)] == [text[:most] for most in range(5)]
    assert template.is_blank([cell, " "]) == (not text.strip())
