"""Values for JSON schemas: they are valid, and enums follow the words of the message."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.sandbox.schema_answers import choose, simulated_json


def made(schema: Any, message: str = "Where is my card?", salt: int = 7) -> Any:
    return orjson.loads(simulated_json(schema, message, salt))


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Validates a value against the schemas below, independently of the code under test."""
    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in schema:
        return any(fits(value, option, root) for option in schema["anyOf"])
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema.get("type", "string")
    return any(_is(value, kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _is(value: Any, kind: str, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    match kind:
        case "object":
            properties = schema.get("properties", {})
            return (
                isinstance(value, dict)
                and set(schema.get("required", [])) <= set(value)
                and all(fits(value[name], properties[name], root) for name in value if name in properties)
            )
        case "array":
            return (
                isinstance(value, list)
                and schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 99)
                and all(fits(item, schema.get("items", {}), root) for item in value)
            )
        case "integer" | "number":
            return _is_number(value, kind, schema)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case _:
            return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6)


def _is_number(value: Any, kind: str, schema: dict[str, Any]) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if kind == "integer" else int | float):
        return False
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    above, below = schema.get("exclusiveMinimum", value - 1), schema.get("exclusiveMaximum", value + 1)
    steps = value / schema.get("multipleOf", value or 1)
    return bool(low <= value <= high and above < value < below and abs(steps - round(steps)) < 1e-6)


numbers = st.one_of(
    st.just({}),
    st.integers(-50, 50).map(lambda low: {"minimum": low}),
    st.integers(-50, 50).map(lambda high: {"maximum": high}),
    st.tuples(st.integers(-50, 50), st.integers(1, 50)).map(lambda p: {"minimum": p[0], "maximum": p[0] + p[1]}),
    st.tuples(st.integers(-50, 50), st.integers(5, 50)).map(
        lambda p: {"exclusiveMinimum": p[0], "exclusiveMaximum": p[0] + p[1]}
    ),
    st.sampled_from([{"multipleOf": 5}, {"multipleOf": 3, "minimum": 10}]),
)
leaves: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"type": "string"}),
    st.integers(0, 60).map(lambda size: {"type": "string", "minLength": size, "maxLength": size + 5}),
    st.just({"type": "boolean"}),
    st.just({"type": ["string", "null"]}),
    st.just({"const": 7}),
    st.lists(st.text(max_size=8), min_size=1, unique=True).map(lambda options: {"enum": options}),
    numbers.map(lambda bounds: {"type": "integer", **bounds}),
    numbers.map(lambda bounds: {"type": "number", **bounds}),
)


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["a", "b", "c", "d e", "ü"])
    return st.one_of(
        st.dictionaries(names, inner, max_size=3).map(
            lambda properties: {"type": "object", "properties": properties, "required": list(properties)}
        ),
        st.tuples(inner, st.integers(0, 3)).map(
            lambda p: {"type": "array", "items": p[0], "minItems": p[1], "maxItems": p[1] + 2}
        ),
        inner.map(lambda option: {"anyOf": [option, {"type": "null"}]}),
    )


@settings(max_examples=150)
@given(schema=st.recursive(leaves, nested, max_leaves=8), message=st.text(max_size=50), salt=st.integers(0, 2**64))
def test_any_schema_gets_a_valid_value(schema: dict[str, Any], message: str, salt: int) -> None:
    value = made(schema, message, salt)
    assert fits(value, schema, schema)
    assert value == made(schema, message, salt)


def test_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {"home": {"$ref": "#/$defs/place"}, "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}}},
        "required": ["home", "tags"],
        "$defs": {
            "place": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            "tag": {"enum": ["card", "loan"]},
        },
    }
    assert fits(made(schema), schema, schema)
    assert made(schema)["home"]["city"].startswith("Simulated answer:")


RECURSIVE: dict[str, Any] = {
    "null": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
    "list": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    "required": {"$ref": "#/$defs/node"},
    "itself": {"$ref": "#/$defs/loop"},
}


@pytest.mark.parametrize("next_node", RECURSIVE.values(), ids=RECURSIVE.keys())
def test_recursive_schemas_end(next_node: dict[str, Any]) -> None:
    node = {"type": "object", "properties": {"left": next_node, "right": next_node}, "required": ["left", "right"]}
    loop = {"$ref": "#/$defs/loop"}
    assert len(simulated_json({"$ref": "#/$defs/node", "$defs": {"node": node, "loop": loop}}, "Hi", 7)) < 200_000


def test_all_of_is_merged() -> None:
    parts = [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"const": 1}}, "required": ["b"]}]
    assert set(made({"type": "object", "allOf": parts})) == {"a", "b"}


def test_unique_items_of_an_enum_are_unique() -> None:
    schema = {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "maxItems": 3, "uniqueItems": True}
    assert sorted(made(schema)) == ["a", "b", "c"]


def test_prefix_items_have_their_own_schemas() -> None:
    schema = {"type": "array", "prefixItems": [{"const": 1}, {"type": "boolean"}], "minItems": 2, "maxItems": 2}
    first, second = made(schema)
    assert first == 1
    assert isinstance(second, bool)


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [("date", r"\d{4}-\d\d-\d\d"), ("date-time", r".+T.+Z"), ("email", r".+@.+"), ("uuid", r"[0-9a-f-]{36}")],
)
def test_known_formats_are_honoured(kind: str, pattern: str) -> None:
    assert re.fullmatch(pattern, made({"type": "string", "format": kind}))


@pytest.mark.parametrize(
    "schema",
    [{"type": "object", "properties": 7}, {"enum": 7}, {"type": "array", "minItems": "x"}],
)
def test_invalid_schema_gets_an_object_that_says_so(schema: Any) -> None:
    assert "Simulated" in made(schema)["error"]


def test_enum_value_sharing_most_words_with_the_message_is_chosen() -> None:
    labels = ["card_arrival", "lost_or_stolen_card", "exchange_rate"]
    assert choose(labels, "My card was stolen, or lost?", 1) == "lost_or_stolen_card"
    assert choose(labels, "What is the EXCHANGE rate?", 1) == "exchange_rate"
    assert choose(labels, "The arrival of my card", 1) == "card_arrival"


def test_ties_are_broken_deterministically_by_the_request() -> None:
    labels = [f"label-{number}" for number in range(20)]
    chosen = [choose(labels, "nothing in common", salt) for salt in range(200)]
    assert chosen == [choose(labels, "nothing in common", salt) for salt in range(200)]
    assert len(set(chosen)) > 10
