"""What people paste in the place of a JSON Schema is named for what it is, by itself and at the field of the editor."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from batchsite.batches.models import Batch
from batchsite.recipes.answer_shape import problems
from batchsite.recipes.pasted_schema import read_schema
from batchsite.recipes.schema_nodes import SchemaError
from batchsite.teams.models import Team, User
from tests.patience import patient
from tests.submission.stories import a_draft

FIELD = {"type": "string", "enum": ["a", "b"]}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"label": FIELD}, "required": ["label"]}
TEXT = json.dumps(SCHEMA)
OTHERS = {
    "Zod": ("const A = z.object({\n  label: z.enum(['a', 'b']),\n});", "This is Zod, not JSON Schema."),
    "Zod with its import": ('import { z } from "zod";\nexport const A = z.object({});', "This is Zod"),
    "an interface": ("interface Answer {\n  label: 'a' | 'b';\n}", "This is TypeScript, not JSON Schema."),
    "an exported interface": ("export interface Answer { label: string }", "This is TypeScript"),
    "a type": ("type Answer = { label: string };", "This is TypeScript"),
    "Pydantic": ("from pydantic import BaseModel\n\nclass Answer(BaseModel):\n    label: str\n", "This is Pydantic"),
    "a data class": ("@dataclass\nclass Answer:\n    label: str\n", "This is Python, not JSON Schema."),
    "Python": ("{'type': 'object', 'additionalProperties': False}", "This is Python, not JSON."),
    "Python in double quotes": ('{"type": "object", "additionalProperties": False}', "This is Python, not JSON."),
    "JavaScript": ("{type: 'object', properties: {}}", "This is JavaScript, not JSON."),
    "a script": ('const schema = {"type": "object"};', "This is JavaScript, not JSON."),
    "YAML": ("type: object\nproperties:\n  label:\n    type: string\n", "This is YAML, not JSON."),
    "YAML behind a line": ("---\ntype: object\n", "This is YAML, not JSON."),
    "comments": ('{\n  // the label\n  "type": "object"\n}', "JSON has no comments."),
    "a comma too many": ('{"type": "object",\n}', "There is a comma before a closing bracket, in line 2."),
    "typographic quotes": (TEXT.replace('"', "“"), "There are typographic quotes"),
    "spaces that are none": (json.dumps(SCHEMA, indent=2).replace("  ", "\u00a0"), "There are spaces of another kind"),
    "words before it": ("Here is the schema:\n" + TEXT, "Words stand before the schema"),
    "XML": ("<xs:schema/>", "This is XML, not JSON."),
    "GraphQL": ("type Answer { label: String! }", "This is GraphQL"),
    "a message of Protobuf": ("message A { string label = 1; }", "This is Protobuf"),
    "JSON, encoded twice": (json.dumps(TEXT), "This is JSON in a text: it was encoded twice."),
    "an example": ('{"label": "a", "n": 3}', "Is it an example of an answer?"),
    "a map of properties": ('{"label": {"type": "string"}}', "put it under “properties”"),
    "definitions alone": (json.dumps({"$defs": {"A": SCHEMA}}), "{“$ref”: “#/$defs/A”}"),
    "old definitions alone": (json.dumps({"definitions": {"A": SCHEMA, "B": {}}}), "{“$ref”: “#/definitions/A”}"),
    "types in capitals": ('{"type": "OBJECT"}', "OBJECT is written in small letters: object"),
    "types of Python": ('{"type": "object", "properties": {"a": {"type": "int"}}}', "int is called integer"),
    "a name twice": ('{"type": "object", "properties": {}, "properties": {"a": {}}}', "“properties” is there twice"),
    "no value allowed": ('{"type": "object", "properties": {"a": {"enum": []}}}', "“enum” is empty"),
    "a required name without a property": (
        '{"type": "object", "properties": {"a": {}}, "required": ["b"], "additionalProperties": false}',
        "“b” is required, and not allowed",
    ),
    "no room between the bounds": (
        '{"type": "object", "properties": {"a": {"minimum": 5, "maximum": 3}}}',
        "“minimum” is above “maximum”",
    ),
    "no room between the lengths": ('{"type": "string", "minLength": 5, "maxLength": 3}', "“minLength” is above"),
}


def said(text: str) -> str:
    """What keeps the schema from being used."""
    return " ".join(problems({"schema": text}))


@pytest.mark.parametrize(("text", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_it_is_named_for_what_it_is(text: str, words: str) -> None:
    assert words in said(text)


@pytest.mark.django_db
def test_the_editor_says_so_at_the_field(team: Team, alice: User, client_of: Callable[[User], Client]) -> None:
    draft, site = a_draft(team, alice), client_of(alice)
    form = {"name": "x", "prompt": "Which? {{text}}", "model": "grok-4.3", "shape_kind": "schema"}
    for text, words in [*OTHERS.values()][::8]:
        page = site.post(reverse("batch-check", args=[draft.pk]), form | {"schema": text}, follow=True)
        assert page.status_code < 500
        assert escape(words) in page.content.decode(), words
        for name in ("batch-edit", "batch-review", "try"):
            assert site.get(reverse(name, args=[draft.pk])).status_code < 500
    assert Batch.objects.get().state == "draft"


FENCED = ["```json\n%s\n```", "```\n%s\n```\n", "~~~ json\n%s\n~~~"]


@pytest.mark.parametrize("fence", FENCED)
def test_a_fence_of_markdown_is_taken_off(fence: str) -> None:
    assert read_schema(fence % TEXT).schema == SCHEMA
    assert "fence" in read_schema(fence % TEXT).note


def test_the_tool_of_bedrock_is_an_envelope() -> None:
    pasted = read_schema({"toolSpec": {"name": "f", "inputSchema": {"json": SCHEMA}}})
    assert pasted.schema == SCHEMA
    assert "toolSpec.inputSchema.json" in pasted.note


SOUND = [
    {"type": "object", "properties": {"enum": {"type": "array"}, "required": {"type": "string"}}},
    {"type": "object", "properties": {"a": {"const": {"enum": [], "minimum": 3, "maximum": 1}}}},
    {"type": "object", "properties": {"a": {}}, "required": ["b"]},
    {"type": "object", "patternProperties": {"^b": {}}, "required": ["b"], "additionalProperties": False},
    {"type": "object", "properties": {"a": {"minimum": 3, "maximum": 3, "default": {"enum": []}}}},
    {"type": "object", "allOf": [{"required": ["b"]}], "properties": {"b": {}}, "additionalProperties": False},
    {"$defs": {"A": {"type": "object"}}, "$ref": "#/$defs/A"},
]


@pytest.mark.parametrize("schema", SOUND, ids=range(len(SOUND)))
def test_what_can_be_answered_is_taken(schema: dict[str, Any]) -> None:
    assert problems({"schema": json.dumps(schema)}) == []


NEARLY = ["{" * 3000, "a: " * 90_000, "z" * 399_000, " " * 300_000 + "x", "{'" * 100_000, "“" * 9]


@pytest.mark.parametrize("text", NEARLY, ids=range(len(NEARLY)))
def test_what_is_nearly_one_of_these_is_refused_in_no_time(text: str) -> None:
    with pytest.raises(SchemaError):
        read_schema(text)


@pytest.mark.parametrize(
    "text",
    [
        "```\n" + "\n" * 390_000 + "x",
        "```\n" + "\n```" * 90_000 + "x",
        "{" + ",".join(f'"a{number}":1' for number in range(30_000)) + ',"a29999":2}',
        '{"enum":[' + "{" + ",".join(f'"a{number}":1' for number in range(7_000)) + ',"a6999":2}]}',
    ],
    ids=["a fence and blank lines", "a fence of fences", "many names", "many names further in"],
)
def test_what_is_pasted_costs_no_more_than_its_length(text: str) -> None:
    begin = time.process_time()
    assert problems({"schema": text})
    assert time.process_time() - begin < patient(1)
