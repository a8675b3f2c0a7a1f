"""Answer shapes made of fields: their types, the schema they stand for, and what is wrong with them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

TYPES = {
    "text": "Text",
    "number": "Number",
    "whole": "Whole number",
    "yes_no": "Yes or no",
    "choice": "One of several values",
    "texts": "List of texts",
    "choices": "List of allowed values",
}
"""Types of a field, and their labels."""
WITH_VALUES = frozenset({"choice", "choices"})
MOST_FIELDS, MOST_VALUES, LONGEST_VALUE, LONGEST_NAME = 50, 500, 300, 64


def fields_schema(fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the JSON schema of fields without problems, properties in their order."""
    return {
        "type": "object",
        "properties": {field["name"]: _property(field) for field in fields},
        "required": [field["name"] for field in fields if field.get("required", True)],
        "additionalProperties": False,
    }


def _property(field: Mapping[str, Any]) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "number": {"type": "number"},
        "whole": {"type": "integer"},
        "yes_no": {"type": "boolean"},
        "choice": {"type": "string", "enum": field.get("values")},
        "texts": {"type": "array", "items": {"type": "string"}},
        "choices": {"type": "array", "items": {"type": "string", "enum": field.get("values")}},
    }
    described = {"description": field["description"]} if field.get("description") else {}
    return kinds[field["type"]] | described


def field_problems(fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns sentences about what is wrong with fields."""
    if not fields:
        return ["Add a column, or choose text as the answer format."]
    if len(fields) > MOST_FIELDS:
        return [f"There are {len(fields):,} fields: {MOST_FIELDS} at most."]
    wrong = [words for number, field in enumerate(fields, 1) for words in _problems_of(number, field)]
    names = Counter(str(field.get("name", "")) for field in fields)
    return wrong + [f"There are {count} fields named “{name}”." for name, count in names.items() if name and count > 1]


def _problems_of(number: int, field: Mapping[str, Any]) -> list[str]:
    name = field.get("name")
    if not isinstance(name, str) or not name.strip():
        return [f"Field {number} has no name."]
    who = f"Field “{name[:LONGEST_NAME]}”"
    wrong = [f"{who}: a name has {LONGEST_NAME} characters at most."] if len(name) > LONGEST_NAME else []
    if "\0" in name:
        wrong.append(f"{who}: a name holds no NUL character.")
    if field.get("type") not in TYPES:
        return [*wrong, f"{who} has no type that is known here."]
    return wrong + (_value_problems(who, field.get("values") or []) if field["type"] in WITH_VALUES else [])


def _value_problems(who: str, values: Sequence[Any]) -> list[str]:
    if not values:
        return [f"{who}: name the values that are allowed."]
    if len(values) > MOST_VALUES:
        return [f"{who} has {len(values):,} values: {MOST_VALUES} at most."]
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    wrong = [] if len(texts) == len(values) else [f"{who} has an empty value."]
    if max(map(len, texts), default=0) > LONGEST_VALUE:
        wrong.append(f"{who}: a value has more than {LONGEST_VALUE} characters.")
    twice = [value for value, count in Counter(texts).items() if count > 1]
    return wrong + [f"{who}: “{value}” is listed twice." for value in twice[:3]]
