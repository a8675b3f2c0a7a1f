"""What looks like JSON and is none (Python, JavaScript, JSON with comments): refused by what it is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.utf_source import text_of
from batchsite.tables.row_checks import refuse
from batchsite.tables.table_types import Answers, ByteStream, Limits

_JUDGED = 20_000
"""Characters; a comment at the top may be long."""
_VALUE = r"\s*[\[{]\s*(?:[\[{\"'\]}]|[A-Za-z_$][\w$]*\s*:|\Z)"
"""How a list or an object begins, in JSON or in a language that it comes from."""


@dataclass(frozen=True)
class _Lookalike:
    pattern: re.Pattern[str]
    message: str


_LOOKALIKES = (
    _Lookalike(
        re.compile(r"\s*(?:(?:OrderedDict|defaultdict)\(|[\[(]?\s*\{\s*(?:'[^'\n]*'|-?\d+|None|True|False)\s*:)"),
        "This is Python, not JSON: names stand in single quotes, or in none. "
        "Write each row with json.dumps() instead of str() and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*\['[^\n]*\][ \t]*(?:\r?\n\[[^\n]*\][ \t]*)*\s*\Z"),
        "These are lists of Python, not JSON: texts stand in single quotes. "
        "Write each row with json.dumps() instead of str() and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*\{\s*[A-Za-z_$][\w$]*\s*:[^\n]*(?:\}\s*[,;]?[ \t]*(?:\r?\n|\Z)|,[ \t]*\r?\n)"),
        "This is JavaScript, not JSON: names stand without quotes. "
        "Write it with JSON.stringify() and upload that file.",
    ),
    _Lookalike(
        re.compile(
            r"\s*(?:(?:export\s+)?(?:const|let|var)\s+[\w$]+\s*(?::[^=\n]{1,100})?=|export\s+default\b"
            r"|[A-Za-z_$][\w$.]*(?:\[[\"'][^\"'\n]*[\"']\])?\s*=|[A-Za-z_$][\w$.]*\(|\)\]\}',?|(?:while|for)\s*\([^)]*\);)"
            + _VALUE
        ),
        "This is JavaScript, not JSON: something stands before the data. "
        "Save the data alone, from its first bracket to its last, and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*(?:(?://|#)[^\n]*\n\s*|/\*(?:[^*]|\*(?!/))*\*/\s*)+" + _VALUE),
        "This is JSON with comments, which JSON does not have. Remove them and upload the file again.",
    ),
)


def recognises(head: bytes, filename: str) -> bool:
    return bool(_message(head))


def open_lookalike(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> NoReturn:
    """Raises ReadingError."""
    head = stream.read(4 * _JUDGED)
    text = text_of(head)
    line = text[: len(text) - len(text.lstrip())].count("\n") + 1
    raise refuse(_message(head), line, excerpt(text.lstrip().split("\n")[0]))


def _message(head: bytes) -> str:
    """What is said of the file; empty where it is none of these."""
    text = text_of(head[: 4 * _JUDGED])[:_JUDGED]
    return next((lookalike.message for lookalike in _LOOKALIKES if lookalike.pattern.match(text)), "")
