"""Looking into JSON that somebody else wrote: a wrong type reads as absent, never as an exception."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

import orjson

BIGGEST = 2**63 - 1  # what a database integer holds; nothing at xAI is meant to be larger


def is_table(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def table(value: object) -> dict[str, Any]:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The JSON string, or ""."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """A whole number, also where it is written as 3.0 or "3" (64-bit integers often travel as strings)."""
    if type(value) is int:
        return value if -BIGGEST <= value <= BIGGEST else None
    if isinstance(value, str) and len(value) < 19 and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= BIGGEST:
        return int(value)
    return None


def count(value: object) -> int:
    """A whole number, where absent means none."""
    if type(value) is int and 0 <= value <= BIGGEST:  # nearly always, and results ask five times a row
        return value
    return number(value) or 0


def decode_json(body: bytes) -> Any:
    """The JSON value of a body; ValueError if it is none.

    orjson refuses a whole page for one half of a surrogate pair (a cut emoji in one answer), and would do
    so at every reading. The second, slower way puts U+FFFD in its place, so that one odd character never
    keeps a thousand answers away.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as first:
        try:
            return _decode_mending(body)
        except (ValueError, RecursionError):
            raise ValueError(str(first)) from None


def _decode_mending(body: bytes) -> Any:
    value = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda _name: None)
    mended = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return orjson.loads(mended)
