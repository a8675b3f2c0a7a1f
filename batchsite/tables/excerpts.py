"""Excerpts of a file that are safe to show. Pure."""

from __future__ import annotations

import re

LENGTH = 80
_UNSHOWABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def excerpt(text: str, around: int = 0) -> str:
    """Returns part of a raw text on one line, invisible characters made visible. `around`: a position to include."""
    start = max(0, around - LENGTH // 2)
    piece = text[start : start + LENGTH].replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎")
    piece = _UNSHOWABLE.sub("�", piece.rstrip("⏎"))
    return ("…" if start else "") + piece + ("…" if start + LENGTH < len(text.rstrip("\r\n")) else "")
