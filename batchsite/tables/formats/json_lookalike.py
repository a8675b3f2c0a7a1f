"""What looks like JSON and is not (Python, JavaScript, JSON with comments): refused by its true name. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_file import has_objects
from batchsite.tables.formats.unsupported import promises_json
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


_ADVICE = "Write each row with json.dumps() instead of str() and upload that file."
_TO_THE_END = r"[^\n]*[)}]\s*[,\]]*[ \t]*(?:\r?\n|\Z)"
"""The rest of a line that ends with a bracket."""
_TO_THE_END_OF_ANY = r"[^\n]*[\])}][ \t]*(?:\r?\n|\Z)"
_BEFORE = r"\s*(?:import\s[^\n]*\n\s*)*(?:/\*(?:[^*]|\*(?!/))*\*/\s*|//[^\n]*\n\s*)*(?:['\"]use strict['\"];?\s*)?"
"""What may stand before a script: comments, and its mode."""
_COMMENTS = "This JSON has comments, which are not allowed. Remove them and upload the file again."

_WRITE_JSON = "Write each row as JSON and upload that file."

_LOOKALIKES = (
    _Lookalike(
        re.compile(r"(?:```|~~~)[\w +-]*[ \t]*\r?\n"),
        "Lines of ``` or ~~~ stand around the data, as in Markdown. Save what is between them and upload that file.",
    ),
    _Lookalike(
        re.compile(
            r"[^\n\[{]{1,200}[ \t][^\n\[{]{1,200}:[ \t]*\r?\n\s*+(?:```[^\n]*\n\s*+)?(?:\[\s*+[\[{\"]|\{\s*+\")"
        ),
        "A sentence stands above the JSON. Save the data alone, from the first bracket to the last, and upload it.",
    ),
    _Lookalike(
        re.compile(r"(?:(?:event|id|retry):[^\n]*\n)*data:[ \t]*(?:\[\s*[\[{\"]|\{\s*\")"),
        "These are server-sent events, not JSON. Remove “data:” before each object and upload the file again.",
    ),
    _Lookalike(
        re.compile(r"[A-Z]\w*\s*\{\s*[a-z_]\w*:\s" + _TO_THE_END),
        f"These are objects as a program prints them, not JSON. {_WRITE_JSON}",
    ),
    _Lookalike(
        re.compile(r"(?:%[\w.]*\{|\{\s*:[\w-]+\s+(?!=>)[^\s=]|&?map\[[^\n\[\]:]{1,100}:)" + _TO_THE_END_OF_ANY),
        f"These are maps as Elixir, Clojure or Go shows them, not JSON. {_WRITE_JSON}",
    ),
    _Lookalike(
        re.compile(r"\[[^\[\]\n]{0,500},[^\[\]\n]{0,500}(?<![\"'])\][ \t]*\r?\n\[[^\[\]\n\"']*\][ \t]*(?:\r?\n|\Z)"),
        f"These are rows as Spark prints them, not JSON. {_WRITE_JSON}",
    ),
    _Lookalike(
        re.compile(r"(?:(?:structure\()?list|data\.frame|data\.table|tibble)\(\s*[A-Za-z_.][\w.]*\s*="),
        "This is R, not JSON. Write it with write.csv() and upload that file.",
    ),
    _Lookalike(
        re.compile(r"return\s*\{\s*[\[{]|\$VAR\d+\s*=\s*[\[{(]"),
        f"This is a table of Lua or Perl, not JSON. {_WRITE_JSON}",
    ),
    _Lookalike(
        re.compile(
            r"\[{1,2}[\w. \"-]{1,100}\]{1,2}[ \t]*\r?\n(?:[\w.][\w. -]{0,99}=[^\n]*+(?:\n|\Z)\s*+)++"
            r"(?:\[{1,2}[\w. \"-]{1,100}\]{1,2}\s|\Z)"
        ),
        "This is a file of settings (INI or TOML), not a table. Save the table as CSV and upload that file.",
    ),
    _Lookalike(
        re.compile(r"(?:np\.|numpy\.)?array\(\["),
        f"This is Python, not JSON: arrays of NumPy. {_ADVICE}",
    ),
    _Lookalike(
        re.compile(
            r"\s*[\[(]?\s*(?:(?:OrderedDict|defaultdict|dict)\("
            r"|\{\s*(?:[ubr]?'[^'\n]*'|b\"[^\"\n]*\"|-?\d+|None|True|False)\s*:)"
        ),
        f"This is Python, not JSON: names are in single quotes, or in none. {_ADVICE}",
    ),
    _Lookalike(
        re.compile(r"\s*\['[^\n]*\][ \t]*(?:\r?\n\[[^\n]*\][ \t]*)*\s*\Z"),
        f"These are Python lists, not JSON: texts are in single quotes. {_ADVICE}",
    ),
    _Lookalike(
        re.compile(
            r"\s*\[?\s*[({]\s*(?:[ubr]?'[^'\n]*'\s*,|\"[^\"\n]*\"\s*,|-?\d[\d.]*\s*,\s*['\"])" + _TO_THE_END,
        ),
        f"These are tuples or sets of Python, not JSON. {_ADVICE}",
    ),
    _Lookalike(
        re.compile(r"\s*\[?\s*[A-Z]\w*\([A-Za-z_]\w*=" + _TO_THE_END),
        f"These are objects as print() shows them, not JSON. {_ADVICE}",
    ),
    _Lookalike(
        re.compile(
            r"\s*\[?\s*(?:\{|(?:Map|HashMap|Array|List|Some)\()\s*[A-Za-z_]\w*\s*(?:=(?![=>])|->)" + _TO_THE_END,
        ),
        "These are maps as Java or Scala shows them, not JSON. Write each row as JSON and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*(?:\[\s*)?\{\s*(?::\w+|\"[^\"\n]*\"|'[^'\n]*')\s*=>"),
        "This is Ruby, not JSON: arrows stand between names and values. Write it with to_json and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*(?:<\?php\b|array\s*\(\s*(?:\d+|'[^'\n]*'|\"[^\"\n]*\")\s*=>)"),
        "This is PHP, not JSON. Write it with json_encode() and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*\{\s*[A-Za-z_$][\w$]*\s*:[^\n]*(?:\}\s*[,;]?[ \t]*(?:\r?\n|\Z)|,[ \t]*\r?\n)"),
        "This is JavaScript, not JSON: names are not in quotes. Write it with JSON.stringify() and upload that file.",
    ),
    _Lookalike(
        re.compile(
            _BEFORE + r"(?:(?:export\s+)?(?:const|let|var)\s+[\w$]+\s*(?::[^=\n]{1,100})?=|export\s+default\b"
            r"|[A-Za-z_$][\w$.]*(?:\[[\"'][^\"'\n]*[\"']\])?\s*=|[A-Za-z_$][\w$.]*\(|\)\]\}',?|(?:while|for)\s*\([^)]*\);)"
            + _VALUE
        ),
        "This is JavaScript, not JSON: there is something before the data. "
        "Save the data alone, from its first bracket to its last, and upload that file.",
    ),
    _Lookalike(
        re.compile(r"\s*[\[{]?\s*(?:(?://|#)[^\n]*\n\s*|/\*(?:[^*]|\*(?!/))*\*/\s*)+" + _VALUE),
        _COMMENTS,
    ),
)


def recognises(head: bytes, filename: str) -> bool:
    """Whether the file begins as something else that looks like JSON; one bad line above good ones makes it none."""
    message = _message(head)
    good = message != _COMMENTS and promises_json(filename) and has_objects(text_of(head))
    return bool(message) and not good


def open_lookalike(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> NoReturn:
    """Raises ReadingError."""
    head = stream.read(4 * _JUDGED)
    text = text_of(head)
    line = text[: len(text) - len(text.lstrip())].count("\n") + 1
    raise refuse(_message(head), line, excerpt(text.lstrip().split("\n")[0]))


def _message(head: bytes) -> str:
    """Returns what to say about the file. Empty if it is none of these."""
    text = text_of(head[: 4 * _JUDGED])[:_JUDGED].lstrip()  # blanks before it could be shared out in many ways
    return next((lookalike.message for lookalike in _LOOKALIKES if lookalike.pattern.match(text)), "")
