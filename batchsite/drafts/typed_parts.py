"""The parts of a draft that repeat: examples, and the fields of an answer. Pure.

Each part is a list of rows on the page. The inputs of all rows have the same names and come in the order of the
page, so that moving a row needs nothing but moving it. Without JavaScript a button `do` says what is to become of
the rows: `<part>-add`, `<part>-remove-<n>`, `<part>-up-<n>`, `<part>-down-<n>`, with n counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.http import QueryDict

PARTS = {"examples": ("user", "assistant"), "fields": ("name", "type", "values", "description", "required")}
"""The inputs of a row, by part; on the page `<part>-<input>`."""
MOST_ROWS = 200
_Item = TypeVar("_Item")
_DO = re.compile(r"(?P<part>\w+)-(?P<verb>add|remove|up|down)(?:-(?P<number>\d{1,6}))?")


def rows_of(data: QueryDict, part: str) -> list[dict[str, str]] | None:
    """The rows of a part as they were typed, None where the page did not have it."""
    if f"{part}-shown" not in data:
        return None
    columns = {name: data.getlist(f"{part}-{name}")[:MOST_ROWS] for name in PARTS[part]}
    count = max(map(len, columns.values()))
    return [
        {name: (texts[row] if row < len(texts) else "").replace("\r\n", "\n") for name, texts in columns.items()}
        for row in range(count)
    ]


def after(rows: Sequence[_Item], part: str, do: str, blank: _Item) -> list[_Item]:
    """The rows after what the button says, in a new list; as they are where it is about something else."""
    found, changed = _DO.fullmatch(do), list(rows)
    if not found or found["part"] != part:
        return changed
    number = int(found["number"] or 0)
    if found["verb"] == "add":
        return [*changed, blank]
    if number < len(changed):
        item = changed.pop(number)
        if found["verb"] != "remove":
            changed.insert(max(0, number + (1 if found["verb"] == "down" else -1)), item)
    return changed


def examples(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Examples as a draft keeps them: also half written ones, as nothing that was typed is dropped."""
    return [{"user": row["user"], "assistant": row["assistant"]} for row in rows]


def fields(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Fields of an answer as a draft keeps them; allowed values stand one a line."""
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
