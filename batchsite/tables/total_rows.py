"""Whether a row at the end of a table is a total: by its words, by what it lacks, by its sums. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from batchsite.tables.cell_values import is_datum, is_missing, number_of
from batchsite.tables.end_words import TOTAL, TOTAL_LIKE
from batchsite.tables.known_rows import Data

_FEWEST_COMPLETE, _FEW_COLUMNS = 3, 2
_FEWEST_ADDED, _FEWEST_OF_MANY = 3, 20
_TOLERANCE = 0.006
"""Share of a sum by which rounding may miss it."""


def is_total(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether a row begins with a word such as "Total", as no other does, and has numbers or nothing behind it."""
    if not filled:
        return False
    first, behind = filled[0], filled[1:]
    numbers = all(is_missing(row[column]) or any(map(str.isdigit, row[column])) for column in behind)
    if not TOTAL.fullmatch(row[first]):
        likely = numbers and behind and data.full - set(filled) and TOTAL_LIKE.fullmatch(row[first].strip())
        return bool(likely) and not any(TOTAL_LIKE.fullmatch(other[first].strip()) for other in data.rows)
    others = [other for other in data.rows if TOTAL.fullmatch(other[first])]
    if others and (len(others) == len(data.rows) or not _are_subtotals([*others, row], data)):
        return False
    if any(map(is_datum, row)):
        numbers = all(is_datum(row[column]) or _says_all(row[column]) for column in behind) or numbers
    return numbers and (bool(behind) or first in data.typed or not data.typed)


def _says_all(cell: str) -> bool:
    """Whether a cell says total, all, or nothing."""
    return is_missing(cell) or bool(TOTAL.fullmatch(cell) or TOTAL_LIKE.fullmatch(cell.strip()))


def _are_subtotals(totals: Sequence[Sequence[str]], data: Data) -> bool:
    """Whether all of them lack a cell that no other row lacks."""
    rest = Data([other for other in data.rows if other not in totals])
    return any(not any(row[column].strip() for row in totals) for column in rest.full)


def is_sum(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether a row has numbers alone where all others have texts, too, or a word in the place of a number."""
    if len(data.rows) < _FEWEST_COMPLETE or not filled:
        return False
    lacking = data.full - set(filled)
    if filled[0] and all(column in data.typed and is_datum(row[column]) for column in filled):
        return 0 in lacking and lacking >= data.full - data.typed
    astray = [column for column in filled if column in data.typed and not data.fits(row[column], column)]
    if astray and lacking and len(filled) <= max(_FEW_COLUMNS, data.width // 2):
        return True
    return bool(lacking) and _adds_up(row, filled, data)


def _adds_up(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether the last number of a row is the sum or the mean of those above it; of many rows only some are known."""
    column = next((column for column in reversed(filled) if column in data.typed), None)
    number = None if column is None else number_of(row[column])
    if column is None or number is None:
        return False
    others = data.numbers(column)
    if len(others) < _FEWEST_ADDED or len(others) < len(data.rows) or not any(others):
        return False
    total = sum(others)
    if data.whole:
        return any(abs(number - value) <= _TOLERANCE * abs(value) for value in (total, total / len(others)) if value)
    return len(others) >= _FEWEST_OF_MANY and min(others) >= 0 and number >= total
