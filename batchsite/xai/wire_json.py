"""Reading JSON that we do not control: a value of the wrong type counts as missing and never raises."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, TypeGuard

import orjson

BIGGEST = 10**12
"""No answer costs $100. What claims more counts as missing: the sums over 5,000,000 rows, the most of a dataset, stay
within the largest integer of a database.
"""
MOST_COUNT = 2_000_000_000
"""Of tokens, calls, rows and prices a token; columns of 32 bits hold them."""

MUCH = 4_000_000
"""Bytes of a body from which its values may be more than there is memory for."""
MOST_SPACES = 5_000_000
"""Bytes that indenting may add."""
_LEVELS = 254
_LONGEST_WHOLE = 20
"""Digits from which a whole number is read as a float."""
BRACKET = 100
"""Bytes of an empty list or object among many."""


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
    if type(value) is int and 0 <= value <= MOST_COUNT:  # the usual case; read five times per result row
        return value
    return few(value) or 0


def few(value: object) -> int | None:
    """Returns a number of things. None if it is missing, or of no things that there are."""
    found = number(value)
    return found if found is not None and 0 <= found <= MOST_COUNT else None


def decode_json(body: bytes) -> Any:
    """Returns the JSON value of a body. Raises ValueError if it is not JSON.

    orjson refuses a whole page because of half a surrogate pair (an emoji cut in two) in one answer. The slower
    fallback replaces it by U+FFFD, so that one bad character does not block a thousand answers.
    """
    need_room(body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as first:
        try:
            return _decode_leniently(body)
        except (ValueError, RecursionError):
            raise ValueError(str(first)) from None


def need_room(body: bytes) -> None:
    """Raises MemoryError where the values of a body would not fit: orjson and msgspec end the process then.

    64 MB of empty lists are 1.9 GB of values.
    """
    if len(body) > MUCH:
        bytearray(2 * len(body) + BRACKET * (body.count(b"[") + body.count(b"{")))  # not written to: takes no time


def encode_json(value: Any, *, indent: bool = False) -> bytes:
    """Returns a value that was received as JSON. orjson refuses to write beyond 254 levels, and reads up to 1,024.

    It is not indented where that could make much more of it: at level 254 every line has 508 spaces.
    """
    try:
        written = orjson.dumps(value)
        openings = written.count(b"[") + written.count(b"{")
        most = 2 * min(openings, _LEVELS) * (2 * openings + written.count(b","))
        return orjson.dumps(value, option=orjson.OPT_INDENT_2) if indent and most <= MOST_SPACES else written
    except TypeError:
        pass
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except RecursionError:
        return orjson.dumps({"unreadable": "It is nested too deeply."})


def _finite(digits: str) -> float | int | None:
    """Returns a number, None for one that no column could hold: one such cost must not lose the answer beside it."""
    if len(digits) < _LONGEST_WHOLE and digits.lstrip("-").isdecimal():
        return int(digits)
    value = float(digits)
    return value if isfinite(value) else None


def _decode_leniently(body: bytes) -> Any:
    text = body.decode("utf-8-sig", "replace")
    value = json.loads(text, parse_constant=lambda _name: None, parse_float=_finite, parse_int=_finite)
    repaired = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return orjson.loads(repaired)
