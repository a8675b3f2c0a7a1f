"""The parts of a draft that are lists: examples, and the fields of an answer. Pure.

The inputs of all rows have the same names and are sent in the order of the page, so moving a row on the page is all
it takes to move it. Without JavaScript, the value of the button `do` is `<part>-add`, `<part>-remove-<n>`,
`<part>-up-<n>` or `<part>-down-<n>`, with n counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.http import QueryDict

PARTS = {"examples": ("user", "assistant"), "fields": ("name", "type", "values", "description", "required")}
"""Inputs of a row, by part; named `<part>-<input>` on the page."""
MOST_ROWS = 200
_Item = TypeVar("_Item")
_DO = re.compile(r"(?P<part>\w+)-(?P<verb>add|remove|up|down)(?:-(?P<number>\d{1,6}))?")


def rows_of(data: QueryDict, part: str) -> list[dict[str, str]] | None:
    """Returns the rows of a part as typed. None if the page did not have the part."""
    if f"{part}-shown" not in data:
        return None
    columns = {name: data.getlist(f"{part}-{name}")[:MOST_ROWS] for name in PARTS[part]}
    count = max(map(len, columns.values()))
    return [
        {name: (texts[row] if row < len(texts) else "").replace("\r\n", "\n") for name, texts in columns.items()}
        for row in range(count)
    ]


def after(rows: Sequence[_Item], part: str, do: str, blank: _Item) -> list[_Item]:
    """Returns a new list of rows with what the button says applied."""
    command, changed = _DO.fullmatch(do), list(rows)
    if not command or command["part"] != part:
        return changed
    number = int(command["number"] or 0)
    if command["verb"] == "add":
        return [*changed, blank]
    if number < len(changed):
        item = changed.pop(number)
        if command["verb"] != "remove":
            changed.insert(max(0, number + (1 if command["verb"] == "down" else -1)), item)
    return changed


def examples(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Returns examples as a draft stores them, unfinished ones included."""
    return [{"user": row["user"], "assistant": row["assistant"]} for row in rows]


def fields(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Returns fields of an answer as a draft stores them; allowed values are typed one per line."""
    return [
        {
            "name": row["name"].strip(),
            "type": row["type"] or "text",
            "values": list(dict.fromkeys(line.strip() for line in row["values"].split("\n") if line.strip())),
            "description": row["description"].strip(),
            "required": row["required"] != "no",
        }
        for row in rows
    ]
