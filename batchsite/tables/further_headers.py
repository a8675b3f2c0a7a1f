"""Rows right below the names that are not data: question texts, import ids, units, types, dashes, numbers. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from batchsite.tables.cell_values import data_columns, is_datum, is_missing
from batchsite.tables.excerpts import excerpt
from batchsite.tables.footnotes import may_be_foot
from batchsite.tables.label_rows import are_labels
from batchsite.tables.table_top import TableTop, filled_cells, shown_rows
from batchsite.tables.table_types import Choice, Question

KEY = "below_header"
_MOST, _MOST_UNEVEN = 5, 2
"""Header rows below the names; and how many there may be where fewer rows follow."""
_JUDGED = 50
_FEWEST_BELOW = 2
"""Rows below from which on a cell that is empty in the first row alone says something."""
_FEWEST_COMPLETE = 3
_FEWEST_NUMBERED = 3
_NUMBERED = re.compile(r"([^\d\n]{1,20})\d{1,4}")
_DASHES = re.compile(r"\s*:?[-=_—–─═]+:?\s*")
_BRACKETS = re.compile(r"\s*(?:\([^()]{1,20}\)|\[[^\[\]]{1,20}\])\s*")
_SIZE = re.compile(r"(?:\(\d+(?:,\s*\d+)?\)|<[\w<>, ]{1,80}>)$")
_CONSTRAINT = re.compile(r"(?: +(?:not|null|nullable|primary|key|unique|unsigned|required|optional))+$")
_LONGEST_UNIT = 100
"""Characters of a unit or type with its size and constraints, which are not looked for in time linear in a cell."""
_PER = re.compile(r"[µmkcdn]?(?:g|l|L|mol|m|IU|U|Wh|B|bit)/(?:[µmkcd]?[lLgm][²³23]?|s|min|h|d|day|year)")
_WORDS = """
    % ‰ kg g mg µg t lb oz m cm mm km µm in ft mi s ms min h d l ml cl gal °c °f k c f eur usd gbp chf jpy € $ £ ¥
    pa hpa kpa mpa bar psi v mv kv a ma w kw kwh mwh hz khz mhz ghz j kj n nm m/s km/h mph m² m³ m2 m3 ha mol ppm
    kcal cal db lux rpm text string integer float date number boolean datetime varchar
    int bigint smallint str double real decimal numeric bool char character timestamp time factor object category
    int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 utf8 i8 i16 i32 i64 u8 u16 u32 u64 f32 f64
    continuous discrete nominal ordinal categorical numeric array list map struct json uuid bytes blob record
    dbl chr lgl fct required optional mandatory response open-ended
"""
_UNITS = {*_WORDS.split(), "open-ended response", "other (please specify)"}
"""Units, types and other words that stand below names, in lower case."""


def below_header(top: TableTop, head: int) -> int:
    """How many filled records below the header belong to it; they are set aside, and asked about first."""
    if top.answers.get(KEY) == "rows":
        return 0
    rows: list[list[str]] = []
    for number in range(head + 1, len(top.filled)):
        cells, _, _, fault = top.record(number)
        if fault or len(cells) != top.width:
            break
        rows.append(cells)
    count = further_headers(top.cells(head), rows)
    if not count:
        return 0
    numbers = range(head + 1, head + 1 + count)
    if KEY not in top.answers:
        lines, texts = zip(*((line, text) for _, text, line, _ in map(top.record, numbers)), strict=True)
        others = tuple(top.line_choices(head))
        question = header_question(top.cells(head), top.rows(head + 1), lines, texts, others=others)
        top.layout.questions.append(question)
    top.set_aside(numbers)
    top.layout.notes.append(f"{count} {'line' if count == 1 else 'lines'} below the column names skipped.")
    return count


def further_headers(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many of the first rows below the names belong to the header. `rows` are as wide as the names."""
    rows = rows[:_JUDGED]
    end = len(rows)
    while end and may_be_foot(rows[end - 1]):
        end -= 1
    return _count(names, rows) or (_count(names, rows[:end]) if end < len(rows) else 0)


def _count(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    if len(rows) > 1 and _is_data(rows[0], rows[1:]) and not _is_marked(names, rows[0], rows[1:]):
        return 0
    most = next((n for n, row in enumerate(rows) if _is_fuller(row, names, rows[n + 1 :])), len(rows))
    for count in range(min(_MOST, most, len(rows) - 1), 0, -1):
        below = rows[count:]
        if _is_header(names, below[0], below[1:]):
            continue
        even = count <= max(_MOST_UNEVEN, len(below))
        if even and _differ(rows[:count]) and all(_is_header(names, row, below) for row in rows[:count]):
            return count
        sure = len(below) >= count or any("ImportId" in cell for cell in rows[count - 1])
        sure = sure and (count == 1 or list(rows[count - 1]) != list(names))
        if sure and _is_marked(names, rows[count - 1], below) and not any(_is_data(row, below) for row in rows[:count]):
            return count
    return 0


def _is_fuller(row: Sequence[str], names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row has more cells than there are names, and is not what parts one name into several."""
    return filled_cells(row) > filled_cells(names) and not _fills_gaps(names, row, below)


def _differ(rows: Sequence[Sequence[str]]) -> bool:
    """Whether no word comes twice in a column, as the words of data do."""
    filled = [[cell for cell in column if cell.strip()] for column in zip(*rows, strict=True)]
    return all(len(set(cells)) == len(cells) for cells in filled)


def _is_header(names: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row is none of the data that stand below it."""
    if not any(map(str.strip, row)) or not below:
        return False
    if _is_marked(names, row, below):
        return True
    typed = data_columns(below, len(row))
    if typed:
        return _texts_above_data(row, below, typed)
    return _is_sparse(row, below) or _are_questions(row, below) or are_labels(names, row, below)


def _is_marked(names: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row is what only headers are: the names again, dashes, import ids, numbers of columns, units."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if not cells or not below:
        return False
    if all(map(_DASHES.fullmatch, cells)) or any("ImportId" in cell and "{" in cell for cell in cells):
        return True
    if list(row) == list(names) or _is_numbering(row, below) or _fills_gaps(names, row, below):
        return True
    units = [cell for cell in cells if not is_missing(cell)]
    if not units or not all(map(_is_unit, units)):
        return False
    typed = data_columns(below, len(row))
    if typed:
        return not any(is_datum(row[column]) for column in typed)
    if len(row) == 1 or len(below) < _FEWEST_BELOW or all(len(unit) == 1 and unit.isalpha() for unit in units):
        return False
    alone = all(cell not in {other[column] for other in below} for column, cell in enumerate(row) if cell.strip())
    return alone and (len(units) > 1 or _BRACKETS.fullmatch(units[0]) is not None)


def _fills_gaps(names: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row has the names below one over several columns, and nothing where all rows below have a value."""
    gaps = [column for column, name in enumerate(names) if not name.strip()]
    lacking = [column for column, cell in enumerate(row) if not cell.strip()]
    if not gaps or not lacking or any(not row[column].strip() for column in gaps):
        return False
    return len(below) >= _FEWEST_BELOW and all(other[column].strip() for other in below for column in lacking)


def _is_unit(cell: str) -> bool:
    if len(cell) > _LONGEST_UNIT:
        return False
    if _BRACKETS.fullmatch(cell) or _PER.fullmatch(cell):
        return True
    return _SIZE.sub("", _CONSTRAINT.sub("", cell.lower())) in _UNITS


def _is_numbering(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row counts the columns, 1, 2, 3 or (1), (2), (3) or A, B, C or col1, col2, above texts."""
    enough = len(below) >= _FEWEST_COMPLETE
    stems = {match[1] for cell in row if (match := _NUMBERED.fullmatch(cell.strip()))}
    counted = [cell.strip().removeprefix(*stems) for cell in row] if len(stems) == 1 else row
    return enough and is_numbering(counted) and len(data_columns(below, len(row))) < len(row)


def is_numbering(cells: Sequence[str]) -> bool:
    """Whether cells count themselves: 1, 2, 3 or (1), (2), (3) or A, B, C."""
    texts = [cell.strip().strip("()[]") for cell in cells]
    counted = [str(number) for number in range(1, len(texts) + 1)]
    return len(texts) >= _FEWEST_NUMBERED and texts in (counted, list(string.ascii_uppercase[: len(texts)]))


def _is_data(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a number or the like stands where others do below."""
    return any(is_datum(row[column]) for column in data_columns(below, len(row)))


def _texts_above_data(row: Sequence[str], below: Sequence[Sequence[str]], typed: set[int]) -> bool:
    """Whether a text, or nothing, stands in every column that holds numbers and the like below."""
    if any(map(is_datum, row)) or any(is_missing(row[column]) for column in typed):
        return False
    if any(row[column].strip() for column in typed):
        return True
    complete = all(other[column].strip() for other in below for column in typed)
    return complete and len(below) >= _FEWEST_BELOW and len(typed) > 1


def _is_sparse(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether most cells of a row are empty, and none of those below."""
    complete = len(below) >= _FEWEST_COMPLETE and all(cell.strip() for other in below for cell in other)
    return complete and 2 * filled_cells(row) < len(row)


def _are_questions(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row asks what those below answer."""
    asking = [column for column, cell in enumerate(row) if cell.rstrip().endswith(("?", "？"))]
    if (
        len(row) == 1
        or not asking
        or 2 * len(asking) < filled_cells(row)
        or (len(asking) < 2 and len(asking) < filled_cells(row))
    ):
        return False
    return not any(other[column].rstrip().endswith(("?", "？")) for other in below for column in asking)


def header_question(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    lines: Sequence[int],
    texts: Sequence[str],
    *,
    word: str = "Line",
    others: tuple[Choice, ...] = (),
) -> Question:
    """About the first of the rows below the names, on those lines; `word`: what a line is called."""
    count, first = len(lines), tuple(names)
    numbers = [f"{line:,}" for line in lines]
    stand = f"{word}s {', '.join(numbers[:-1])} and {numbers[-1]} stand" if count > 1 else f"{word} {numbers[0]} stands"
    return Question(
        KEY,
        f"{stand} between the names and the rows. What {'are they' if count > 1 else 'is it'}?",
        (
            Choice("leave", "Part of the header: skip it; the rows start below", (first, *shown_rows(rows[count:]))),
            Choice(
                "rows", "A row like the others" if count == 1 else "Rows like the others", (first, *shown_rows(rows))
            ),
            *others,
        ),
        "leave",
        tuple(f"{word} {line}: {excerpt(text)}" for line, text in zip(lines, texts, strict=True)),
    )
