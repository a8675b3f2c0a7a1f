"""Rows right below the names that are no data: question texts, import ids, units, dashes. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from batchsite.tables.cell_values import data_columns, is_datum, is_missing
from batchsite.tables.table_top import TableTop, filled_cells, numbered_text, shown_rows
from batchsite.tables.table_types import Choice, Question

_MOST = 3
_FEWEST_BELOW = 2
"""Rows below from which on a cell that is empty in the first row alone says something."""
_DASHES = re.compile(r"\s*[-=_]{2,}\s*")
_BRACKETS = re.compile(r"\s*(?:\([^()]{1,20}\)|\[[^\[\]]{1,20}\])\s*")
_UNITS = """
    % ‰ kg g mg µg t lb oz m cm mm km µm in ft mi s ms min h d l ml cl gal °c °f k c f eur usd gbp chf jpy € $ £ ¥
    pa hpa kpa mpa bar psi v mv kv a ma w kw kwh mwh hz khz mhz ghz j kj n nm m/s km/h mph m² m³ m2 m3 ha mol ppm
    kcal cal db lux rpm text string integer float date number boolean datetime varchar
"""
_SPACED_UNITS = f" {' '.join(_UNITS.split())} "


def below_header(top: TableTop, head: int) -> int:
    """How many filled records below the header belong to it; they are set aside, and asked about first."""
    if top.answers.get("below_header") == "rows":
        return 0
    count = _count(top, head)
    if not count:
        return 0
    if "below_header" not in top.answers:
        top.layout.questions.append(_question(top, head, count))
    top.set_aside(range(head + 1, head + 1 + count))
    lines = "line" if count == 1 else "lines"
    top.layout.notes.append(f"{count} {lines} below the names set aside.")
    return count


def _count(top: TableTop, head: int) -> int:
    rows: list[list[str]] = []
    for number in range(head + 1, len(top.filled)):
        cells, _, _, fault = top.record(number)
        if fault or len(cells) != top.width or filled_cells(cells) > filled_cells(top.cells(head)):
            break
        rows.append(cells)
    for count in range(min(_MOST, len(rows) - 1), 0, -1):
        below = rows[count:]
        if all(_is_header(row, below) for row in rows[:count]) and not _is_header(below[0], below[1:]):
            return count
    return 0


def _is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row is none of the data that stand below it."""
    cells = [cell for cell in row if cell.strip()]
    if not cells or not below:
        return False
    if all(map(_DASHES.fullmatch, cells)) or any("ImportId" in cell and "{" in cell for cell in cells):
        return True
    typed = data_columns(below, len(row))
    if all(_BRACKETS.fullmatch(cell) or f" {cell.strip().lower()} " in _SPACED_UNITS for cell in cells) and typed:
        return not any(is_datum(row[column]) for column in typed)
    return bool(typed) and _texts_above_data(row, below, typed)


def _texts_above_data(row: Sequence[str], below: Sequence[Sequence[str]], typed: set[int]) -> bool:
    """Whether a text, or nothing, stands in every column that holds numbers and the like below."""
    if any(map(is_datum, row)) or any(is_missing(row[column]) for column in typed):
        return False
    if any(row[column].strip() for column in typed):
        return True
    complete = all(other[column].strip() for other in below for column in typed)
    return complete and len(below) >= _FEWEST_BELOW and len(typed) > 1


def _question(top: TableTop, head: int, count: int) -> Question:
    lines = [top.record(number) for number in range(head + 1, head + 1 + count)]
    names, rows = tuple(top.cells(head)), shown_rows(top.rows(head + 1 + count))
    together = shown_rows(top.rows(head + 1))
    numbers = _in_words([line for _, _, line, _ in lines])
    return Question(
        "below_header",
        f"{numbers} between the names and the rows. What {'is it' if count == 1 else 'are they'}?",
        (
            Choice("leave", "Part of the header: set aside, the rows begin below", (names, *rows)),
            Choice("rows", "A row like the others" if count == 1 else "Rows like the others", (names, *together)),
            *top.line_choices(head),
        ),
        "leave",
        tuple(numbered_text(line, text) for _, text, line, _ in lines),
    )


def _in_words(lines: list[int]) -> str:
    if len(lines) == 1:
        return f"Line {lines[0]} stands"
    return f"Lines {', '.join(map(str, lines[:-1]))} and {lines[-1]} stand"
