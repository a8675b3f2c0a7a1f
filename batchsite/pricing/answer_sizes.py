"""How long answers of a shape are, as far as the shape itself tells. Pure.

If every value comes from a list, the mean length is known before anything is asked. Free texts, numbers and lists are
guessed. Every subschema is measured once, however often it is referred to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import orjson

from batchsite.recipes.schema_nodes import SchemaError, target_of

TEXT, NUMBER, ITEMS = 60, 3, 2
"""Characters of a free text and of a number, and items of a list, if the schema does not say more."""
DEEPEST = 6
"""Levels of objects, lists and alternatives that are measured; what is deeper counts as a free text."""
LONGEST = 100_000
"""Characters of the longest answer that is assumed."""
_BY_TYPE = {"number": NUMBER, "integer": NUMBER, "boolean": 5, "null": 4}


@dataclass(frozen=True)
class AnswerSize:
    """Average characters of a value as JSON; `known` if no part of it is guessed."""

    characters: float
    known: bool


_GUESS = AnswerSize(TEXT, False)


def size_of(schema: Mapping[str, Any]) -> AnswerSize:
    """Returns the size of a value that fits the schema; all allowed values count alike."""
    size = _Measure(schema).size(schema, 0)
    return AnswerSize(min(size.characters, LONGEST), size.known)


class _Measure:
    """Measures the subschemas of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._known: dict[tuple[int, int], AnswerSize] = {}

    def size(self, schema: Any, depth: int) -> AnswerSize:
        if not isinstance(schema, dict) or depth > DEEPEST:
            return _GUESS
        key = (id(schema), depth)
        if key not in self._known:
            self._known[key] = self._measured(schema, depth)
        return self._known[key]

    def _measured(self, schema: Mapping[str, Any], depth: int) -> AnswerSize:
        if allowed := _allowed(schema):
            return AnswerSize(fmean(len(_dumps(value)) for value in allowed), True)
        if "$ref" in schema:
            return self._referred(schema["$ref"], depth)
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), list) and schema[keyword]:
                return _mean([self.size(part, depth + 1) for part in schema[keyword]])
        if isinstance(schema.get("allOf"), list) and schema["allOf"] and "properties" not in schema:
            return _largest([self.size(part, depth + 1) for part in schema["allOf"]])
        return _mean([self._of_type(schema, kind, depth) for kind in _types(schema)])

    def _referred(self, reference: Any, depth: int) -> AnswerSize:
        try:
            return self.size(target_of(self._root, reference), depth + 1)
        except SchemaError:
            return _GUESS

    def _of_type(self, schema: Mapping[str, Any], kind: str, depth: int) -> AnswerSize:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind in ("null", "boolean"):
            return AnswerSize(_BY_TYPE[kind], True)
        return AnswerSize(_BY_TYPE.get(kind, TEXT), False)

    def _object(self, schema: Mapping[str, Any], depth: int) -> AnswerSize:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            return _GUESS
        sizes = {name: self.size(part, depth + 1) for name, part in properties.items()}
        signs = sum(len(_dumps(name)) + 2 for name in sizes)  # a colon, and a comma or a brace
        required = schema.get("required")
        all_there = isinstance(required, list) and sizes.keys() <= {name for name in required if isinstance(name, str)}
        characters = 1 + signs + sum(size.characters for size in sizes.values())
        return AnswerSize(characters, all_there and all(size.known for size in sizes.values()))

    def _array(self, schema: Mapping[str, Any], depth: int) -> AnswerSize:
        """A tuple has all its places; a list has ITEMS items, or as many as the schema requires."""
        items = schema.get("items")
        places = items if isinstance(items, list) else schema.get("prefixItems")
        if isinstance(places, list) and places:
            sizes = [self.size(part, depth + 1) for part in places]
            return AnswerSize(1 + sum(size.characters + 1 for size in sizes), False)
        count = schema.get("minItems")
        count = min(max(ITEMS, int(count)), LONGEST) if isinstance(count, int | float) else ITEMS
        return AnswerSize(2 + count * (self.size(items, depth + 1).characters + 1), False)


def _allowed(schema: Mapping[str, Any]) -> Sequence[Any]:
    """Returns all allowed values if the schema lists them, else nothing."""
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return values
    return [True, False] if schema.get("type") == "boolean" else []


def _types(schema: Mapping[str, Any]) -> list[str]:
    """Returns the types that a value may have: those named, else what the other keywords suggest."""
    named = schema.get("type")
    types = [kind for kind in (named if isinstance(named, list) else [named]) if isinstance(kind, str)]
    if types:
        return types
    return (
        ["object"] if "properties" in schema else ["array"] if schema.keys() & {"items", "prefixItems"} else ["string"]
    )


def _mean(sizes: Sequence[AnswerSize]) -> AnswerSize:
    known = all(size.known for size in sizes)
    return AnswerSize(fmean(size.characters for size in sizes), known)


def _largest(sizes: Sequence[AnswerSize]) -> AnswerSize:
    return max(sizes, key=lambda size: size.characters)


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()
