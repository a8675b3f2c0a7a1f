"""The marks at the beginning of a file that say which UTF it is in. Pure."""

from __future__ import annotations

import codecs

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def mark_of(head: bytes) -> tuple[bytes, str]:
    """(mark, codec) that a file begins with; empty where it begins with none."""
    return next(((mark, codec) for mark, codec in MARKS if head.startswith(mark)), (b"", ""))


def mark_for(codec: str) -> bytes:
    """The mark that a file in that codec begins with: for every UTF but plain UTF-8; empty for others."""
    return next((mark for mark, name in MARKS if name == codec), b"")
