"""Tables that are one JSON value but no list of objects: columns, rows by name, lists beside their names. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from batchsite.tables.cell_faults import unfit
from batchsite.tables.excerpts import excerpt
from batchsite.tables.formats.json_pieces import Piece
from batchsite.tables.formats.json_values import Number, kind, written

_INDEX = "index"
TEXTS = "Each text is a row, in the column “text”."
TWICE = "This is a text that holds JSON: it was encoded twice. Write the object itself."
Row = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """One way in which a value is a table."""

    kind: str
    """columns, index, split, names (lists, the first of which has the names) or lists."""
    label: str
    rows: list[Row]


def shapes_of(value: Any) -> list[Shape]:
    """The tables that a value may be, the likeliest first; none for what is simply a value."""
    if isinstance(value, list):
        return _of_lists(value)
    if not isinstance(value, dict) or not value:
        return []
    if split := _split(value):
        return [split]
    cells = list(value.values())
    if all(isinstance(cell, list) for cell in cells):
        return _of_columns(value)
    if all(isinstance(cell, dict) and cell for cell in cells):
        return _of_objects(value)
    return []


def as_pieces(rows: list[Row], line: int) -> Iterator[Piece]:
    """Rows that were put together here, as if they stood in the file, all on that line."""
    for row in rows:
        text = written(row)
        fault = unfit(text)
        if fault:
            text = text.encode("utf-8", "backslashreplace").decode()
        yield line, text, row, fault, excerpt(text) if fault else ""


def _of_columns(value: dict[str, list[Any]]) -> list[Shape]:
    """A list of cells under each name."""
    lists = list(value.values())
    plain = len(lists) > 1 or not any(isinstance(cell, dict | list) for cell in lists[0])
    if not plain or len(lists[0]) < 2 or len({len(cells) for cells in lists}) > 1:
        return []
    rows = [dict(zip(value, cells, strict=True)) for cells in zip(*lists, strict=True)]
    return [Shape("columns", "Each name is a column, its list the cells", rows)]


def _of_objects(value: dict[str, dict[str, Any]]) -> list[Shape]:
    """An object under each name, of a row or of a column: pandas writes both, and only a person can tell."""
    inner = list(next(iter(value.values())))
    even = all(list(one) == inner for one in value.values())
    counted, counts = _is_counted(list(value)), _is_counted(inner)
    if len(value) < 2:
        [column] = value.values()
        even = counts and len(inner) > 1 and not any(isinstance(cell, dict | list) for cell in column.values())
    if not even and not (counted and len(value) > 1):
        return []
    found = []
    if len(value) > 1:
        rows = [_indexed(name, row, counted_from_0=_from_0(list(value))) for name, row in value.items()]
        found.append(Shape("index", "Each name is a row", rows))
    if even:
        rows = [
            _indexed(label, {name: cells[label] for name, cells in value.items()}, counted_from_0=_from_0(inner))
            for label in inner
        ]
        found.append(Shape("columns", "Each name is a column", rows))
    return found[::-1] if counts and not counted else found


def _split(value: dict[str, Any]) -> Shape | None:
    """Names, numbers and rows apart, as pandas writes with orient="split"."""
    names, data, index = (value.get(key) for key in ("columns", "data", _INDEX))
    if not isinstance(names, list) or not isinstance(data, list) or not data or not value.keys() <= _SPLIT:
        return None
    if not _are_names(names) or not all(isinstance(row, list) and len(row) == len(names) for row in data):
        return None
    if not isinstance(index, list) or len(index) != len(data):
        index = list(range(len(data)))
    from_0 = _from_0([written(one) if isinstance(one, Number) else str(one) for one in index])
    rows = [
        _indexed(label, dict(zip(names, row, strict=True)), counted_from_0=from_0)
        for label, row in zip(index, data, strict=True)
    ]
    return Shape("split", "The names stand in “columns”, the rows in “data”", rows)


_SPLIT = {"columns", "data", _INDEX, "index_names", "column_names"}


def _of_lists(value: list[Any]) -> list[Shape]:
    """A list for each row; whether the first of them has the names, only a person can tell."""
    if len(value) < 2 or not all(isinstance(row, list) and row for row in value[:3]):
        return []
    if any(isinstance(cell, dict) for cell in value[0]):
        return []
    ways = [Shape("lists", "Each list is a row; there are no names", [])]
    if _are_names(value[0]):
        ways.insert(0, Shape("names", "Each list is a row; the first has the names", []))
    elif all(not isinstance(cell, list) and cell is not None for cell in value[0]):
        ways.append(Shape("names", "Each list is a row; the first has the names", []))
    return ways


def of_lists(pieces: Iterator[Piece], *, has_names: bool) -> Iterator[Piece]:
    """A row for each list; what is no list, or has more or fewer values than the first, is a fault."""
    names: list[str] | None = None
    for line, text, value, fault, where in pieces:
        if fault or not isinstance(value, list):
            words = fault or f"This is {kind(value)}; the other rows are lists."
            yield line, text, None, words, where or excerpt(text)
            continue
        if names is None:
            names = _distinct(value) if has_names else [f"column {number}" for number in range(1, len(value) + 1)]
            if has_names:
                continue
        if len(value) != len(names):
            values = "1 value" if len(value) == 1 else f"{len(value):,} values"
            yield line, text, None, f"The row has {values}; the first list has {len(names):,}.", excerpt(text)
            continue
        yield line, text, dict(zip(names, value, strict=True)), "", ""


def texts(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """A row for each text; what is none is a fault."""
    for line, text, value, fault, where in pieces:
        if not fault and isinstance(value, str) and not isinstance(value, Number):
            fault = TWICE if holds_json(value) else unfit(value)
            yield line, text, {"text": value}, fault, excerpt(text) if fault else ""
        else:
            yield line, text, None, fault or f"This is {kind(value)}; the other rows are texts.", where or excerpt(text)


def holds_json(text: str) -> bool:
    """Whether a text is JSON that was encoded once more."""
    return text.lstrip().startswith(('{"', "[{"))


def _distinct(names: list[Any]) -> list[str]:
    """Names of columns; one that is there twice, or none, is told apart by its number."""
    made: dict[str, None] = {}
    tried: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        text = given = name if isinstance(name, str) else written(name)
        number = max(place, tried.get(given, 0))
        while not text.strip() or text in made:
            text, number = f"{given} {number}".strip(), number + 1
        tried[given] = number
        made[text] = None
    return list(made)


def _indexed(label: Any, row: Row, *, counted_from_0: bool) -> Row:
    """A row behind its name, unless the names only count the rows."""
    return row if counted_from_0 or _INDEX in row else {_INDEX: label, **row}


def _from_0(names: list[str]) -> bool:
    return names == [str(number) for number in range(len(names))]


def _is_counted(names: list[str]) -> bool:
    return all(name.isascii() and name.isdigit() for name in names)


def _are_names(values: list[Any]) -> bool:
    """Whether these are texts, none of them empty or there twice."""
    texts = bool(values) and all(isinstance(one, str) and not isinstance(one, Number) and one.strip() for one in values)
    return texts and len(set(values)) == len(values)
