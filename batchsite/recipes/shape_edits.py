"""What people do to the shape of an answer with one click. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsite.recipes.answer_shape import LONGEST_NAME, WITH_VALUES


def part_of(shape: Mapping[str, Any] | None, aside: Mapping[str, Any] | None, kind: str) -> Any:
    """What a draft has of a kind of shape (fields, schema), chosen or kept aside; None where nothing was typed."""
    return (shape or {}).get(kind) or (aside or {}).get(kind)


def with_values(shape: Mapping[str, Any] | None, column: str, values: list[str]) -> dict[str, Any]:
    """The shape with the values of a column as allowed ones.

    They go to the field of that name, else to one that still waits for its values, else to a new field.
    """
    name = column.strip()[:LONGEST_NAME]
    fields = [dict(field) for field in (shape or {}).get("fields", [])]
    waiting = [one for one in fields if one.get("type") in WITH_VALUES and not one.get("values")]
    untouched = [one for one in fields if not one.get("name") and not one.get("values")]
    target = next((one for one in fields if one.get("name") == name), None) or next(iter([*waiting, *untouched]), None)
    if target is None:
        target = {"name": "", "description": "", "required": True}
        fields.append(target)
    kind = target.get("type")
    target |= {
        "name": target.get("name") or name,
        "type": kind if kind in WITH_VALUES else "choice",
        "values": values,
    }
    return {"fields": fields}
