"""Which of the last rows of a table are not data: footnotes, sources, totals, another table. Pure.

Judged by the rows above them. In doubt they do not count as data, as a person is asked about them.
"""

from __future__ import annotations

from collections.abc import Sequence

from batchsite.tables.cell_values import is_datum, is_missing
from batchsite.tables.end_words import COUNT, NOTE, RULE, TOTAL
from batchsite.tables.known_rows import Data, rows_judged
from batchsite.tables.total_rows import is_sum, is_total

_SAMPLE = 100
_FEWEST_ABOVE, _FEWEST_COMPLETE = 2, 3
_FEW_COLUMNS = 2


def end_of_data(above: Sequence[list[str]], last: Sequence[list[str]], *, declared: int = 0) -> int:
    """How many of the last rows are data. `above`: some rows that are; `declared`: last rows that the file calls so."""
    end = begin = len(last) - min(declared, len(last))
    known = Data(above[:_SAMPLE]) if above else None
    full = (known or Data(last[:_FEWEST_ABOVE])).full
    most = len(last) if known else rows_judged(len(last[0]) if last else 1)
    while begin > end - most and begin and is_doubtful(last[begin - 1], full):
        begin -= 1
    begin = min(begin, _further_table(known, last[:end], most))
    for start in range(begin, end):
        parted = not any(last[start - 1]) if start else bool(above) and not any(above[-1])
        data = known or Data(last[:start], whole=True)
        if any(last[start]) and (_are_feet(data, last[start:end], parted=parted) or _ends_in_total(data, last[start])):
            end = start
            break
    while 0 < end < len(last) and not any(last[end - 1]):
        end -= 1
    return end


def _further_table(known: Data | None, last: Sequence[list[str]], most: int) -> int:
    """The place of the last blank row, where another table stands below it; else of the end."""
    blanks = (at for at in range(len(last) - 2, max(0, len(last) - most), -1) if not any(last[at]))
    at = next(blanks, len(last))
    return at if _is_other_table(last[at:], known or Data(last[:at])) else len(last)


def is_doubtful(row: Sequence[str], full: set[int]) -> bool:
    """Whether a row may be no data, and is not only as sparse as the first ones are."""
    return may_be_foot(row) and (_begins_in_words(row) or any(not row[column].strip() for column in full))


def first_data(rows: Sequence[list[str]]) -> Data:
    """What is known of the first rows of a table, without those at their end that may be none of it."""
    full, end = Data(rows[:_FEWEST_ABOVE]).full, len(rows)
    while end and is_doubtful(rows[end - 1], full):
        end -= 1
    return Data(rows[: end if end >= _FEWEST_ABOVE else len(rows)][:_SAMPLE])


def may_be_foot(row: Sequence[str]) -> bool:
    """Whether a row lacks a cell, or begins like a total or a note."""
    return not all(map(str.strip, row)) or _begins_in_words(row)


def _begins_in_words(row: Sequence[str]) -> bool:
    first = next((cell for cell in row if cell.strip()), "")
    words = TOTAL.fullmatch(first) or NOTE.match(first) or COUNT.fullmatch(first)
    return words is not None or _is_rule(row)


def _is_rule(row: Sequence[str]) -> bool:
    """Whether a row has nothing but lines of symbols."""
    filled = [cell for cell in row if cell.strip()]
    return bool(filled) and all(map(RULE.fullmatch, filled))


def _are_feet(data: Data, rows: Sequence[list[str]], *, parted: bool) -> bool:
    """Whether each of the last rows is blank or no row of the table. `parted`: whether a blank row is above them."""
    if len(data.rows) < _FEWEST_ABOVE:
        return False
    if data.width < _FEW_COLUMNS:
        return all(not row[0] or _is_plain_foot(row[0], data) for row in rows)
    if parted and _is_other_table(rows, data):
        return True
    return all(not any(row) or is_foot(row, data, parted=parted) for row in rows)


def _ends_in_total(data: Data, row: Sequence[str]) -> bool:
    """Whether a row is a total that lacks a cell no row above lacks: what stands below, as sparse, is none either."""
    filled = [column for column, cell in enumerate(row) if cell.strip()]
    if data.width < _FEW_COLUMNS or len(data.rows) < _FEWEST_ABOVE or not is_total(row, filled, data):
        return False
    return len(filled) > 1 and bool(data.full - set(filled))


def _is_plain_foot(cell: str, data: Data) -> bool:
    """Whether the cell of a table of one column is a total, a count or a source."""
    note = NOTE.match(cell)
    if note and note.group().rstrip().endswith((":", "：")):
        return not data.matches(NOTE, 0)
    return bool(COUNT.fullmatch(cell)) and not data.matches(COUNT, 0)


def _is_other_table(rows: Sequence[list[str]], data: Data) -> bool:
    """Whether the rows below a blank one all lack a cell that no row above lacks, or begin with words for numbers."""
    filled = [row for row in rows if any(row)]
    if filled and len(data.rows) >= _FEWEST_COMPLETE and _has_words_for_numbers(filled[0], data):
        return True
    complete = data.full if len(data.rows) >= _FEWEST_COMPLETE else set[int]()
    return any(not any(row[column].strip() for row in filled) for column in complete)


def _has_words_for_numbers(row: Sequence[str], data: Data) -> bool:
    """Whether a row has no number and the like, nor a word for none, but words where those above have numbers."""
    words = any(row[column].strip() for column in data.typed)
    return words and not any(is_datum(cell) or is_missing(cell) for cell in row)


def is_foot(row: Sequence[str], data: Data, *, parted: bool) -> bool:
    """Whether a row that is not blank is none of a table of several columns. `parted`: whether a blank row is above."""
    filled = [column for column, cell in enumerate(row) if cell.strip()]
    if _is_rule(row) or is_total(row, filled, data) or is_sum(row, filled, data) or _is_note(row, filled, data):
        return True
    if len(filled) != 1 or data.fits(row[filled[0]], filled[0]):
        return False
    return _is_footnote(row, filled[0], data, parted=parted)


def _is_note(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether a row that lacks cells begins with a word such as "Source", as no other does."""
    if not 1 < len(filled) <= _FEW_COLUMNS or not data.full - set(filled):
        return False
    return NOTE.match(row[filled[0]]) is not None and not data.matches(NOTE, filled[0])


def _is_footnote(row: Sequence[str], column: int, data: Data, *, parted: bool) -> bool:
    """Whether the only filled cell of a row is no cell of its column."""
    if not any(map(str.isalnum, row[column])):
        return False
    if column in data.typed:
        return True
    if column and 2 * sum(1 for other in data.rows if other[column]) < len(data.rows):
        return False
    if any(sign.match(row[column]) and not data.matches(sign, column) for sign in (NOTE, COUNT)):
        return True
    if any(sum(map(bool, other)) == 1 for other in data.rows):
        return False
    return parted or len(row) > _FEW_COLUMNS
