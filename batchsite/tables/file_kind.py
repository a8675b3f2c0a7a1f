"""What a file is that is no delimited text, from its first bytes. Pure."""

from __future__ import annotations

import codecs
import re

from batchsite.tables.byte_order_marks import mark_of
from batchsite.tables.encodings import without_mark

SAMPLE_BYTES = 262_144

_SQL = re.compile(
    rb"""\s*(?:--[^\r\n]*\s+)*(?:insert\s+into\s+\S+\s*(?:\(|values\b|select\b)|
    create\s+table\s+(?:if\s+not\s+exists\s+)?\S+\s*\(|drop\s+table\b[^\r\n]*;\s*[\r\n])""",
    re.I | re.X,
)
_MARKUP = (
    (re.compile(rb"\s*<(!doctype html|html|head|body|table)\b", re.I), "a web page (HTML)"),
    (re.compile(rb"\s*<\?xml\b", re.I), "an XML file"),
    (re.compile(rb"\s*(\{\s*\"|\[\s*[\[{])"), "a JSON file"),
    (re.compile(rb"\s*\|[^\r\n]*\r?\n[ \t]*\|[ \t]*:?-[-:| \t]*(?:[\r\n]|\Z)"), "a table in Markdown"),
    (re.compile(rb"\s*\+-[-+]*\+[ \t]*\r?\n[ \t]*\|"), "a table as a terminal shows it"),
    (re.compile(rb"[^\r\n]*\|[^\r\n]*\r?\n[ \t]*-+(?:\+-+)+[ \t]*(?:[\r\n]|\Z)"), "a table as a terminal shows it"),
    (_SQL, "SQL"),
)
_CONTROL = re.compile(rb"[\x02-\x08\x10-\x1a\x7f]")
"""Not those that separate cells or switch between alphabets."""
_UNTEXT = re.compile(rb"[\0\x02-\x08\x10-\x1a\x7f]")
_MOST_NULS, _MOST_CONTROLS = 0.2, 0.06
_JUDGED = 65_536


def what_else(head: bytes) -> str | None:
    """What the file is where it is no CSV ("an XML file"), None where it may be one; `formats` had it before."""
    if _binary(head[:_JUDGED]) and not mark_of(head)[0] and not without_mark(head):
        return "binary data"
    text = head.removeprefix(codecs.BOM_UTF8)
    return next((name for pattern, name in _MARKUP if pattern.match(text)), None)


def _binary(head: bytes) -> bool:
    """Whether much of it is no text, and it does not begin as text either: else the line is named where that ends."""
    nuls, controls = head.count(0), len(_CONTROL.findall(head))
    if max(nuls - _MOST_NULS * len(head), controls - _MOST_CONTROLS * len(head)) < 0 or not head:
        return False
    begin = _UNTEXT.split(head, maxsplit=1)[0]
    return b"\n" not in begin and b"\r" not in begin
