"""What a file that is not delimited text is, by its first bytes. Pure."""

from __future__ import annotations

import codecs
import re

from batchsite.tables.byte_order_marks import mark_of
from batchsite.tables.encodings import without_mark

SAMPLE_BYTES = 262_144

_SQL = re.compile(
    rb"""\s*+(?:--[^\r\n]*+\s++)*+(?:insert\s+into\s+\S+\s*(?:\(|values\b|select\b)|
    create\s+table\s+(?:if\s+not\s+exists\s+)?\S+\s*\(|drop\s+table\b[^\r\n]*;\s*[\r\n])""",
    re.I | re.X,
)
_SHEET = rb"(?:<\?mso-application\s+progid=\"Excel\.Sheet\"|<(?:\w+:)?Workbook\b)"
_KEY = rb"[\w\"' .-]{1,80}:(?:[ \t][^\r\n]*)?\r?\n"
_TEX_ROW = rb"[^\r\n&]*(?:&[^\r\n&]*)+\\\\[ \t]*(?:\\hline[ \t]*)?(?:\r?\n|\Z)"
_MARKUP = (
    (re.compile(rb"\s*<(!doctype html|html|head|body|table|meta|style|script|title|tr)\b", re.I), "a web page (HTML)"),
    (re.compile(rb"\s*<\?xml\b[^>]*>\s*" + _SHEET), "an Excel file in XML, as Excel 2003 wrote it"),
    (re.compile(rb"\s*<\?xml\b", re.I), "an XML file"),
    (re.compile(rb"\s*(\{\s*\"|\[\s*[\[{])"), "a JSON file"),
    (re.compile(rb"\s*\|[^\r\n]*\r?\n[ \t]*\|[ \t]*:?-[-:| \t]*(?:[\r\n]|\Z)"), "a table in Markdown"),
    (re.compile(rb"\s*\+-[-+]*\+[ \t]*\r?\n[ \t]*\|"), "a table as a terminal shows it"),
    (re.compile(rb"[^\r\n|]*+\|[^\r\n]*+\r?\n[ \t]*-+(?:\+-+)+[ \t]*(?:[\r\n]|\Z)"), "a table as a terminal shows it"),
    (_SQL, "SQL"),
    (re.compile(rb"ID;P[^\r\n]*\r?\n[A-Z];"), "a SYLK file"),
    (re.compile(rb"TABLE\r?\n0,1\r?\n\""), "a DIF file"),
    (re.compile(rb"HEADER RECORD\*{7}"), "a SAS file"),
    (re.compile(rb"\s*(?:%[^\r\n]*[\r\n]\s*)*+@relation\s", re.I), "an ARFF file (Weka)"),
    (re.compile(rb"%YAML\s|---[ \t]*\r?\n(?:- )?" + _KEY + rb"|- " + _KEY + rb"  " + _KEY), "YAML"),
    (re.compile(rb"\s*\\(?:begin\{|documentclass)|" + _TEX_ROW + _TEX_ROW), "LaTeX"),
    (re.compile(rb"\s*\{\|[^\r\n]*\r?\n[!|]"), "a table of a wiki"),
)
_IN_EXCEL = ("Excel", "SYLK", "DIF")
_ADVICE = "Save or export the table as CSV (UTF-8) and upload that file."
_OPEN_IT = "Open it in Excel, save it as .xlsx or CSV and upload that file."
_CONTROL = re.compile(rb"[\x02-\x08\x10-\x1a\x7f]")
"""Without those that separate cells or switch between alphabets."""
_UNTEXT = re.compile(rb"[\0\x02-\x08\x10-\x1a\x7f]")
_MOST_NULS, _MOST_CONTROLS = 0.2, 0.06
_JUDGED = 65_536


def why_no_text(head: bytes) -> str:
    """Returns why the file is not delimited text, and what to do, in words. Empty if it may be one."""
    other = what_else(head)
    if other is None:
        return ""
    opens = any(word in other for word in _IN_EXCEL) or ("HTML" in other and b"<table" in head.lower())
    return f"This is {other}, not a CSV file. {_OPEN_IT if opens else _ADVICE}"


def what_else(head: bytes) -> str | None:
    """Returns what the file is instead of a CSV ("an XML file"). None if it may be one. `formats` has looked before."""
    if _is_ebcdic(head[:_JUDGED]):
        return "text in EBCDIC, as mainframes write it"
    if _binary(head[:_JUDGED]) and not mark_of(head)[0] and not without_mark(head):
        return "binary data"
    text = head.removeprefix(codecs.BOM_UTF8)
    return next((name for pattern, name in _MARKUP if pattern.match(text)), None)


def _binary(head: bytes) -> bool:
    """Whether much of it is not text, and it does not begin as text either: then the line where text ends is named."""
    nuls, controls = head.count(0), len(_CONTROL.findall(head))
    if max(nuls - _MOST_NULS * len(head), controls - _MOST_CONTROLS * len(head)) < 0 or not head:
        return False
    begin = _UNTEXT.split(head, maxsplit=1)[0]
    return b"\n" not in begin and b"\r" not in begin


def _is_ebcdic(head: bytes) -> bool:
    """Whether it is text in EBCDIC, the encoding of mainframes: it has neither our spaces nor our line ends."""
    if b" " in head or b"\n" in head or not (b"\x25" in head or b"\x15" in head):
        return False
    text = head.decode("cp037")
    plain = sum(1 for sign in text if (sign.isascii() and (sign.isprintable() or sign in "\n\r\t")) or sign == "\x85")
    return plain >= 0.98 * len(text)
