"""Reading JSON that we do not control: a value of the wrong type counts as missing and never raises."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

import orjson

BIGGEST = 2**63 - 1  # the largest database integer; nothing at xAI should exceed it


def is_table(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def table(value: object) -> dict[str, Any]:
    """Returns the JSON object, {} for anything else."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Returns the JSON string, "" for anything else."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """Returns a whole number, also written as 3.0 or "3" (JSON often carries 64-bit integers as strings). Else None."""
    if type(value) is int:
        return value if -BIGGEST <= value <= BIGGEST else None
    if isinstance(value, str) and len(value) < 19 and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= BIGGEST:
        return int(value)
    return None


def count(value: object) -> int:
    """Returns a whole number, 0 if it is missing."""
    if type(value) is int and 0 <= value <= BIGGEST:  # the usual case; read five times per result row
        return value
    return number(value) or 0


def decode_json(body: bytes) -> Any:
    """Returns the JSON value of a body. Raises ValueError if it is not JSON.

    orjson refuses a whole page because of half a surrogate pair (an emoji cut in two) in one answer. The slower
    fallback replaces it by U+FFFD, so that one bad character does not block a thousand answers.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as first:
        try:
            return _decode_leniently(body)
        except (ValueError, RecursionError):
            raise ValueError(str(first)) from None


def _decode_leniently(body: bytes) -> Any:
    value = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda _name: None)
    repaired = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return orjson.loads(repaired)
