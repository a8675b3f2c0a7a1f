"""What no cell and no column name may contain, whatever the format. Pure."""

from __future__ import annotations

import re

from batchsite.tables.table_types import Limits

LONGEST_NAME = 300
"""Characters of a column's name."""
UNFIT = re.compile("[\0\ud800-\udfff]")
"""A NUL, or half of a character. A byte that cannot be decoded comes through as U+DC00 and its value."""


def unfit(text: str, encoding: str = "utf-8") -> str:
    """Returns what is wrong with the first character of `text` that no cell may have. Empty if all are fine."""
    match = UNFIT.search(text)
    if not match:
        return ""
    code = ord(match.group())
    if not code:
        return "A NUL character: the file is damaged, or not text."
    if not 0xDC7F < code < 0xDD00:
        return f"\\u{code:04x} is half of a character: the other half is missing."
    if not encoding.startswith("utf-8"):
        return f"Byte {code - 0xDC00:02X} is not a valid character in {encoding}."
    return f"Byte {code - 0xDC00:02X} is not UTF-8."


def too_long(length: int, limits: Limits) -> str:
    """Returns the problem of a cell above the limit. Empty for one below."""
    return f"A cell of {length:,} characters; the limit is {limits.cell:,}." if length > limits.cell else ""


def too_many_columns(count: int, limits: Limits, thing: str = "table") -> str:
    """Returns the problem of more columns than the limit. Empty if there are not more."""
    return f"The {thing} has {count:,} columns; the limit is {limits.columns:,}." if count > limits.columns else ""
