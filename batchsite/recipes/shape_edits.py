"""Changes to the shape of an answer that a button makes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsite.recipes.shape_fields import LONGEST_NAME, WITH_VALUES


def part_of(shape: Mapping[str, Any] | None, aside: Mapping[str, Any] | None, kind: str) -> Any:
    """Returns what was typed for a kind of shape (fields, schema), chosen or set aside. None if nothing was."""
    return (shape or {}).get(kind) or (aside or {}).get(kind)


def with_values(shape: Mapping[str, Any] | None, column: str, values: list[str]) -> dict[str, Any]:
    """Returns the shape with the values of a column as allowed values.

    They go to the field of that name, else to one that still lacks values, else to a new field.
    """
    name = column.strip()[:LONGEST_NAME]
    fields = [dict(field) for field in (shape or {}).get("fields", [])]
    same_name = [field for field in fields if field.get("name") == name]
    lacking = [field for field in fields if field.get("type") in WITH_VALUES and not field.get("values")]
    blank = [field for field in fields if not field.get("name") and not field.get("values")]
    target = next(iter([*same_name, *lacking, *blank]), None)
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
