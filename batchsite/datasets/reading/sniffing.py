"""What a file is, from its first bytes; and which delimiter its first lines use. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES = 65_536
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
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
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
    if head.count(0) * 5 >= len(head) > 0:
        return "binary data" if not head.strip(b"\0") else "UTF-16 text or binary data"
    text = head.removeprefix(UTF8_BOM)
    return next((name for pattern, name in _MARKUP if pattern.match(text)), None)


def find_delimiter(sample: str, *, whole: bool) -> str:
    """The delimiter that splits the sample's records most evenly; a comma where none splits them at all.

    `whole` says that the sample is all of the file; otherwise its last record may be cut and does not count.
    """
    scores = {delimiter: _evenness(_widths(sample, delimiter, whole)) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])  # the earlier one where two are as good


def _widths(sample: str, delimiter: str, whole: bool) -> list[int]:
    records = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths = [len(record) for record in records if record]
    return widths if whole or len(widths) < 2 else widths[:-1]


def _evenness(widths: list[int]) -> tuple[bool, float, int]:
    """(whether the header is as wide as most records, how many are, how wide), best is greatest.

    The header goes first: `1,50` in every row of a semicolon file is as even as the semicolons are, but its
    header has no comma.
    """
    if not widths:
        return (False, 0.0, 0)
    width, count = Counter(widths).most_common(1)[0]
    if width == 1:
        return (False, 0.0, 1)
    return (widths[0] == width, count / len(widths), width)
