"""One JSON value that holds the rows of a table: asked where they are, with the rows in view. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_pieces import Broken, Piece
from batchsite.tables.formats.json_shapes import Row, as_pieces, of_lists, shapes_of
from batchsite.tables.formats.json_table import Pieces
from batchsite.tables.formats.json_values import as_text
from batchsite.tables.formats.json_walk import of_lists as walk
from batchsite.tables.row_checks import refuse
from batchsite.tables.table_types import Answers, Asks, ByteStream, Choice, Question, Understood

KEY, OBJECT = "inside", "object"
_SHOWN = 2
_MOST_COLUMNS = 20
_MOST_LISTS, _MOST_CHOICES = 1_000, 20
"""Lists that are looked at, the first ones, and that a person can choose from, the longest of those."""
_DEEPEST = 3
"""Names that lead to a table."""
LINES = (".jsonl", ".ndjson")
"""Names that promise an object per line."""


@dataclass
class _Way:
    """One place where the rows may be."""

    value: str
    label: str
    pieces: Pieces
    first: list[Row] = field(default_factory=list)
    path: str = ""
    count: int = 0


def rows_inside(
    first: Any, pieces: Pieces, begin: Callable[[], ByteStream], longest: int, *, filename: str, answers: Answers
) -> tuple[Pieces, str] | None:
    """The rows inside the only value of a file, and what to say about it. None where it is simply a row.

    `first`: that value, None where it is too long to be held. `begin` opens the file anew. Raises Asks.
    """
    ways = [*_lists(begin, longest), *_shapes(first)]
    if not ways and (empty := _empty_list(first)):
        raise refuse(f"The file is empty: the list “{empty[:80]}” has no rows.")
    if not ways:
        return None
    itself = _Way(OBJECT, "The object itself is the only row", pieces, [first] if isinstance(first, dict) else [])
    if isinstance(first, dict):
        ways.append(itself)
    chosen = next((way for way in ways if way.value == answers.get(KEY)), None)
    if chosen is None:
        raise Asks([_question(ways, _guess(ways, first, filename))], Understood(form="json", header="keys"))
    said = f"The rows are those of “{chosen.path[:80]}”; what else the object holds was set aside."
    return chosen.pieces, said if chosen.path and _holds_more(first, chosen.path) else ""


def top_lists(pieces: Pieces, *, answers: Answers) -> Pieces | None:
    """The rows of a file that is a list of lists. None where its lists are none. Raises Asks."""
    try:
        sample = [value for _, _, value, fault, _ in islice(pieces(), 3) if not fault]
    except Broken:
        return None
    ways = [_of_shape(shape.kind, "", shape.label, pieces) for shape in shapes_of(sample)]
    if not ways:
        return None
    chosen = next((way for way in ways if way.value == answers.get(KEY)), None)
    if chosen is None:
        raise Asks([_question(ways, ways[0])], Understood(form="json", header="keys"))
    return chosen.pieces


def _lists(begin: Callable[[], ByteStream], longest: int) -> list[_Way]:
    """The lists of objects, the longest first."""
    found: dict[str, _Way] = {}
    try:
        for path, (_, _, value, _, _) in walk(begin(), longest):
            if path in found:
                found[path].count += 1
                if found[path].first and found[path].count <= _SHOWN and isinstance(value, dict):
                    found[path].first.append(value)
                continue
            if len(found) == _MOST_LISTS:
                continue
            is_row = isinstance(value, dict)
            found[path] = _Way(f"list {path}", "", _member(begin, longest, path), [value] * is_row, path, 1)
    except Broken:
        return []
    ways = sorted((way for way in found.values() if way.first), key=lambda way: -way.count)[:_MOST_CHOICES]
    for way in ways:
        rows = "1 row" if way.count == 1 else f"{way.count:,} rows"
        way.label = f"In the list “{excerpt(way.path)}”: {rows}"
    return ways


def _empty_list(value: Any) -> str:
    """The names that lead to an empty list, where there is nothing else; empty where there is something."""
    path, value = "", value[0] if isinstance(value, list) and len(value) == 1 else value
    while isinstance(value, dict) and len(value) == 1:
        [(name, value)] = value.items()
        path = f"{path}.{name}" if path else name
    return path if value == [] else ""


def _member(begin: Callable[[], ByteStream], longest: int, wanted: str) -> Pieces:
    return lambda: (piece for path, piece in walk(begin(), longest) if path == wanted)


def _shapes(first: Any) -> list[_Way]:
    """The tables that the value is itself, or what its only name leads to."""
    path, value = "", first[0] if isinstance(first, list) and len(first) == 1 else first
    for depth in range(_DEEPEST + 1):
        shapes = shapes_of(value)
        if shapes or depth == _DEEPEST or not isinstance(value, dict) or not value:
            break
        tables = [(name, one) for name, one in value.items() if _is_table(one)]
        if len(value) > 1 and not tables:
            break
        name, value = (tables or list(value.items()))[0]
        path = f"{path}.{name}" if path else name
    ways = []
    for shape in shapes:
        pieces = _held(value) if isinstance(value, list) else _made(shape.rows)
        ways.append(_of_shape(shape.kind, path, shape.label, pieces))
    return ways


def _is_table(value: Any) -> bool:
    """Whether a value inside an object is a list of lists, all as long as each other and longer than one."""
    lists = isinstance(value, list) and bool(value) and all(isinstance(row, list) for row in value)
    return lists and len(value[0]) > 1 and len({len(row) for row in value}) == 1


def _held(value: list[Any]) -> Pieces:
    return lambda: as_pieces(value, 1)


def _made(rows: list[Row]) -> Pieces:
    return lambda: as_pieces(rows, 1)


def _of_shape(kind: str, path: str, label: str, pieces: Pieces) -> _Way:
    if kind in {"names", "lists"}:
        given = pieces

        def pieces() -> Iterator[Piece]:
            return of_lists(given(), has_names=kind == "names")

    shown = [value for _, _, value, fault, _ in islice(pieces(), _SHOWN) if not fault]
    where = f", in “{excerpt(path)}”" if path else ""
    return _Way(f"{kind} {path}".strip(), f"{label}{where}", pieces, shown, path)


def _guess(ways: list[_Way], first: Any, filename: str) -> _Way:
    """The likeliest way; a conversation in a file of lines is rather a row."""
    is_talk = bool(ways[0].first) and "role" in ways[0].first[0]
    return ways[-1] if is_talk and isinstance(first, dict) and filename.lower().endswith(LINES) else ways[0]


def _holds_more(first: Any, path: str) -> bool:
    """Whether there is something beside the rows; of what was too long to be held nobody knows."""
    value = first
    for name in path.split("."):
        if not isinstance(value, dict) or len(value) > 1:
            return True
        value = value.get(name)
    return False


def _question(ways: list[_Way], guess: _Way) -> Question:
    choices = tuple(Choice(way.value, way.label, _shown(way.first)) for way in ways)
    return Question(KEY, "The file is one value in JSON. Where are its rows?", choices, guess.value)


def _shown(rows: list[Row]) -> tuple[tuple[str, ...], ...]:
    names = list(dict.fromkeys(name for row in rows for name in row))[:_MOST_COLUMNS]
    return (tuple(map(excerpt, names)), *(tuple(excerpt(as_text(row.get(name))) for name in names) for row in rows))
