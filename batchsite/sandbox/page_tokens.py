"""The parameters limit and pagination_token of every list (facts 2.3, 2.6, 2.7)."""

from __future__ import annotations

import base64
import binascii

from batchsite.sandbox.exchange import Call
from batchsite.sandbox.wire_shapes import refuse

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
_PREFIX = "page:"


def page_parameters(call: Call, maximum: int = MAX_LIMIT) -> tuple[int, str]:
    """Returns (limit, token); the token may be "". Raises Refused (400) for a limit out of range."""
    limit = call.query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= maximum:
        refuse(400, f"limit must be between 1 and {maximum}, got {limit}.")
    return int(limit), call.query.get("pagination_token", "")


def token_after(key: str) -> str:
    """Returns an opaque cursor that points behind the row ``key``."""
    return base64.urlsafe_b64encode(f"{_PREFIX}{key}".encode()).decode()


START = token_after("")
"""A cursor to the very beginning. Only the scripted fault cursor_repeats returns it."""


def key_of(token: str) -> str:
    """Returns the row key behind which the cursor points, "" for no token. Raises Refused (400) if it is not ours."""
    if not token:
        return ""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    if not text.startswith(_PREFIX):
        refuse(400, "Invalid pagination token.")
    return text.removeprefix(_PREFIX)
