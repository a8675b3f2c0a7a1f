"""The answers of a batch as fields with values. An answer without a shape is one field, `answer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsite.batches.models import Batch
from batchsite.recipes.answer_shape import Shape, as_cell, shape_of

WHOLE = "answer"
"""The name of the one field of answers without a shape."""
LONGEST = 200
"""Most characters of a value that is told apart from others; anything longer is text."""


def shape_in(batch: Batch) -> Shape | None:
    """Returns the shape of the answers. None if they have no fields: they are text, or their shape cannot be read."""
    try:
        shape = shape_of(batch.shape)
    except ValueError:
        return None
    return shape if shape is not None and shape.fields else None


def field_names(batch: Batch) -> tuple[str, ...]:
    """Returns the fields of the batch's answers, at least one: `answer` if they are text."""
    shape = shape_in(batch)
    return shape.fields if shape else (WHOLE,)


def shape_fields(batch: Batch) -> tuple[str, ...]:
    """Returns the fields of the batch's answers. Empty if they are text."""
    shape = shape_of(batch.shape)
    return shape.fields if shape else ()


def values_in(shape: Shape | None, answer: str) -> dict[str, str]:
    """Returns {field: value as text} of an answer, without fields that are absent or empty."""
    if shape is None:
        text = answer.strip()
        return {WHOLE: text} if text else {}
    texts = {name: as_cell(value).strip() for name, value in shape.values(answer).items()}
    return {name: text for name, text in texts.items() if text}


def label(text: str) -> str:
    """Returns the form in which two values are compared: ignores case and blanks around them."""
    return text.strip().casefold()


def kinds_of(batch: Batch) -> Mapping[str, Any]:
    """Returns {field: its possible values, in order} of the fields for which the shape lists them."""
    shape = shape_in(batch)
    properties = shape.schema.get("properties", {}) if shape else {}
    return {
        name: [as_cell(value) for value in schema["enum"]]
        for name, schema in properties.items()
        if isinstance(schema, dict) and isinstance(schema.get("enum"), list)
    }
