"""Requests are put together from pieces: byte for byte what encoding them one by one gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.recipes.prompt_template import Template
from batchsite.recipes.recipe import Recipe
from batchsite.xai.bodies import RESPONSES, encode_requests

texts = st.text(max_size=12) | st.sampled_from(['"', "\\", "\n\t\0", "\u2028", "<0|>", "<-1|>", "é😀", "{{text}}", ""])
templates = st.lists(texts | st.integers(0, 2), max_size=4).map(lambda parts: Template(tuple(parts)))
RECIPE = Recipe(
    id_prefix="tickets",
    id_column=None,
    system=None,
    prompt=Template(("Answer: ", 1)),
    model="grok-4.3",
    params={"temperature": 0.5, "stop": ["<0|"]},
    kind="chat_get_completion",
)
ROWS = [(7, ["a", 'say "hi"', "c"]), (8, ["x", "line\nend", "z"])]


def one_by_one(recipe: Recipe, rows: Any) -> bytes:
    return encode_requests(recipe.request(number, cells) for number, cells in rows)


@settings(deadline=None)
@given(
    recipe=st.builds(
        Recipe,
        id_prefix=texts,
        id_column=st.none() | st.integers(0, 2),
        system=st.none() | templates,
        prompt=templates,
        model=texts,
        params=st.just({}) | st.just({"seed": 7, "response_format": {"b": 1, "a": "<0|>"}}),
        kind=st.just("chat_get_completion"),
        examples=st.lists(st.tuples(templates, templates), max_size=2).map(tuple),
    ),
    rows=st.lists(st.tuples(st.integers(1, 10**9), st.lists(texts, min_size=3, max_size=3)), max_size=4),
)
def test_any_recipe_and_rows_give_the_same_bytes(recipe: Recipe, rows: Any) -> None:
    assert recipe.body(rows) == one_by_one(recipe, rows)


def test_either_kind_of_request_is_put_together() -> None:
    for recipe in (RECIPE, replace(RECIPE, kind=RESPONSES, params={})):
        assert recipe.pieces is not None
        assert recipe.body(ROWS) == one_by_one(recipe, ROWS)


@pytest.mark.parametrize("model", ["<0|>", "<-1|>"])
def test_a_name_that_looks_like_a_mark_is_told_from_it(model: str) -> None:
    recipe = replace(RECIPE, model=model)
    assert recipe.pieces is None
    assert recipe.body(ROWS) == one_by_one(recipe, ROWS)


def test_a_row_that_json_cannot_hold_is_named() -> None:
    with pytest.raises(ValueError, match="tickets-row-8"):
        RECIPE.body([ROWS[0], (8, ["x", "\ud800", "z"])])
    with pytest.raises(ValueError, match="tickets-row-7"):
        replace(RECIPE, prompt=Template(("\ud800", 1))).body(ROWS)
