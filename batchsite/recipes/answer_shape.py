"""The shape of an answer: text, fields that a JSON schema describes, or the arguments of a function. Pure.

A `Batch.shape` becomes a `Shape` once per batch and process; checking an answer then takes a microsecond (measured:
jsonschema-rs 0.3 µs a check, fastjsonschema 3.7 µs), so a million answers can be checked as they arrive.

Checking is bounded: its work is computed beforehand (see schema_graph). An answer that would take too much is not
checked, and its row says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from batchsite.recipes.cut_answers import is_cut_off
from batchsite.recipes.misfit_words import misfit_words
from batchsite.recipes.pasted_schema import PastedSchema, read_schema, why_no_rule
from batchsite.recipes.schema_faults import contradiction, repeated_name
from batchsite.recipes.schema_graph import SchemaGraph
from batchsite.recipes.shape_fields import field_problems, fields_schema
from batchsite.xai.wire_json import encode_json

MOST_WORK = 2_000_000
"""Subschemas times values that are checked for one answer: about a tenth of a second."""
MOST_EXPLAINED = 5_000
"""The same, up to which the first error is put into words: that takes a hundred times longer than finding it."""
CHARACTERS_A_UNIT = 64
"""Characters of an answer that count as much as one value."""
DEEPEST_ANSWER = 200
"""Levels of brackets in an answer that is read as JSON."""
PAGE_WORK = 10 * MOST_WORK
"""Work allowed for all answers that are checked at once, such as those of a page of results."""
PAGE_EXPLAINED = 20 * MOST_EXPLAINED
NO_JSON = "The answer is not JSON"
NOT_CALLED = "The model answered in words and did not call “{name}”"
CUT_OFF = "The answer was cut off at the token limit"
UNCHECKED = "The answer was not checked: it is too large or too deep for its schema"
UNEXPLAINED = "The answer does not fit the schema"
_FENCE = "```"
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_DESCRIPTION = 2_000


@dataclass
class Effort:
    """What checking may still cost. Shared by answers that are checked together, so that their sum is bounded."""

    work: int = PAGE_WORK
    explained: int = PAGE_EXPLAINED


@dataclass(frozen=True)
class Shape:
    """What answers must look like."""

    schema: dict[str, Any]
    fields: tuple[str, ...]
    """The columns of an answer: the properties of an object, in order. Empty for other kinds of schema."""
    validator: Any
    graph: SchemaGraph
    function: str = ""
    """Name of the function that the model is to call; the answer is what it would be called with (facts 6.5)."""
    description: str = ""
    """What that function is for, in words for the model."""

    def as_function(self) -> dict[str, Any] | None:
        """Returns the function as it stands in a request. None if the answer is no call."""
        if not self.function:
            return None
        described = {"description": self.description} if self.description else {}
        return {"name": self.function, **described, "parameters": self.schema}

    def response_format(self) -> dict[str, Any]:
        """Returns the request parameter of that name (facts 6.1)."""
        return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": self.schema}}

    def misfit(self, answer: str, finish_reason: str = "", effort: Effort | None = None) -> str:
        """Returns why an answer does not fit, or was not checked, as a sentence. Empty if it fits."""
        try:
            value = _loads(answer)
        except ValueError:
            if is_cut_off(finish_reason):
                return CUT_OFF
            return NOT_CALLED.format(name=self.function) if self.function else NO_JSON
        effort = effort or Effort()
        work = self._work(answer, value)
        if work is None or work > min(MOST_WORK, effort.work):
            return UNCHECKED
        effort.work -= work
        if self.validator.is_valid(value):
            return ""
        if self.graph.has_choices:
            if work > min(MOST_EXPLAINED, effort.explained):
                return UNEXPLAINED
            effort.explained -= work
        try:
            self.validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return misfit_words(error)
        return UNEXPLAINED

    def _work(self, answer: str, value: Any) -> int | None:
        """Returns an upper bound of what checking costs. None if the answer nests too deep for its schema."""
        brackets = answer.count("[") + answer.count("{")
        values = 1 + brackets + answer.count(",") + answer.count(":")
        cost = self.graph.cost(brackets)
        if cost is None:
            cost = self.graph.cost(depth_of(value))
        if cost is None:
            return None
        return cost * (values + len(answer) // CHARACTERS_A_UNIT)

    def read(self, answer: str, finish_reason: str = "") -> tuple[dict[str, str], str]:
        """Returns ({field: cell}, misfit). Fields that the answer lacks are left out."""
        cells = {name: as_cell(value) for name, value in self.values(answer).items()}
        return cells, self.misfit(answer, finish_reason)

    def values(self, answer: str) -> dict[str, Any]:
        """Returns {field: JSON value} for the fields that the answer has. Empty if it is not an object."""
        try:
            value = _loads(answer)
        except ValueError:
            return {}
        return {name: value[name] for name in self.fields if name in value} if isinstance(value, dict) else {}

    def cells(self, answer: str) -> tuple[str, ...]:
        """Returns a cell for every field, "" if the answer lacks it."""
        values = self.values(answer)
        return tuple([as_cell(values[name]) if name in values else "" for name in self.fields])


def _loads(answer: str) -> Any:
    """Returns the JSON of an answer, taken out of its fence if it has one. Raises ValueError."""
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        text = answer.strip()
        if not (text.startswith(_FENCE) and text.endswith(_FENCE)):
            raise
        value = orjson.loads(text.partition("\n")[2].removesuffix(_FENCE))
    if answer.count("[") + answer.count("{") > DEEPEST_ANSWER and depth_of(value) > DEEPEST_ANSWER:
        raise ValueError(f"more than {DEEPEST_ANSWER} levels")
    return value


def depth_of(value: Any) -> int:
    """Returns how many levels of objects and lists a value has, up to DEEPEST_ANSWER + 1."""
    level = [value]
    for depth in range(DEEPEST_ANSWER + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return depth
    return DEEPEST_ANSWER + 1


def as_cell(value: Any) -> str:
    """Returns a value as the text of a cell: a text as it is, "" for null, anything else as JSON."""
    if isinstance(value, str):
        return value.replace("\0", "�")
    return "" if value is None else encode_json(value).decode()


# ---- from what a person made -------------------------------------------------------------------------


def shape_of(stored: Mapping[str, Any] | None) -> Shape | None:
    """Returns the shape that a `Batch.shape` describes. None for text. Raises ValueError if it has `problems`."""
    if not stored:
        return None
    try:
        key = orjson.dumps(stored)
    except TypeError as error:
        raise ValueError(problems(stored)[0]) from error
    return _compiled(key)


@lru_cache(maxsize=64)
def _compiled(stored: bytes) -> Shape:
    made = orjson.loads(stored)
    if wrong := _faults(made):
        raise ValueError(wrong[0])
    pasted, function = _schema_of(made), made.get("function") or {}
    named = (function.get("name", ""), function.get("description", ""))
    return Shape(pasted.schema, pasted.graph.properties, pasted.validator, pasted.graph, *named)


def _schema_of(stored: Mapping[str, Any]) -> PastedSchema:
    """Raises ValueError with a sentence. Fields must have no problems of their own.

    A pasted schema is kept as text: a database may reorder the members of an object, and answers follow the order of
    the properties.
    """
    return read_schema(stored["schema"] if "schema" in stored else fields_schema(stored["fields"]))


def json_schema(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schema of a stored shape. Raises ValueError with a sentence."""
    return _schema_of(stored).schema


def problems(stored: Mapping[str, Any] | None) -> list[str]:
    """Returns sentences about what keeps a shape from being submitted. Empty for text."""
    if not stored:
        return []
    wrong = _faults(stored)
    if wrong:
        return wrong
    schema, typed = _schema_of(stored).schema, stored.get("schema")
    words = repeated_name(typed) if isinstance(typed, str) else ""
    words = words or why_no_rule(schema) or contradiction(schema)
    return [words] if words else []


def _faults(stored: Mapping[str, Any]) -> list[str]:
    """Returns sentences about what keeps a shape from being used, also that of a batch that was sent long ago."""
    wrong = [] if "schema" in stored else field_problems(stored.get("fields") or [])
    if "function" in stored:
        wrong += _function_problems(stored["function"])
    if wrong:
        return wrong
    try:
        schema = _schema_of(stored).schema
    except ValueError as error:
        return [str(error)]
    if "function" in stored and schema.get("type") != "object":
        return ["The parameters of a function are an object: begin the schema with “type”: “object”."]
    return []


def _function_problems(function: Mapping[str, Any]) -> list[str]:
    """Returns what is wrong with the name and the description of a function, as sentences."""
    name, description = function.get("name") or "", function.get("description") or ""
    if not name:
        return ["Give the function a name, such as note_city."]
    wrong = []
    if not _FUNCTION_NAME.fullmatch(name):
        wrong.append(f"“{name[:80]}” is no name of a function: use 1 to 64 of A–Z a–z 0–9 _ -.")
    if len(description) > LONGEST_DESCRIPTION:
        wrong.append(f"The description of the function has more than {LONGEST_DESCRIPTION:,} characters.")
    return wrong


def notes(stored: Mapping[str, Any] | None) -> list[str]:
    """Returns sentences about what was done to a shape that a person should know. Empty if it has `problems`."""
    if not stored or problems(stored):
        return []
    note = _schema_of(stored).note
    return [note] if note else []
