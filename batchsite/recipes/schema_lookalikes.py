"""What people paste in the place of a JSON Schema, named for what it is, with what to paste instead. Pure."""

from __future__ import annotations

import json
import re

_HEAD = 4_000
"""Characters that are looked at."""
_FENCE = re.compile(r"(```|~~~)[^\n`~]{0,40}")
"""The first line of a block of code in Markdown; its last one is the mark alone."""
_COLUMNS = "Or choose “Columns” and name them there."
_CODE = (
    (
        r"[^\n]{0,200}\bz\s{0,9}\.\s{0,9}(?:object|array|enum|string|number|union|tuple|record|literal)\(|import[^\n]{0,200}[\"']zod",
        f"This is Zod, not JSON Schema. Paste what z.toJSONSchema(…) gives. {_COLUMNS}",
    ),
    (r"(?:\w+\s{1,9}){0,3}type\s{1,9}\w+\s{0,9}\{", f"This is GraphQL, not JSON Schema. {_COLUMNS}"),
    (
        r"(?:export\s{1,9})?(?:declare\s{1,9})?(?:interface\s{1,9}\w+|type\s{1,9}\w+[^=\n]{0,100}=|enum\s{1,9}\w+\s{0,9}\{)",
        f"This is TypeScript, not JSON Schema. {_COLUMNS}",
    ),
    (
        r"(?:from\s{1,9}pydantic\b|[^{]{0,2000}class\s{1,9}\w+\([^)\n]{0,200}BaseModel)",
        f"This is Pydantic, not JSON Schema. Paste what json.dumps(Answer.model_json_schema()) gives. {_COLUMNS}",
    ),
    (
        r"(?:@dataclass|class\s|from\s{1,9}[\w.]+\s{1,9}import\b|import\s{1,9}\w+\s)",
        f"This is Python, not JSON Schema. {_COLUMNS}",
    ),
    (r"(?:syntax\s{0,9}=|message\s{1,9}\w+\s{0,9}\{)", f"This is Protobuf, not JSON Schema. {_COLUMNS}"),
    (r"<", "This is XML, not JSON. Paste a JSON Schema: it begins with {."),
    (
        r"(?:export\s{1,9}default|(?:export\s{1,9})?(?:const|let|var)\s|module\.exports)",
        "This is JavaScript, not JSON. Paste what JSON.stringify(schema) gives.",
    ),
    (r"\{\s{0,99}[\w$]+\s{0,9}:", "This is JavaScript, not JSON. Paste what JSON.stringify(schema) gives."),
    (r"(?:\w{1,20}\s{0,9}=\s{0,9})?\{\s{0,99}'", "This is Python, not JSON. Paste what json.dumps(schema) gives."),
    (
        r"(?:%YAML|---[ \t]{0,9}\r?\n|[\w$\"']{1,60}:(?:[ \t]{1,9}[^\n{\[]{1,200})?\r?\n[ \t]{0,99}[\w$\"'-])",
        "This is YAML, not JSON. Convert it to JSON and paste that.",
    ),
    (r"[^{\[\"]{2,500}[{\[]", "Words stand before the schema. Paste it alone, from its first { to its last }."),
)
_WHOLE = tuple((re.compile(pattern), words) for pattern, words in _CODE)
_COMMA = "There is a comma before a closing bracket, {place}. Remove it."
_AT = (
    (re.compile(r"//|/\*|#"), "JSON has no comments. Remove them, {place}."),
    (re.compile(r"[“”„‘’]"), "There are typographic quotes where JSON has straight ones, {place}."),
    (
        re.compile(r"[\u00a0\u2000-\u200b\u202f\u3000\ufeff]"),
        "There are spaces of another kind, {place}, as web pages have them. Write plain ones.",
    ),
    (re.compile(r"(?:True|False|None)\b"), "This is Python, not JSON. Paste what json.dumps(schema) gives."),
    (re.compile(r"'"), "There are single quotes where JSON has double ones, {place}."),
)
"""What stands where JSON ends -> what is said of it."""


def without_fence(text: str) -> str:
    """Returns what stands between two fences of Markdown; the text itself where there are none."""
    first, _, rest = text.strip().partition("\n")
    fence = _FENCE.fullmatch(first.rstrip())
    if fence is None or not rest.endswith(fence[1]):
        return text
    inner, newline, before_mark = rest.removesuffix(fence[1]).rpartition("\n")
    return inner if newline and not before_mark.strip() else text


def what_it_is(text: str) -> str:
    """Returns what a text is that is no JSON, as a sentence. Empty for what nobody knows."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        at = error.pos
    except (ValueError, RecursionError):
        return ""
    else:
        return ""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    if text[at : at + 1] == ",":  # as some versions of Python name the place of a comma too many
        rest = text[at + 1 : at + _HEAD]
        at += 1 + len(rest) - len(rest.lstrip())
    begin = text.lstrip()[:_HEAD]
    if words := _by_beginning(begin):
        return words
    line = text.count("\n", 0, at) + 1
    return _by_sign(text, at).format(place=f"in line {line}")


def _by_beginning(begin: str) -> str:
    return next((words for pattern, words in _WHOLE if pattern.match(begin)), "")


def _by_sign(text: str, at: int) -> str:
    """Returns what is wrong with the sign at which JSON ends. Empty if nobody knows."""
    if text[at : at + 1] in {"}", "]"}:
        return _COMMA if text[:at].rstrip().endswith(",") else ""
    return next((words for pattern, words in _AT if pattern.match(text, at)), "")
