"""How long answers of a shape are, as far as the shape itself tells. Pure.

If every value comes from a list, the mean length is known before anything is asked. Free texts, numbers and lists are
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import orjson

TEXT, NUMBER, ITEMS = 60, 3, 2
"""Characters of a free text and of a number, and items of a list, where the schema does not say more."""
DEEPEST = 6


@dataclass(frozen=True)
class AnswerSize:
    """Characters of a value as JSON, on average over what it may be; `known` where nothing of it is guessed."""

    characters: float
    known: bool


def size_of(schema: Mapping[str, Any], depth: int = 0) -> AnswerSize:
    """Of a value that fits the schema; each allowed value counts alike."""
    if allowed := _allowed(schema):
        return AnswerSize(fmean(len(orjson.dumps(value).decode()) for value in allowed), True)
    kind = schema.get("type")
    if kind == "object" and depth < DEEPEST:
        return _object(schema, depth)
    if kind == "array" and depth < DEEPEST:
        one = _within(schema.get("items"), depth)
        return AnswerSize(2 + ITEMS * (one.characters + 1), False)
    return AnswerSize(NUMBER if kind in {"number", "integer"} else TEXT, False)


def _allowed(schema: Mapping[str, Any]) -> Sequence[Any]:
    """All that the value may be, where that is a list."""
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return values
    return [True, False] if schema.get("type") == "boolean" else []


def _object(schema: Mapping[str, Any], depth: int) -> AnswerSize:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return AnswerSize(TEXT, False)
    sizes = {name: _within(one, depth) for name, one in properties.items()}
    signs = sum(len(orjson.dumps(name).decode()) + 2 for name in sizes)  # a colon, and a comma or a brace
    all_there = set(sizes) <= set(schema.get("required") or ())
    values = list(sizes.values())
    return AnswerSize(1 + signs + sum(one.characters for one in values), all_there and all(one.known for one in values))


def _within(schema: Any, depth: int) -> AnswerSize:
    return size_of(schema, depth + 1) if isinstance(schema, dict) else AnswerSize(TEXT, False)
