"""A batch file in the JSONL form of OpenAI and xAI: a request per line, to be run as it stands.

Facts 2.9: `custom_id` is unique in the file; the addresses are those below and may be mixed.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from batchsite.tables.formats.json_table import JsonTable, Pieces
from batchsite.tables.formats.json_values import Number, kind, parse_at
from batchsite.tables.table_types import Answers, Limits

COLUMNS = ["custom_id", "method", "url", "body"]
_CONTENT = {
    "/v1/chat/completions": "messages",
    "/v1/responses": "input",
    "/v1/images/generations": "prompt",
    "/v1/images/edits": "prompt",
    "/v1/videos": "prompt",
    "/v1/videos/generations": "prompt",
    "/v1/videos/edits": "prompt",
    "/v1/videos/extensions": "prompt",
}
"""What the body of a request must have beside its model, by the address that it is for."""
_SLOT = 2**64 - 1


def is_request(value: Any) -> bool:
    """Whether an object is a line of a batch file."""
    return isinstance(value, dict) and "custom_id" in value and isinstance(value.get("body"), dict)


class Requests(JsonTable):
    """A table of requests, its columns always the same; `body` is its JSON as it stands in the file."""

    def __init__(self, pieces: Pieces, form: str, *, answers: Answers, limits: Limits) -> None:
        self._ids = _Ids()
        super().__init__(pieces, form, answers=answers, limits=limits)
        self.understood.form = "requests"

    def pieces(self) -> Iterator[list[list[str]]]:
        self._ids = _Ids()
        return super().pieces()

    def _check_all(self) -> None:
        self._keys = list(COLUMNS)
        self._numbers = {name: number for number, name in enumerate(COLUMNS, 1)}
        super()._check_all()

    def _look(self, value: Any, text: str, line: int) -> tuple[str, int | None]:
        if isinstance(value, dict):
            self._gaps = self._gaps or not ("method" in value and "url" in value)
        return self._fault(value, text)

    def _fault(self, value: Any, text: str) -> tuple[str, int | None]:
        fault, column = super()._fault(value, text)
        if fault:
            return fault, column
        for name, found in _faults(value):
            if found:
                return found, self._numbers.get(name)
        if self._ids.repeats(value["custom_id"]):
            return f"The custom_id “{value['custom_id'][:80]}” appears on an earlier line, too.", 1
        return "", None

    def _cells(self, value: dict[str, Any], text: str) -> list[str]:
        return [value["custom_id"], value.get("method") or "POST", _url(value), _raw_body(text)]

    def _say(self) -> None:
        if self._gaps:
            self.understood.notes.append("A missing method or url follows from the body.")


def _url(value: dict[str, Any]) -> str:
    """Where a request goes: as it says, or as its body tells."""
    body = value.get("body")
    told = "/v1/responses" if isinstance(body, dict) and "input" in body else "/v1/chat/completions"
    return str(value.get("url") or told)


def _faults(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong with it or nothing), of all that a request must be."""
    others = value.keys() - set(COLUMNS)
    yield "", f"“{min(others)[:80]}” is not part of a request: {', '.join(COLUMNS)} are." if others else ""
    custom_id = value.get("custom_id")
    yield "custom_id", "" if type(custom_id) is str and custom_id else _must("custom_id", "a text", value)
    yield "method", "" if value.get("method", "POST") == "POST" else _must("method", "“POST”", value)
    url = value.get("url")
    known = "url" not in value or (isinstance(url, str) and url in _CONTENT)
    yield "url", "" if known else f"xAI's batches don’t support this url. They support {', '.join(_CONTENT)}."
    yield "body", _body_fault(value.get("body"), _CONTENT[_url(value)] if known else "", value)


def _must(key: str, what: str, value: dict[str, Any]) -> str:
    return f"{key} must be {what}, and is {kind(value[key])}." if key in value else f"{key} is missing."


def _body_fault(body: Any, content: str, value: dict[str, Any]) -> str:
    if not isinstance(body, dict):
        return _must("body", "an object", value)
    model = body.get("model")
    if type(model) is not str or not model:
        return "The body names no model."
    given = body.get(content)
    if content == "messages" and not (isinstance(given, list) and given):
        return "The body has no messages."
    if not given or isinstance(given, Number | bool):
        return f"The body has no {content}."
    return ""


def _raw_body(text: str) -> str:
    """The JSON of `body` as it stands in the text of an object that is known to be good."""
    at = text.index("{") + 1
    while True:
        key, at = parse_at(text, _spaces(text, at))
        begin = _spaces(text, _spaces(text, at) + 1)
        _, at = parse_at(text, begin)
        if key == "body":
            return text[begin:at]
        at = _spaces(text, at) + 1


def _spaces(text: str, at: int) -> int:
    """Behind the spaces that begin here."""
    while text[at] in " \t\r\n":
        at += 1
    return at


class _Ids:
    """Which ids were there: a table of hashes of 8 bytes, as a set of a million takes a hundred megabytes."""

    def __init__(self) -> None:
        self._slots, self._count = array("Q", bytes(8 * 1024)), 0

    def repeats(self, text: str) -> bool:
        """Whether the text was there before; from now on it was."""
        one = hash(text) & _SLOT or 1  # 0 is a slot that is free
        if not _put(self._slots, one):
            return True
        self._count += 1
        if 3 * self._count > 2 * len(self._slots):
            self._grow()
        return False

    def _grow(self) -> None:
        wider = array("Q", bytes(8 * 2 * len(self._slots)))
        for one in self._slots:
            if one:
                _put(wider, one)
        self._slots = wider


def _put(slots: array[int], one: int) -> bool:
    """Put a hash into its slot or the next that is free; False where it is there already."""
    mask = len(slots) - 1
    at = one & mask
    while found := slots[at]:
        if found == one:
            return False
        at = (at + 1) & mask
    slots[at] = one
    return True
