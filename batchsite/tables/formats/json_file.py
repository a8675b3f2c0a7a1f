"""What kind of JSON a file is: an object per line, one array, objects in a row, or requests of a batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_inside import LINES, rows_inside, top_lists
from batchsite.tables.formats.json_pieces import CONTINUED, Broken, Piece, in_a_row, of_array, of_lines
from batchsite.tables.formats.json_shapes import TEXTS, holds_json, texts
from batchsite.tables.formats.json_table import JsonTable, Pieces
from batchsite.tables.formats.json_values import NotJson, parse, parse_at
from batchsite.tables.formats.request_file import Requests, is_request
from batchsite.tables.formats.utf_source import as_utf8, encoding_of, text_of
from batchsite.tables.row_checks import refuse
from batchsite.tables.table_types import Answers, ByteStream, Limits, Table

_VALUES = (*LINES, ".json")
"""Names that promise values of some kind."""
_JUDGEDLINES, _JUDGED_OBJECTS = 3, 20
_BULK = re.compile(r"\s*\{\s*\"(?:index|create|update|delete)\"\s*:\s*\{[^\n{}]*\}\s*\}[ \t]*\r?\n\s*\{")
_BULK_MESSAGE = (
    "These are bulk instructions for Elasticsearch: every other line says where a row goes, and is none. "
    "Remove those lines and upload the file again."
)
_NUMBERS = re.compile(r"\[[\s\d.,eE+-]*(?:\]\s*)?")


def recognises(head: bytes, filename: str) -> bool:
    """Whether the file begins as JSON does: with an object or a list; or with any value, where its name promises it."""
    text = text_of(head)
    begin = text[:2000].lstrip()
    second = begin[1:].lstrip()[:1]
    if filename.lower().endswith(_VALUES) and (_has_values(text) or has_objects(text)):
        return True
    if begin.startswith("{"):
        return second in {'"', "}"} or (not second and len(begin) == 1)
    return begin.startswith("[") and second != "" and (second in '{[]"' or bool(_NUMBERS.fullmatch(begin)))


def open_json(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Table:
    """The table of a JSON file. Raises ReadingError."""
    head = stream.read(65_536)
    if _BULK.match(text_of(head)):
        raise refuse(_BULK_MESSAGE, 1, excerpt(text_of(head).split("\n")[0]))
    form, read = _reader(text_of(head), filename)
    longest = 2 * limits.cell

    def pieces() -> Iterator[Piece]:
        stream.seek(0)
        return read(as_utf8(stream), longest)

    def begin() -> ByteStream:
        stream.seek(0)
        return as_utf8(stream)

    first, is_alone = _first(pieces)
    if is_request(first):
        table: JsonTable | Requests = Requests(pieces, form, answers=answers, limits=limits)
    else:
        rows, note = pieces, ""
        if is_alone and type(first) is not str:
            rows, note = rows_inside(first, pieces, begin, longest, filename=filename, answers=answers) or (rows, note)
        elif isinstance(first, list):
            rows = top_lists(pieces, answers=answers) or rows
        elif type(first) is str and not holds_json(first):
            rows, note = (lambda: texts(pieces())), TEXTS
        table = JsonTable(rows, form, answers=answers, limits=limits)
        table.understood.notes += filter(None, [note])
    table.understood.encoding = encoding_of(head)
    return table


def _reader(head: str, filename: str) -> tuple[str, Callable[[ByteStream, int], Iterator[Piece]]]:
    """The form of a JSON file, and what takes its objects out."""
    begin = head.lstrip("\ufeff\x1e \t\r\n")
    lines = [line.strip() for line in begin.splitlines()[:20] if line.strip()]
    if begin.startswith("["):
        lists = len(lines) > 1 and all(_is_list(line) for line in lines[:_JUDGEDLINES])
        return ("jsonl", of_lines) if lists else ("json", of_array)
    if ("\r" in begin.strip() and "\n" not in begin) or _spans_lines(begin):
        return "json", in_a_row
    if filename.lower().endswith(LINES) or len(begin) >= 60_000 > len(begin) - len(lines[0]):
        return "jsonl", of_lines
    bare = [line.removesuffix(",") for line in lines[:4]]  # as taken out of a list
    several = lines[0][-1] not in "{[" and any(map(_is_object, bare[1:]))  # of which the first may be bad
    if _is_object(lines[0]) or several:
        return "jsonl", of_lines
    return "json", in_a_row


def _has_values(head: str) -> bool:
    """Whether each of the first lines is a value in JSON, such as a text in quotes."""
    lines = [line.strip() for line in head.split("\n")[:-1] or [head]]
    filled = [line for line in lines if line][:_JUDGEDLINES]
    return bool(filled) and all(map(_is_value, filled))


def _is_value(line: str) -> bool:
    try:
        parse(line)
    except NotJson:
        return False
    return True


def has_objects(head: str) -> bool:
    """Whether most of the first lines are objects in JSON, whatever the very first one is."""
    lines = [line.strip() for line in head.split("\n")[: _JUDGED_OBJECTS + 1]]
    filled = [line for line in lines if line][:_JUDGED_OBJECTS]
    return 2 * sum(map(_is_object, filled)) > len(filled)


def _is_object(line: str) -> bool:
    try:
        return isinstance(parse(line), dict)
    except NotJson:
        return False


def _is_list(line: str) -> bool:
    """Whether a line is a list of values that are no objects."""
    try:
        value = parse(line)
    except NotJson:
        return False
    return isinstance(value, list) and not any(isinstance(item, dict) for item in value)


def _spans_lines(begin: str) -> bool:
    """Whether the first object stands on several lines."""
    try:
        return "\n" in begin[: parse_at(begin, 0)[1]]
    except NotJson:
        return False


def _first(pieces: Pieces) -> tuple[Any, bool]:
    """(the first value that is sound, None where there is none; whether nothing stands beside it)."""
    first, count = None, 0
    try:
        for _, _, value, fault, _ in pieces():
            count += fault != CONTINUED
            first = value if first is None and not fault else first
            if count > 1 and first is not None:
                break
    except Broken:
        return first, count == 0
    return first, count == 1
