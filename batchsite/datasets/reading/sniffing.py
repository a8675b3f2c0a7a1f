"""What a file is that is no delimited text, from its first bytes. Pure."""

from __future__ import annotations

import re

from batchsite.datasets.reading.encodings import has_mark, without_mark

SAMPLE_BYTES = 262_144
UTF8_BOM = b"\xef\xbb\xbf"

_MARKUP = (
    (re.compile(rb"\s*<(!doctype html|html|head|body|table)\b", re.I), "a web page (HTML)"),
    (re.compile(rb"\s*<\?xml\b", re.I), "an XML file"),
    (re.compile(rb"\s*(\{\s*\"|\[\s*[\[{])"), "a JSON file"),
)


def what_else(head: bytes) -> str | None:
    """What the file is where it is no CSV ("an XML file"), None where it may be one; `formats` had it before."""
    if head.count(0) * 5 >= len(head) > 0 and not has_mark(head) and not without_mark(head):
        return "binary data"
    text = head.removeprefix(UTF8_BOM)
    return next((name for pattern, name in _MARKUP if pattern.match(text)), None)
