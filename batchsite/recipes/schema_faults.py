"""A schema that no answer can fit, a name that is there twice, a type in the words of another language. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from batchsite.recipes.schema_lookalikes import without_fence

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_OTHER_WORDS = {
    "str": "string", "text": "string", "int": "integer", "float": "number", "double": "number", "bool": "boolean",
    "list": "array", "dict": "object", "none": "null",
}  # fmt: skip
_BOUNDS = (
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_VALUES = frozenset({"const", "enum", "default", "example", "examples"})
"""Keywords under which values stand, and no schemas."""


_NUMBER = (int, float)


class _Repeated(ValueError):
    pass


def words_of_type(name: str) -> str:
    """What is wrong with the name of a type that is none."""
    if name.lower() in TYPES:
        return f"{name} is written in small letters: {name.lower()}."
    if other := _OTHER_WORDS.get(name.lower()):
        return f"{name} is called {other} in JSON Schema."
    return f"{name} is none of {', '.join(TYPES)}."


def repeated_name(text: str) -> str:
    """Returns which name stands twice in one object of a text that is JSON: only one of them would count."""
    try:
        json.loads(without_fence(text.lstrip("\ufeff")), object_pairs_hook=_distinct)
    except _Repeated as error:
        return f"“{str(error)[:80]}” is there twice in one object, and only one of them would count."
    except ValueError:
        return ""
    return ""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _Repeated(name)
        made[name] = value
    return made


def contradiction(schema: Mapping[str, Any]) -> str:
    """Returns why no answer can ever fit a schema, or a part of it. Empty where nothing plain speaks against it."""
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if words := _within(value):
                return f"{words} No answer could fit."
            waiting += [inner for key, inner in value.items() if key not in _VALUES]
    return ""


def _within(part: Mapping[str, Any]) -> str:
    if part.get("enum") == []:
        return "“enum” is empty."
    for low, high in _BOUNDS:
        least, most = part.get(low), part.get(high)
        if isinstance(least, _NUMBER) and isinstance(most, _NUMBER) and least > most:
            return f"“{low}” is above “{high}”: {least} and {most}."
    names, known = part.get("required"), part.get("properties", {})
    if part.get("additionalProperties") is False and not part.get("patternProperties") and isinstance(names, list):
        missing = [name for name in names if isinstance(known, dict) and name not in known]
        if missing:
            return f"“{str(missing[0])[:80]}” is required, and not allowed: it is not among the properties."
    return ""
