"""Whatever JSON Schema a person pastes is checked, measured and sent, or refused with a sentence; never slowly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchsite.pricing.answer_sizes import size_of
from batchsite.recipes import answer_shape, schema_graph
from batchsite.recipes.answer_shape import UNCHECKED, UNEXPLAINED, Effort, notes, problems, shape_of
from batchsite.recipes.schema_graph import MOST_EXPANDED, graph_of
from batchsite.recipes.schema_nodes import SchemaError
from tests.patience import patient

CASES = Path(__file__).parents[1] / "cases"


def pasted(schema: Any) -> dict[str, Any]:
    """A stored shape of a pasted schema."""
    return {"schema": schema if isinstance(schema, str) else orjson.dumps(schema).decode()}


def doubling(levels: int) -> dict[str, Any]:
    """A schema of about 80 bytes a level that stands for 2 ** levels subschemas."""
    parts: dict[str, Any] = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": parts | {f"d{levels}": {"type": "string"}}}


TREE = {"type": "object", "properties": {"name": {"type": "string"}, "left": {"$ref": "#"}, "right": {"$ref": "#"}}}


# ---- what people paste -------------------------------------------------------------------------------


def test_a_nullable_property_is_measured_and_null_is_an_empty_cell() -> None:
    shape = shape_of(pasted((CASES / "nullable-schema" / "schema.json").read_text()))
    assert shape
    assert 10 < size_of(shape.schema).characters < 100
    assert shape.misfit('{"city":null}') == ""
    assert shape.cells('{"city":null}') == ("",)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["array", "null"], "items": {"type": "string"}},
        {"type": ["number", "string", "null"]},
        {"type": "string"},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}, {"const": 3}]},
        {"const": {"a": [1, None]}},
        {"enum": [None, 1, "a", [1], {"b": 2}]},
        {"enum": [f"value {n}" for n in range(4000)]},
        {"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": True}}]},
        {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"x": {"type": ["integer", "null"]}}}]},
        {"properties": {"a": {"items": {"items": {"items": {"type": ["string", "null"]}}}}}},
        {"properties": {"pattern": {"type": "string"}, "id": {"type": "string"}, "$ref": {"type": "string"}}},
        {},
        TREE,
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}}}}},
    ],
)
def test_any_spelling_is_measured_and_checked(schema: dict[str, Any]) -> None:
    shape = shape_of(pasted(schema))
    assert shape
    assert shape.schema == schema
    assert size_of(shape.schema).characters > 0
    for answer in ('"a"', "1", "null", "[]", '["a",3]', '{"a":"b"}', '{"b":{"b":1}}'):
        assert shape.misfit(answer) != UNCHECKED
        assert len(shape.cells(answer)) == len(shape.fields)


def test_columns_come_from_every_part_that_describes_the_root() -> None:
    schema = {
        "$ref": "#/$defs/base",
        "allOf": [{"properties": {"b": True}}, {"anyOf": [{"properties": {"c": {}}}, {"properties": {"a": {}}}]}],
        "$defs": {"base": {"properties": {"a": {"type": "string"}}}},
    }
    shape = shape_of(pasted(schema))
    assert shape
    assert shape.fields == ("a", "b", "c")


SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}


@pytest.mark.parametrize(
    ("envelope", "path"),
    [
        (orjson.loads((CASES / "schema-in-its-envelope" / "schema.json").read_bytes()), "schema"),
        ({"name": "x", "strict": True, "schema": SCHEMA}, "schema"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}, "json_schema.schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
            "response_format.json_schema.schema",
        ),
        ({"type": "json_schema", "name": "x", "schema": SCHEMA}, "schema"),
        ({"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}, "format.schema"),
        ({"type": "function", "function": {"name": "x", "parameters": SCHEMA}}, "function.parameters"),
        ({"name": "x", "input_schema": SCHEMA}, "input_schema"),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}}, "text.format.schema"),
        ({"response_mime_type": "application/json", "response_schema": SCHEMA}, "response_schema"),
        ({"generationConfig": {"responseSchema": SCHEMA}}, "generationConfig.responseSchema"),
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, "output_format.schema"),
        ({"extra_body": {"guided_json": SCHEMA}}, "extra_body.guided_json"),
        ({"name": "x", "inputSchema": {"jsonSchema": SCHEMA}}, "inputSchema.jsonSchema"),
        ([{"type": "function", "function": {"name": "x", "parameters": SCHEMA}}], "0.function.parameters"),
        ({"tools": [{"name": "x", "input_schema": SCHEMA}]}, "tools.0.input_schema"),
        (
            {
                "model": "x",
                "messages": [],
                "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
            },
            "response_format.json_schema.schema",
        ),
    ],
)
def test_an_envelope_is_taken_off_and_that_is_said(envelope: dict[str, Any], path: str) -> None:
    shape = shape_of(pasted(envelope))
    assert shape
    assert shape.fields == ("label",)
    assert shape.misfit("{}") == "“label” is missing"
    assert any(f"“{path}”" in note for note in notes(pasted(envelope)))
    assert notes(pasted(SCHEMA)) == []


def test_a_mark_in_front_of_the_text_is_none_of_it() -> None:
    """As a file has it that was saved with a byte order mark, and copied whole."""
    shape = shape_of(pasted("\ufeff" + orjson.dumps(SCHEMA).decode()))
    assert shape
    assert shape.fields == ("label",)


def test_a_property_named_schema_is_no_envelope() -> None:
    schema = {"type": "object", "properties": {"schema": {"type": "object"}}}
    shape = shape_of(pasted(schema))
    assert shape
    assert shape.fields == ("schema",)


def nested(levels: int) -> str:
    return '{"items":' * levels + "{}" + "}" * levels


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("", "This is not JSON"),
        ("true", "begins with {"),
        ([SCHEMA], "begins with {"),
        ([{"schema": SCHEMA}, {"schema": SCHEMA}], "begins with {"),
        ({"tools": [5]}, "any answer would fit"),
        ("null", "begins with {"),
        ("3", "begins with {"),
        ("[" * 100_000, "This is not JSON"),
        (nested(300), "more than 64 levels"),
        (nested(30_000), "This is not JSON"),
        ({"a": "x" * 500_000}, "more than 400,000 characters"),
        ({"type": "strin"}, "type: strin is none of"),
        ({"label": "positive", "confidence": 0.5}, "any answer would fit"),
        ({"label": "string"}, "any answer would fit"),
        ({"title": "Answer", "label": ["positive", "negative"]}, "any answer would fit"),
        ({"name": "x", "schema": {"label": {"type": "string"}}}, "any answer would fit"),
        ({"type": ["string", 5]}, "type"),
        ({"required": "label"}, "required"),
        ({"properties": []}, "properties"),
        ({"minimum": "1"}, "minimum"),
        ({"$ref": "#"}, "circle"),
        ({"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"allOf": [{"$ref": "#"}]}}}, "circle"),
        ({"$ref": "#/$defs/none"}, "names nothing"),
        ({"$ref": "#/title", "title": "x"}, "not a schema"),
        ({"$ref": 5}, "does not name a part"),
        ({"properties": {"a": {"$id": "b"}}}, "$id"),
        ({"$dynamicRef": "#a"}, "$dynamicRef"),
        ({"properties": {"a\0": {}}}, "NUL"),
        ({"properties": {f"p{n}": {} for n in range(501)}}, "501 properties"),
        ({"anyOf": [{"const": n} for n in range(5001)]}, "5,000 parts"),
        ({"pattern": "("}, "This is not a JSON Schema"),
        ({"pattern": "[ab]" * 15_000}, "regular expression"),
        ({"patternProperties": {"a" * 1001: {}}}, "regular expression"),
        ({"properties": {f"p{n}": {"pattern": "a" * 900} for n in range(6)}}, "regular expression"),
        (doubling(16), "again and again"),
        (doubling(400), "again and again"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(schema: Any, words: str) -> None:
    [problem] = problems(pasted(schema))
    assert words in problem
    assert len(problem) < 700


def test_a_batch_that_was_sent_with_an_example_for_a_schema_can_still_be_read() -> None:
    assert shape_of(pasted({"label": "positive"}))


def test_a_stored_object_that_json_cannot_hold_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"items": deep}
    for schema in (deep, {"enum": [10**30]}):
        assert problems({"schema": schema})
        with pytest.raises(ValueError):  # noqa: PT011
            shape_of({"schema": schema})


# ---- work ----------------------------------------------------------------------------------------------


def test_a_tree_costs_the_same_at_every_level() -> None:
    graph = graph_of(TREE)
    assert graph.is_complete
    assert graph.cost(1000) == graph.cost(2)


def test_a_tree_of_alternatives_is_checked_as_deep_as_the_work_allows() -> None:
    node = {"anyOf": [{"properties": {"next": {"$ref": "#/$defs/node"}}}] * 2}
    graph = graph_of({"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert not graph.is_complete
    assert graph.cost(5)
    assert graph.cost(60) is None


def test_an_answer_that_costs_too_much_is_not_checked_and_says_so() -> None:
    shape = shape_of(pasted({"items": doubling(12)["$defs"]["d12"] | {"anyOf": [{"const": n} for n in range(4000)]}}))
    assert shape
    assert shape.misfit('["a"]') == UNEXPLAINED
    assert shape.misfit(orjson.dumps(["a"] * 5000).decode()) == UNCHECKED
    alternatives = {"anyOf": [{"properties": {"next": {"$ref": "#"}}}, {"properties": {"next": {"$ref": "#"}}}]}
    deep = shape_of(pasted(alternatives))
    assert deep
    assert deep.misfit('{"next":' * 5 + "{}" + "}" * 5) == ""
    assert deep.misfit('{"next":' * 60 + "{}" + "}" * 60) == UNCHECKED


def test_an_answer_may_not_nest_without_end() -> None:
    shape = shape_of(pasted({}))
    assert shape
    for levels in (250, 1000):
        answer = '{"a":' * levels + "1" + "}" * levels
        assert shape.misfit(answer)
        assert shape.cells(answer) == ()
    columns = shape_of(pasted({"properties": {"a": {}}}))
    assert columns
    assert columns.cells('{"a":' * 300 + "1" + "}" * 300) == ("",)


def test_answers_of_a_page_share_what_checking_may_cost() -> None:
    shape = shape_of(pasted(doubling(10)))
    assert shape
    effort = Effort()
    misfits = [shape.misfit("5", effort=effort) for _ in range(8000)]
    assert misfits[0] == "5 fits none of the alternatives"
    assert UNEXPLAINED in misfits
    assert misfits[-1] == UNCHECKED


def steps_of(schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """Edges that are followed for a schema."""
    counts: list[int] = []
    step = schema_graph._Count._step

    def noted(self: Any, count: int) -> None:
        counts.append(count)
        step(self, count)

    monkeypatch.setattr(schema_graph._Count, "_step", noted)
    graph_of(schema)
    monkeypatch.undo()
    return sum(counts)


@pytest.mark.parametrize(
    "make",
    [
        lambda size: {"properties": {f"p{n}": {"type": "string"} for n in range(size)}},
        lambda size: {"properties": {f"p{n}": {"properties": {"x": {}, "y": {}}} for n in range(size)}},
        lambda size: {"anyOf": [{"properties": {"x": {"const": n}}} for n in range(size)]},
        lambda size: {"$ref": "#/$defs/d0", "$defs": doubling(0)["$defs"] | {"d1": {"enum": list(range(size))}}},
    ],
)
def test_four_times_the_schema_is_about_four_times_the_work(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small, big = (steps_of(make(size), monkeypatch) for size in (200, 800))
    assert big <= 5 * small + 20


@pytest.mark.parametrize("levels", [16, 40, 400, 1500])
def test_an_exploding_schema_is_refused_before_it_explodes(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_graph, "MOST_STEPS", 20 * levels + 1000)
    with pytest.raises(SchemaError, match=f"{MOST_EXPANDED:,}"):
        graph_of(doubling(levels))


def test_a_pattern_is_measured_before_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(*_: Any, **__: Any) -> None:
        pytest.fail("a schema with a pattern of 60,000 characters was compiled")

    monkeypatch.setattr(jsonschema_rs, "validator_for", compiled)
    assert problems(pasted({"pattern": "(a|b)*c" * 8600}))


# ---- anything ------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null", "thing"])


def _schemas(inner: Any) -> Any:
    some, named = st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, max_size=3),
            "properties": named,
            "patternProperties": named,
            "items": inner | some,
            "prefixItems": some,
            "anyOf": some,
            "allOf": some,
            "oneOf": some,
            "not": inner,
            "if": inner,
            "then": inner,
            "additionalProperties": inner,
            "unevaluatedProperties": inner,
            "contains": inner,
            "propertyNames": inner,
            "dependentSchemas": named,
            "$ref": st.sampled_from(["#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#/items/0", "x", "#a"]),
            "enum": st.lists(JSON, max_size=3),
            "const": JSON,
            "required": st.lists(st.sampled_from("abc"), max_size=3),
            "minItems": st.integers(-1, 10**30) | st.floats(0, 3),
            "multipleOf": st.sampled_from([0, 1, 1e-300, 0.1]),
            "pattern": st.sampled_from(["a", "(", "^a+$", "(?=a)"]),
            "format": st.sampled_from(["date", "regex", "email", "uuid"]),
            "$defs": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "$schema": st.sampled_from(["http://json-schema.org/draft-07/schema#", "http://x.y/z", ""]),
        },
    )


SCHEMAS = st.recursive(JSON | st.booleans() | st.just({}), _schemas, max_leaves=12)


@settings(max_examples=100)
@given(SCHEMAS, JSON)
def test_any_schema_is_usable_or_refused(schema: Any, answer: Any) -> None:
    stored = pasted_or_none(schema)
    if stored is None:
        return
    wrong = problems(stored)
    if wrong:
        assert wrong[0]
        return
    shape = shape_of(stored)
    assert shape
    assert size_of(shape.schema).characters >= 0
    text = orjson.dumps(answer).decode() if _fits_json(answer) else "x"
    assert len(shape.misfit(text)) <= 300
    assert len(shape.cells(text)) == len(shape.fields)


def _fits_json(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def pasted_or_none(schema: Any) -> dict[str, Any] | None:
    return pasted(schema) if _fits_json(schema) else None


@given(st.text())
def test_any_text_is_usable_or_refused(text: str) -> None:
    assert isinstance(problems({"schema": text}), list)


def test_checking_a_wrong_answer_is_quick_whatever_the_schema() -> None:
    """The worst schema that is let through: far from the 6 s and 630 MB that it was, whatever the machine does."""
    shape = shape_of(pasted(doubling(12)))
    assert shape
    began = time.perf_counter()
    assert shape.misfit("5") == UNEXPLAINED
    assert time.perf_counter() - began < patient(2)
    assert answer_shape.MOST_EXPLAINED < MOST_EXPANDED
