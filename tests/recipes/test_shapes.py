"""Shapes of answers: the schema that is sent, what is read of an answer, and what does not fit, in words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.recipes.answer_shape import CUT_OFF, NO_JSON, Shape, problems, shape_of

FIELDS: dict[str, Any] = {
    "fields": [
        {
            "name": "intent",
            "type": "choice",
            "values": ["lost_card", "card_arrival"],
            "description": "What it is about",
        },
        {"name": "sure", "type": "number"},
        {"name": "stars", "type": "whole", "required": False},
        {"name": "angry", "type": "yes_no"},
        {"name": "words", "type": "texts"},
        {"name": "tags", "type": "choices", "values": ["new", "old"]},
        {"name": "why", "type": "text"},
    ]
}
FITS = (
    '{"intent":"lost_card","sure":0.5,"stars":3,"angry":false,"words":["a","b"],"tags":["new"],"why":"It says “lost”"}'
)


def a_shape(stored: dict[str, Any] = FIELDS) -> Shape:
    shape = shape_of(stored)
    assert shape
    return shape


def of_fields(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"fields": list(fields)}


def test_fields_become_a_strict_schema_in_their_order() -> None:
    schema = a_shape().response_format()["json_schema"]

    assert schema["strict"] is True
    assert orjson.dumps(schema["schema"]).decode() == (
        '{"type":"object","properties":{'
        '"intent":{"type":"string","enum":["lost_card","card_arrival"],"description":"What it is about"},'
        '"sure":{"type":"number"},"stars":{"type":"integer"},"angry":{"type":"boolean"},'
        '"words":{"type":"array","items":{"type":"string"}},'
        '"tags":{"type":"array","items":{"type":"string","enum":["new","old"]}},"why":{"type":"string"}},'
        '"required":["intent","sure","angry","words","tags","why"],"additionalProperties":false}'
    )


def test_an_answer_that_fits_is_a_cell_for_every_field() -> None:
    cells, misfit = a_shape().read(FITS)

    assert misfit == ""
    assert cells == {
        "intent": "lost_card",
        "sure": "0.5",
        "stars": "3",
        "angry": "false",
        "words": '["a","b"]',
        "tags": '["new"]',
        "why": "It says “lost”",
    }
    assert a_shape().cells(FITS) == tuple(cells.values())


def test_a_field_that_is_not_required_may_be_left_out() -> None:
    answer = FITS.replace('"stars":3,', "")

    assert a_shape().misfit(answer) == ""
    assert a_shape().cells(answer)[2] == ""


def test_json_in_a_fence_is_read() -> None:
    assert a_shape().read(f"```json\n{FITS}\n```\n") == a_shape().read(FITS)
    assert a_shape().read(f"\n```\n{FITS}```") == a_shape().read(FITS)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FITS.replace("lost_card", "lost_card?"), 'intent: "lost_card?" is not one of the allowed values'),
        (FITS.replace('["new"]', '["new","blue"]'), 'tags[2]: "blue" is not one of the allowed values'),
        (FITS.replace("0.5", '"high"'), 'sure: "high" is not a number'),
        (FITS.replace("3", "3.5"), "stars: 3.5 is not a whole number"),
        (FITS.replace("false", "0"), "angry: 0 is not true or false"),
        (FITS.replace('"sure":0.5,', ""), "“sure” is missing"),
        (FITS.replace("{", '{"more":1,', 1), "“more” was not expected"),
        ("[]", "[] is not an object"),
        ("It is a lost card.", NO_JSON),
        ("```json\nlost\n```", NO_JSON),
        ("", NO_JSON),
        ('{"intent": NaN}', NO_JSON),
    ],
)
def test_what_does_not_fit_is_told_in_words(answer: str, words: str) -> None:
    assert a_shape().misfit(answer) == words


def test_an_answer_that_was_cut_off_says_so() -> None:
    assert a_shape().misfit('{"intent":"lost_', "length") == CUT_OFF
    assert a_shape().misfit(FITS, "length") == ""


def test_misfits_are_short_and_hold_nothing_that_a_database_refuses() -> None:
    long = a_shape().misfit(FITS.replace("lost_card", "x" * 5000))
    assert len(long) <= 300
    assert "\0" not in a_shape().misfit(FITS.replace("lost_card", "a\\u0000b"))
    assert a_shape().cells(FITS.replace("It says", "\\u0000"))[-1] == "� “lost”"


@given(
    st.text()
    | st.recursive(st.none() | st.integers(-(2**63), 2**63) | st.text(), st.lists).map(
        lambda one: orjson.dumps(one).decode()
    )
)
def test_any_answer_gives_cells_and_words(answer: str) -> None:
    cells, misfit = a_shape().read(answer)
    assert (misfit == "") <= bool(cells)


# ---- pasted schemas --------------------------------------------------------------------------------------


def test_a_pasted_schema_is_sent_as_it_is_and_its_properties_are_fields() -> None:
    properties = '{"zeta":{"type":"string"},"a":{"$ref":"#/$defs/A"}}'
    text = f'{{"type":"object","properties":{properties},"$defs":{{"A":{{"type":"integer"}}}}}}'
    shape = a_shape({"schema": text})

    assert shape.fields == ("zeta", "a")
    assert orjson.dumps(shape.response_format()["json_schema"]["schema"]).decode() == text
    assert shape.misfit('{"a":"x"}') == 'a: "x" is not a whole number'
    assert a_shape({"schema": orjson.loads(text)}).schema == shape.schema


def test_a_schema_of_no_object_has_no_fields() -> None:
    shape = a_shape({"schema": {"type": "array", "items": {"type": "string"}}})

    assert shape.fields == ()
    assert shape.read('["a"]') == ({}, "")
    assert shape.misfit("[1]") == "[1]: 1 is not text"


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"schema": '{"type":'}, "This is not JSON: "),
        ({"schema": "[]"}, "A JSON Schema is an object"),
        ({"schema": {"type": "thing"}}, "This is not a JSON Schema: "),
        ({"schema": {"$ref": "http://127.0.0.1/other"}}, "$ref “http://127.0.0.1/other” does not name a part"),
        ({"schema": {"$ref": "file:///etc/passwd"}}, "$ref “file:///etc/passwd” does not name a part"),
        ({"schema": {"enum": ["x" * 200_000]}}, "The schema has 200,"),
        (of_fields(), "Add a column"),
        (of_fields({"type": "text"}), "Field 1 has no name."),
        (of_fields({"name": "a", "type": "text"}, {"name": "a", "type": "text"}), "There are 2 fields named “a”."),
        (of_fields({"name": "a", "type": "date"}), "Field “a” has no type"),
        (of_fields({"name": "a", "type": "choice"}), "Field “a”: name the values"),
        (of_fields({"name": "a", "type": "choice", "values": ["x", " "]}), "Field “a” has an empty value."),
        (of_fields({"name": "a", "type": "choice", "values": ["x", "x"]}), "Field “a”: “x” is listed twice."),
        (of_fields({"name": "a", "type": "choice", "values": ["x" * 301]}), "Field “a”: a value has more than 300"),
        (
            of_fields({"name": "a", "type": "choice", "values": [str(n) for n in range(501)]}),
            "Field “a” has 501 values",
        ),
        (of_fields({"name": "a" * 65, "type": "text"}), f"Field “{'a' * 64}”: a name has 64"),
        (of_fields(*({"name": f"f{n}", "type": "text"} for n in range(51))), "There are 51 fields"),
        ({"function": {"name": ""}, "schema": {"type": "object"}}, "Give the function a name"),
        ({"function": {"name": "note city"}, "schema": {"type": "object"}}, "“note city” is no name of a function"),
        ({"function": {"name": "note"}, "schema": {"type": "string"}}, "The parameters of a function are an object"),
    ],
)
def test_a_shape_that_cannot_be_sent_is_refused_in_words(stored: dict[str, Any], words: str) -> None:
    assert problems(stored)[0].startswith(words)
    with pytest.raises(ValueError):  # noqa: PT011
        shape_of(stored)


def test_text_is_no_shape_and_a_good_one_has_no_problems() -> None:
    assert shape_of(None) is None
    assert problems(None) == problems(FIELDS) == []


def test_a_pattern_cannot_keep_a_worker_busy() -> None:
    shape = a_shape({"schema": {"type": "string", "pattern": "^(a+)+$"}})
    assert shape.misfit(f'"{"a" * 50_000}!"') != ""
