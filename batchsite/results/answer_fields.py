"""The answers of a batch as fields with values. An answer without a shape counts as one field, `answer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchsite.batches.models import Batch
from batchsite.recipes.answer_shape import Shape, as_cell, shape_of

WHOLE = "answer"
"""The name of the one field of answers without a shape."""
LONGEST = 200
"""Characters of a value that is told apart from others; what is longer is text, not a value."""


def shape_in(batch: Batch) -> Shape | None:
    """The batch's shape where its answers have fields; None where they are text, or cannot be taken apart."""
    try:
        shape = shape_of(batch.shape)
    except ValueError:
        return None
    return shape if shape is not None and shape.fields else None


def field_names(batch: Batch) -> tuple[str, ...]:
    """The fields of the batch's answers; at least one."""
    shape = shape_in(batch)
    return shape.fields if shape else (WHOLE,)


def values_in(shape: Shape | None, answer: str) -> dict[str, str]:
    """{field: value as text} of an answer. Fields that it does not have, or that hold nothing, are not there."""
    if shape is None:
        text = answer.strip()
        return {WHOLE: text} if text else {}
    found = {name: as_cell(value).strip() for name, value in shape.values(answer).items()}
    return {name: text for name, text in found.items() if text}


def label(text: str) -> str:
    """How two answers are compared: without blanks around them, upper and lower case alike."""
    return text.strip().casefold()


def kinds_of(batch: Batch) -> Mapping[str, Any]:
    """{field: the values that it may take, in the order of the shape}, where the shape names them."""
    shape = shape_in(batch)
    properties = shape.schema.get("properties", {}) if shape else {}
    return {
        name: [as_cell(value) for value in one["enum"]]
        for name, one in properties.items()
        if isinstance(one, dict) and isinstance(one.get("enum"), list)
    }
