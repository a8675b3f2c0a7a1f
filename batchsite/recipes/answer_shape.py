"""The shape of an answer: text, or fields that a JSON schema describes. Pure.

A `Batch.shape` becomes a `Shape` once per batch and process; reading an answer then takes a microsecond (measured:
jsonschema-rs 0.3 µs a check, fastjsonschema 3.7 µs), so that a million answers are checked on arrival.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

TYPES = {
    "text": "Text",
    "number": "Number",
    "whole": "Whole number",
    "yes_no": "Yes or no",
    "choice": "One of some values",
    "texts": "List of texts",
    "choices": "List of some values",
}
"""Types of a field, and their labels."""
WITH_VALUES = frozenset({"choice", "choices"})
MOST_FIELDS, MOST_VALUES, LONGEST_VALUE, LONGEST_NAME = 50, 500, 300, 64
MOST_BYTES = 100_000
"""Of the schema: it travels with every row."""
LONGEST_MISFIT = 300
NO_JSON = "The answer is no JSON"
CUT_OFF = "The answer was cut off at the token limit"
_FENCE = "```"


@dataclass(frozen=True)
class Shape:
    """What answers shall look like."""

    schema: dict[str, Any]
    fields: tuple[str, ...]
    """The columns that follow: the properties of an object, in order; none for another kind of schema."""
    validator: Any

    def response_format(self) -> dict[str, Any]:
        """The parameter of that name (facts 6.1)."""
        return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": self.schema}}

    def misfit(self, answer: str, finish_reason: str = "") -> str:
        """Why an answer does not fit, in words; "" where it does."""
        try:
            value = _loads(answer)
        except ValueError:
            return CUT_OFF if finish_reason == "length" else NO_JSON
        if self.validator.is_valid(value):
            return ""
        return _words(next(self.validator.iter_errors(value)))[:LONGEST_MISFIT]

    def read(self, answer: str, finish_reason: str = "") -> tuple[dict[str, str], str]:
        """({field: cell}, misfit). Fields that the answer does not have stay out; all do where it is no object."""
        found = {name: as_cell(value) for name, value in self.values(answer).items()}
        return found, self.misfit(answer, finish_reason)

    def values(self, answer: str) -> dict[str, Any]:
        """{field: value as JSON has it}, of those fields that the answer has."""
        try:
            value = _loads(answer)
        except ValueError:
            return {}
        return {name: value[name] for name in self.fields if name in value} if isinstance(value, dict) else {}

    def cells(self, answer: str) -> tuple[str, ...]:
        """A cell for every field, "" where the answer has none."""
        found = self.values(answer)
        return tuple([as_cell(found[name]) if name in found else "" for name in self.fields])


def _loads(answer: str) -> Any:
    """The JSON of an answer, out of its fence if it has one. Raises ValueError."""
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        text = answer.strip()
        if not (text.startswith(_FENCE) and text.endswith(_FENCE)):
            raise
        return orjson.loads(text.partition("\n")[2].removesuffix(_FENCE))


def as_cell(value: Any) -> str:
    """A value as the text of a cell: a text as it is, anything else as JSON writes it, and nothing for null."""
    if isinstance(value, str):
        return value.replace("\0", "�")
    return "" if value is None else orjson.dumps(value).decode()


# ---- from what a person made -------------------------------------------------------------------------


def shape_of(stored: Mapping[str, Any] | None) -> Shape | None:
    """The shape that a `Batch.shape` describes; None for text. Raises ValueError, in words, for one with `problems`."""
    return _compiled(orjson.dumps(stored)) if stored else None


@lru_cache(maxsize=64)
def _compiled(stored: bytes) -> Shape:
    found = orjson.loads(stored)
    wrong = problems(found)
    if wrong:
        raise ValueError(wrong[0])
    schema = json_schema(found)
    return Shape(schema, _properties(schema), _validator(schema))


def _validator(schema: dict[str, Any]) -> Any:
    """Looks nothing up elsewhere, and takes time in proportion to the answer whatever its patterns are."""
    try:
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=jsonschema_rs.RegexOptions())
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(f"This is no JSON schema: {_message(error)}") from error


def _message(error: Exception) -> str:
    return str(getattr(error, "message", error)).split("\n", 1)[0][:LONGEST_MISFIT]


def _properties(schema: Mapping[str, Any]) -> tuple[str, ...]:
    properties = schema.get("properties")
    return tuple(properties) if isinstance(properties, dict) else ()


def json_schema(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a stored shape, properties in the order of its fields. ValueError for a pasted text that is none.

    A pasted schema is best kept as text: a database may bring the members of an object into another order,
    and answers follow the order of the properties.
    """
    if "schema" in stored:
        schema = stored["schema"]
        try:
            schema = orjson.loads(schema) if isinstance(schema, str) else schema
        except orjson.JSONDecodeError as error:
            raise ValueError(f"This is no JSON: {error}") from error
        if not isinstance(schema, dict):
            raise ValueError("A JSON schema is an object: it begins with {.")
        return schema
    fields = stored["fields"]
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


def problems(stored: Mapping[str, Any] | None) -> list[str]:
    """What keeps a shape from being sent, in words; nothing for text."""
    if not stored:
        return []
    if "schema" in stored:
        return _schema_problems(stored)
    found = _list_problems(stored.get("fields") or [])
    return found or _schema_problems(stored)


def _schema_problems(stored: Mapping[str, Any]) -> list[str]:
    try:
        schema = json_schema(stored)
        _validator(schema)
    except ValueError as error:
        return [str(error)]
    size = len(orjson.dumps(schema))
    if size > MOST_BYTES:
        return [f"The schema has {size:,} bytes and travels with every row: {MOST_BYTES:,} at most."]
    return []


def _list_problems(fields: Sequence[Mapping[str, Any]]) -> list[str]:
    if not fields:
        return ["Add a field, or let the answer be text."]
    if len(fields) > MOST_FIELDS:
        return [f"There are {len(fields):,} fields: {MOST_FIELDS} at most."]
    found = [words for number, field in enumerate(fields, 1) for words in _field_problems(number, field)]
    names = Counter(str(field.get("name", "")) for field in fields)
    return found + [f"There are {count} fields named “{name}”." for name, count in names.items() if name and count > 1]


def _field_problems(number: int, field: Mapping[str, Any]) -> list[str]:
    name = field.get("name")
    if not isinstance(name, str) or not name.strip():
        return [f"Field {number} has no name."]
    who = f"Field “{name[:LONGEST_NAME]}”"
    found = [f"{who}: a name has {LONGEST_NAME} characters at most."] if len(name) > LONGEST_NAME else []
    if field.get("type") not in TYPES:
        return [*found, f"{who} has no type that is known here."]
    return found + (_value_problems(who, field.get("values") or []) if field["type"] in WITH_VALUES else [])


def _value_problems(who: str, values: Sequence[Any]) -> list[str]:
    if not values:
        return [f"{who}: name the values that are allowed."]
    if len(values) > MOST_VALUES:
        return [f"{who} has {len(values):,} values: {MOST_VALUES} at most."]
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    found = [] if len(texts) == len(values) else [f"{who} has an empty value."]
    if max(map(len, texts), default=0) > LONGEST_VALUE:
        found.append(f"{who}: a value has more than {LONGEST_VALUE} characters.")
    twice = [value for value, count in Counter(texts).items() if count > 1]
    return found + [f"{who}: “{value}” stands there twice." for value in twice[:3]]


# ---- in words ------------------------------------------------------------------------------------------

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _words(error: Any) -> str:
    """`intent: "lost_card?" is not one of the allowed values`."""
    where = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)[:100]
    where = where.removeprefix(".")
    value, kind = orjson.dumps(error.instance).decode(), error.kind.name
    value = value if len(value) <= 80 else f"{value[:80]}…"
    if kind == "enum":
        words = f"{value} is not one of the allowed values"
    elif kind == "type":
        types = error.kind.types if hasattr(error.kind, "types") else []
        wanted = " or ".join(_KINDS.get(one, one) for one in types)
        words = f"{value} is not {wanted}" if wanted else _message(error)
    elif kind == "required":
        words = f"“{error.kind.property}” is missing"
    elif kind == "additionalProperties":
        names = ", ".join(f"“{name}”" for name in error.kind.unexpected[:5])
        words = f"{names} was not asked for"
    else:
        words = _message(error)
    return (f"{where}: {words}" if where else words).replace("\0", "�").replace("\\u0000", "�")
