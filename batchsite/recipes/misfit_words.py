"""Why an answer does not fit its schema, as a sentence. Pure."""

from __future__ import annotations

from typing import Any

import orjson

LONGEST_MISFIT = 300
LONGEST_VALUE_SHOWN = 80
_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def misfit_words(error: Any) -> str:
    """Returns a validation error as `intent: "lost_card?" is not one of the allowed values`."""
    where = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)[:100]
    where = where.removeprefix(".")
    value, kind = orjson.dumps(error.instance).decode(), error.kind.name
    value = value if len(value) <= LONGEST_VALUE_SHOWN else f"{value[:LONGEST_VALUE_SHOWN]}…"
    if kind == "enum":
        words = f"{value} is not one of the allowed values"
    elif kind == "type":
        types = error.kind.types if hasattr(error.kind, "types") else []
        wanted = " or ".join(_KINDS.get(name, name) for name in types)
        words = f"{value} is not {wanted}" if wanted else _message(error)
    elif kind == "required":
        words = f"“{error.kind.property}” is missing"
    elif kind == "additionalProperties":
        names = ", ".join(f"“{name}”" for name in error.kind.unexpected[:5])
        words = f"{names} was not expected"
    elif kind in ("anyOf", "oneOf"):
        words = f"{value} fits none of the alternatives" if kind == "anyOf" else f"{value} does not fit exactly one"
    else:
        words = _message(error)
    words = f"{where}: {words}" if where else words
    return words.replace("\0", "�").replace("\\u0000", "�")[:LONGEST_MISFIT]


def _message(error: Any) -> str:
    return str(error.message).split("\n", 1)[0][:LONGEST_MISFIT]
