"""How long an answer will be, from its shape alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from batchsite.pricing.answer_sizes import AnswerSize, size_of
from batchsite.recipes.answer_shape import json_schema


def an_object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def test_of_allowed_values_the_mean_is_known_to_the_character() -> None:
    values = ["card_lost", "top_up", "überweisung"]
    field = {"name": "intent", "type": "choice", "values": values, "description": "", "required": True}
    answers = [orjson.dumps({"intent": value}).decode() for value in values]
    found = size_of(json_schema({"fields": [field]}))
    assert found.known
    assert found.characters == pytest.approx(sum(map(len, answers)) / 3)


def test_several_closed_fields_are_as_long_as_they_are_together() -> None:
    schema = an_object(sure={"type": "boolean"}, kind={"const": "x"})
    answers = [orjson.dumps({"sure": value, "kind": "x"}).decode() for value in (True, False)]
    assert size_of(schema) == AnswerSize(sum(map(len, answers)) / 2, True)


@pytest.mark.parametrize(
    "one",
    [{"type": "string"}, {"type": "number"}, {"type": "array", "items": {"enum": ["a"]}}, {}, {"$ref": "#"}],
    ids=["text", "number", "list", "anything", "reference"],
)
def test_what_is_free_is_guessed_and_said_to_be(one: dict[str, Any]) -> None:
    found = size_of(an_object(closed={"enum": ["a"]}, free=one))
    assert not found.known
    assert found.characters > len('{"closed":"a","free":}')


def test_a_field_that_may_be_missing_leaves_the_length_open() -> None:
    schema = an_object(kind={"enum": ["a", "b"]}) | {"required": []}
    assert not size_of(schema).known


def test_schemas_without_an_end_have_one() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schema["properties"]["again"] = schema
    assert size_of(schema).characters < 1_000
