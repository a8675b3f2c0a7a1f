"""What a file is that is no delimited text, from its first bytes. Pure."""

from __future__ import annotations

import re

from batchsite.datasets.reading.encodings import has_mark, without_mark

SAMPLE_BYTES = 262_144
UTF8_BOM = b"\xef\xbb\xbf"

_MAGIC = (
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"{\\rtf", "a rich text document (RTF)"),
)
_MARKUP = (
    (re.compile(rb"\s*<(!doctype html|html|head|body|table)\b", re.I), "a web page (HTML)"),
    (re.compile(rb"\s*<\?xml\b", re.I), "an XML file"),
    (re.compile(rb"\s*(\{\s*\"|\[\s*[\[{])"), "a JSON file"),
)
_SPREADSHEETS = ((b"xl/", "an Excel file"), (b"opendocument.spreadsheet", "an OpenDocument spreadsheet"))


def what_else(head: bytes) -> str | None:
    """What the file is where it is no CSV ("a PDF"), None where it may be one."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(b"PK\x03\x04"):
        return next((name for mark, name in _SPREADSHEETS if mark in head), "a zip archive")
    if head.count(0) * 5 >= len(head) > 0 and not has_mark(head) and not without_mark(head):
        return "binary data"
    text = head.removeprefix(UTF8_BOM)
    return next((name for pattern, name in _MARKUP if pattern.match(text)), None)
