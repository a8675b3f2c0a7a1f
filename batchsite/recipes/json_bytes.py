"""Anything that JSON can hold as bytes, also what orjson refuses. Pure."""

from __future__ import annotations

import json
from typing import Any

import orjson


def json_bytes(value: Any, *, sort_keys: bool = False) -> bytes:
    """Returns compact JSON, for sizes and fingerprints of what people typed.

    orjson refuses whole numbers beyond 64 bits and more than 254 levels; both may be part of a draft.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), sort_keys=sort_keys).encode()
