"""Rows of the draft's page that repeat: what a button does to them, and what is read of the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from batchsite.drafts import typed_parts
from batchsite.recipes.shape_edits import with_values

ROWS = st.lists(st.integers(), max_size=6)


@given(ROWS, st.sampled_from(["up", "down"]), st.integers(0, 8))
def test_moving_loses_nothing(rows: list[int], verb: str, number: int) -> None:
    after = typed_parts.after(rows, "fields", f"fields-{verb}-{number}", 0)
    assert sorted(after) == sorted(rows)


@pytest.mark.parametrize(
    ("do", "rows"),
    [
        ("fields-add", ["a", "b", "c", ""]),
        ("fields-remove-1", ["a", "c"]),
        ("fields-up-2", ["a", "c", "b"]),
        ("fields-up-0", ["a", "b", "c"]),
        ("fields-down-0", ["b", "a", "c"]),
        ("fields-down-2", ["a", "b", "c"]),
        ("fields-remove-9", ["a", "b", "c"]),
        ("examples-remove-1", ["a", "b", "c"]),
        ("values-1", ["a", "b", "c"]),
        ("", ["a", "b", "c"]),
    ],
)
def test_a_button_does_what_it_says(do: str, rows: list[str]) -> None:
    assert typed_parts.after(["a", "b", "c"], "fields", do, "") == rows


def test_a_page_without_the_part_says_nothing_of_it() -> None:
    assert typed_parts.rows_of(QueryDict("fields-name=x"), "fields") is None
    assert typed_parts.rows_of(QueryDict("fields-shown=1"), "fields") == []


def test_fields_are_read_in_the_order_of_the_page() -> None:
    data = QueryDict(mutable=True)
    data.setlist("fields-shown", ["1"])
    data.setlist("fields-name", [" intent ", "why"])
    data.setlist("fields-type", ["choice", "text"])
    data.setlist("fields-values", ["b\r\n a \r\n\r\nb", ""])
    data.setlist("fields-required", ["yes", "no"])
    assert typed_parts.fields(typed_parts.rows_of(data, "fields") or []) == [
        {"name": "intent", "type": "choice", "values": ["b", "a"], "description": "", "required": True},
        {"name": "why", "type": "text", "values": [], "description": "", "required": False},
    ]


def field(name: str, kind: str = "text", values: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "type": kind, "values": values or [], "description": "", "required": True}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ([], ["kind"]),
        ([field("")], ["kind"]),
        ([field("why")], ["why", "kind"]),
        ([field("why"), field("mood", "choices")], ["why", "mood"]),
        ([field("kind", "choice", ["old"]), field("mood", "choice")], ["kind", "mood"]),
    ],
)
def test_values_of_a_column_go_where_they_are_waited_for(fields: list[dict[str, Any]], names: list[str]) -> None:
    made = with_values({"fields": fields}, "kind", ["a", "b"])["fields"]
    assert [one["name"] for one in made] == names
    [taken] = [one for one in made if one["values"] == ["a", "b"]]
    assert taken["type"] in ("choice", "choices")


def test_values_of_a_column_begin_a_shape_where_the_answer_was_text_or_a_schema() -> None:
    for shape in (None, {"schema": "{}"}):
        [made] = with_values(shape, "kind", ["a"])["fields"]
        assert (made["name"], made["type"]) == ("kind", "choice")
