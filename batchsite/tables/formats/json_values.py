"""JSON values as text: numbers as they stand, nested values compact. And what is wrong with broken JSON, in words."""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring
from typing import Any, NoReturn, cast

TOO_DEEP = "It is nested too deeply to be read."


class Number(str):
    """A number as written in the file, so that no digit is lost."""

    __slots__ = ()


class RepeatedKey(ValueError):
    """An object with the same key twice: which of the values counts is unknown."""


class NotJson(Exception):
    """Text that is not JSON: why, and the position where it stops being JSON."""

    def __init__(
        self, message: str, position: int, *, open_end: bool = False, cut: bool = False, behind: bool = False
    ) -> None:
        super().__init__(message)
        self.message, self.position = message, position
        self.open_end, self.cut, self.behind = open_end, cut, behind
        """`open_end`: more text might mend it. `cut`: it is fine as far as it goes. `behind`: so is all before."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RepeatedKey(key)
            seen.add(key)
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=Number)


def parse(text: str) -> Any:
    """The one value in `text`; numbers are `Number`. Raises NotJson."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        _say(error, text, 0)


def parse_at(text: str, position: int) -> tuple[Any, int]:
    """(the value that begins at `position`, where it ends). Raises NotJson."""
    try:
        return _DECODER.raw_decode(text, position)
    except (ValueError, RecursionError) as error:
        _say(error, text, position)


_WORDS = (
    ("Expecting ',' delimiter", "A comma or a closing bracket is missing"),
    ("Expecting ':' delimiter", "A colon is missing"),
    ("Expecting property name", "A name in double quotes is missing"),
    ("Expecting value", "A value is missing"),
    ("Unterminated string", "A text is never closed"),
    ("Invalid control character", "A text contains a line break, tab or other control character"),
    ("Invalid \\", "A backslash is not allowed here"),
    ("Illegal trailing comma", "There is a comma before a closing bracket"),
    ("Extra data", "There is more after the end of the value"),
)


_FOREIGN = (
    (re.compile(r"//|/\*|#"), "JSON does not allow comments"),
    (re.compile(r"None\b|True\b|False\b"), "“{}” is Python; JSON writes null, true and false"),
    (re.compile(r"nan\b|-?inf\b"), "“{}” is Python; JSON writes null"),
    (re.compile(r"undefined\b"), "“{}” is JavaScript, and no value in JSON"),
    (re.compile(r"'"), "A single quote stands where JSON has a double one, as in Python"),
    (re.compile(r"[“”„]"), "A typographic quote stands where JSON has a straight one"),
    (re.compile(r"[A-Za-z_$][\w$.]*\s*\("), "“{}…)” is a call, and no value in JSON"),
    (re.compile(r"[A-Za-z_$][\w$]*(?=\s*:)"), "The name “{}” stands without quotes, as in JavaScript"),
)
"""What stands where JSON ends -> what is said of it."""


def _foreign(text: str, position: int) -> str:
    """What stands at the position that another language has; empty for nothing of the kind."""
    if text.startswith(("}", "]"), position) and text[max(0, position - 100) : position].rstrip().endswith(","):
        return "There is a comma before a closing bracket"
    for pattern, words in _FOREIGN:
        if match := pattern.match(text, position):
            return words.format(match.group()[:80])
    return ""


def _say(error: ValueError | RecursionError, text: str, start: int) -> NoReturn:
    if isinstance(error, RecursionError):
        raise NotJson(TOO_DEEP, start) from None
    if isinstance(error, RepeatedKey):
        raise NotJson(f"The key “{str(error)[:80]}” appears twice in one object.", start) from None
    broken = cast(json.JSONDecodeError, error)
    words = next((words for begin, words in _WORDS if broken.msg.startswith(begin)), broken.msg)
    if told := _foreign(text, broken.pos):
        words = told
    unterminated, left = broken.msg.startswith("Unterminated"), len(text.rstrip()) - broken.pos
    open_end = unterminated or left <= 12  # the longest thing that is read at once is \uD83D\uDE00
    behind = broken.msg.startswith("Extra")
    raise NotJson(words, broken.pos, open_end=open_end, cut=unterminated or left <= 0, behind=behind) from None


def as_text(value: Any) -> str:
    """Returns the cell for a value: text as it is, null as nothing, everything else as JSON."""
    kind = type(value)
    if kind is str:
        return cast(str, value)
    if value is None:
        return ""
    return str(value) if kind is Number else written(value)


def written(value: Any) -> str:
    """Compact JSON of a value; its numbers as they stood."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{encode_basestring(key)}:{written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return {True: "true", False: "false"}.get(value, "null")


def kind(value: Any) -> str:
    """Returns what kind a value is, in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", Number: "a number"}
    return names.get(type(value), "null")
