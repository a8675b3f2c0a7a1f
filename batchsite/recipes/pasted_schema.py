"""A JSON Schema as a person pasted it: read, taken out of its envelope, and checked before anything uses it. Pure.

Sizes are checked first, then the structure, and the schema is compiled last: each check is linear in what the checks
before it have let through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from batchsite.recipes.schema_faults import words_of_type
from batchsite.recipes.schema_graph import SchemaGraph, graph_of
from batchsite.recipes.schema_lookalikes import what_it_is, without_fence
from batchsite.recipes.schema_nodes import SchemaError

MOST_BYTES = 100_000
"""Of the schema, which travels with every row."""
LONGEST_TEXT = 400_000
"""Characters of the pasted text, indentation included."""
DEEPEST = 64
"""Levels of brackets in a schema."""
MOST_PROPERTIES = 500
"""Properties at the root: each becomes a column of the results."""
LONGEST_PATTERN, ALL_PATTERNS = 1_000, 5_000
"""Characters of one regular expression, and of all in a schema together."""
COMPILED_PATTERN = 1_000_000
"""Bytes of a compiled regular expression."""
LONGEST_WORDS = 300
_ENVELOPES = (
    "text", "response_format", "responseFormat", "output_format", "output_config", "generation_config",
    "generationConfig", "config", "extra_body", "guided_json", "json_schema", "jsonSchema", "response_json_schema",
    "responseJsonSchema", "response_schema", "responseSchema", "format", "schema", "parameters", "input_schema",
    "inputSchema", "tools", "toolSpec", "json",
)  # fmt: skip
_KEYWORDS = frozenset(
    ("$ref", "$schema", "$defs", "type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "required")
)
_RULES = frozenset((
    "$ref", "type", "enum", "const", "properties", "patternProperties",
    "additionalProperties", "unevaluatedProperties", "propertyNames", "required", "minProperties", "maxProperties",
    "dependentRequired", "dependentSchemas", "dependencies", "items", "prefixItems", "additionalItems",
    "unevaluatedItems", "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems",
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$dynamicRef", "$recursiveRef", "$id",
))  # fmt: skip
"""The words of JSON Schema that say anything of a value, and those that are refused by themselves."""
NO_RULES = (
    "Nothing at its top is JSON Schema, so any answer would fit. Is it an example of an answer? "
    "A schema starts like {“type”: “object”, “properties”: {…}}."
)
UNUSED = "The definitions are used by nothing, so any answer would fit. Add {{“$ref”: “#/{key}/{name}”}} beside them."
NO_PROPERTIES = (
    "These are properties without a schema around them, so any answer would fit: "
    "put it under “properties”, as in {“type”: “object”, “properties”: {…}}."
)
UNWRAPPED = "The pasted text wraps a schema: only what is under “{path}” is used."
UNFENCED = "The fence of Markdown around the schema was taken off."


@dataclass(frozen=True)
class PastedSchema:
    """A schema that can be sent and checked, and what a person should know about it."""

    schema: dict[str, Any]
    graph: SchemaGraph
    validator: Any
    note: str
    """That the schema was taken out of an envelope; empty if it was not."""


def read_schema(pasted: object) -> PastedSchema:
    """Returns the schema of a pasted text, or of parsed JSON. Raises SchemaError with a sentence for people."""
    if isinstance(pasted, str):
        return _read(pasted)
    if not isinstance(pasted, dict | list | bool | int | float | None):
        raise SchemaError("This is not a JSON Schema.")
    try:
        return _read(orjson.dumps(pasted).decode())
    except TypeError as error:
        raise SchemaError(f"The schema has more than {DEEPEST} levels, or a number that is too big.") from error


@lru_cache(maxsize=32)
def _outcome(text: str) -> PastedSchema | str:
    """The schema, or why there is none: both are worth remembering while somebody types."""
    try:
        return _checked(text)
    except SchemaError as error:
        return str(error)


def _read(text: str) -> PastedSchema:
    outcome = _outcome(text) if len(text) <= LONGEST_TEXT else f"The schema has more than {LONGEST_TEXT:,} characters."
    if isinstance(outcome, str):
        raise SchemaError(outcome)
    return outcome


def _checked(text: str) -> PastedSchema:
    inner = without_fence(text.lstrip("\ufeff"))
    try:
        parsed = orjson.loads(inner)
    except ValueError as error:
        raise SchemaError(what_it_is(inner) or f"This is not JSON: {str(error)[:LONGEST_WORDS]}") from error
    _check_depth(parsed)
    schema, path = _unwrapped(parsed)
    if isinstance(schema, str) and schema.lstrip().startswith("{"):
        raise SchemaError("This is JSON in a text: it was encoded twice. Paste the schema itself.")
    if not isinstance(schema, dict):
        raise SchemaError("A JSON Schema is an object: it begins with {.")
    size = len(orjson.dumps(schema))
    if size > MOST_BYTES:
        raise SchemaError(f"The schema has {size:,} bytes and travels with every row: {MOST_BYTES:,} at most.")
    _check_texts(schema)
    graph = graph_of(schema)
    columns = len(graph.properties)
    if columns > MOST_PROPERTIES:
        raise SchemaError(f"The schema has {columns:,} properties, each becomes a column: {MOST_PROPERTIES} at most.")
    notes = [UNFENCED] * (inner != text.lstrip("\ufeff")) + [UNWRAPPED.format(path=path)] * bool(path)
    return PastedSchema(schema, graph, _validator(schema), " ".join(notes))


def why_no_rule(schema: Mapping[str, Any]) -> str:
    """Returns why a schema that is not empty has no rule about a value, as an example has none. Empty if it has one."""
    if not schema or _RULES & schema.keys():
        return ""
    for key in ("$defs", "definitions"):
        if isinstance(schema.get(key), dict) and schema[key]:
            return UNUSED.format(key=key, name=next(iter(schema[key]))[:80])
    if all(isinstance(value, dict) and _RULES & value.keys() for value in schema.values()):
        return NO_PROPERTIES
    return NO_RULES


def _unwrapped(parsed: Any) -> tuple[Any, str]:
    """Returns (the schema, the path to it in the envelopes that providers put around schemas)."""
    path: list[str] = []
    while True:
        if _is_one_tool(parsed):
            path.append("0")
            parsed = parsed[0]
        if not isinstance(parsed, dict) or not (inner := _envelope(parsed)):
            break
        path.append(inner)
        parsed = parsed[inner]
    return parsed, ".".join(path)


def _envelope(parsed: Mapping[str, Any]) -> str:
    """Returns the key under which an envelope holds its contents. Empty if `parsed` is not an envelope."""
    keywords = _KEYWORDS & parsed.keys()
    if parsed.get("type") in ("json_schema", "function"):
        keywords -= {"type"}
    if keywords:
        return ""
    holders = (*_ENVELOPES, "function")
    return next((key for key in holders if isinstance(parsed.get(key), dict) or _is_one_tool(parsed.get(key))), "")


def _is_one_tool(value: Any) -> bool:
    """Whether a value is a list of one envelope."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and bool(_envelope(value[0]))


# ---- checks ----------------------------------------------------------------------------------------------


def _check_depth(parsed: Any) -> None:
    """Raises SchemaError if JSON nests too deep. Level by level, so that depth is no problem here."""
    level = [parsed]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise SchemaError(f"The schema has more than {DEEPEST} levels.")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_texts(schema: dict[str, Any]) -> None:
    patterns = 0
    for key, value in _members(schema):
        if "\0" in key:
            raise SchemaError("A name in the schema holds a NUL character.")
        found = [value] if key == "pattern" else list(value) if key == "patternProperties" else []
        lengths = [len(pattern) for pattern in found if isinstance(pattern, str)]
        patterns += sum(lengths)
        if max(lengths, default=0) > LONGEST_PATTERN or patterns > ALL_PATTERNS:
            raise SchemaError(
                f"A regular expression in the schema is too long: {LONGEST_PATTERN:,} characters at most, "
                f"{ALL_PATTERNS:,} for all of them together."
            )


def _members(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields every (key, value) of all objects, at any level."""
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if key != "patternProperties" or isinstance(inner, dict):
                    yield key, inner
        waiting += _inside(value)


def _validator(schema: dict[str, Any]) -> Any:
    """Returns a validator that fetches nothing, and is linear in the answer whatever the patterns are."""
    options = jsonschema_rs.RegexOptions(size_limit=COMPILED_PATTERN, dfa_size_limit=COMPILED_PATTERN)
    try:
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=options, formats={"regex": _any_text})
    except (ValueError, TypeError, OverflowError, jsonschema_rs.ReferencingError) as error:
        raise SchemaError(f"This is not a JSON Schema: {_words_of(error)}") from error


def _any_text(_: str) -> bool:
    """Replaces the format `regex`: compiling answers as regular expressions could take for ever."""
    return True


def _words_of(error: Exception) -> str:
    """`properties.age.type: "strin" is not allowed there`."""
    message = str(getattr(error, "message", error)).split("\n", 1)[0][:LONGEST_WORDS]
    path = ".".join(str(step) for step in getattr(error, "instance_path", ()))[:100]
    if not path:
        return message
    if path.rpartition(".")[2] == "type" and isinstance(error, jsonschema_rs.ValidationError):
        return f"{path}: {words_of_type(str(error.instance)[:80])}"
    return f"{path}: {message}"
