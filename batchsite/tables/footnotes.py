"""Which of the last rows of a table are no data: footnotes, sources, totals, another table. Pure.

Judged by the rows above them; where it is unsure, they count as no data, as a person is asked about them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from batchsite.tables.cell_values import data_columns, is_datum, is_missing

_SAMPLE, _FEWEST_JUDGED, _MOST_CELLS = 100, 20, 20_000
_FEWEST_ABOVE, _FEWEST_COMPLETE = 2, 3
_TOTAL = re.compile(
    r"""\W*(?:(?:grand|sub|net|gross|overall)[\s-]?)?(?:
    totals?|sums?|average|avg|mean|count|summe|gesamt\w*|insgesamt|zwischensumme|endsumme|durchschnitt|mittelwert|
    somme|totaux|sous-total|moyenne|suma|promedio|media|média|soma|totale|totales|somma|totaal|som|gemiddelde|totalt|
    summa|i\ alt|yhteensä|razem|ogółem|łącznie|celkem|spolu|összesen|ukupno|skupaj|toplam|genel\ toplam|jumlah|
    tổng(?:\ cộng)?|итого|всего|сумма|разом|усього|общо|σύνολο|סה"כ|סך\ הכל|المجموع|الإجمالي|รวม\w*|कुल|
    合計\w*|合计\w*|总计\w*|總計\w*|総計\w*|总和|總和|小计|小計|共计|計|합계|총계|소계
    )(?!\w)\W*(?:\w+\W*)?(?:\(.*\)\W*)?""",
    re.I | re.X,
)
_NOTE = re.compile(
    r"""\s*(?:[*†‡§¹²³©#]|\(?\d\)\s|(?:
    source|sources|note|notes|nb|n\.b\.|copyright|generated|exported|created|printed|report|page|as\ of|data|disclaimer|
    last\ updated?|end\ of|legend|confidential|filters?\ applied|applied\ filters|remarks?|comments?|
    quelle|quellen|stand|hinweis|anmerkung|erstellt|nota|notas|fuente|fonte|remarque|bron|opmerking|źródło|uwaga|
    источник|примечание|出典|注|来源|備考|资料来源|출처)
    \b\s*[:.：\d]?)""",
    re.I | re.X,
)
_COUNT = re.compile(r"\W*\d[\d,.]*\s+(?:rows?|records?|entries|results?|zeilen|lignes|filas|righe)\b.*", re.I)
_RULE = re.compile(r"\s*[-=_*~—─═]{2,}\s*")
"""A line of signs, drawn below a table."""
_FEW_COLUMNS = 2


def end_of_data(above: Sequence[list[str]], last: Sequence[list[str]], *, declared: int = 0) -> int:
    """How many of the last rows are data. `above`: some rows that are; `declared`: last rows that the file calls so."""
    end = begin = len(last) - min(declared, len(last))
    known = Data(above[:_SAMPLE]) if above else None
    full = (known or Data(last[:_FEWEST_ABOVE])).full
    most = len(last) if known else rows_judged(len(last[0]) if last else 1)
    while begin > end - most and begin and is_doubtful(last[begin - 1], full):
        begin -= 1
    for start in range(begin, end):
        parted = not any(last[start - 1]) if start else bool(above) and not any(above[-1])
        data = known or Data(last[:start])
        if any(last[start]) and (_are_feet(data, last[start:end], parted=parted) or _ends_in_total(data, last[start])):
            end = start
            break
    while 0 < end < len(last) and not any(last[end - 1]):
        end -= 1
    return end


def rows_judged(width: int) -> int:
    """How many rows are judged: fewer where they are wide, as each is held against all others."""
    return max(_FEWEST_JUDGED, min(_SAMPLE, _MOST_CELLS // width))


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
    words = _TOTAL.fullmatch(first) or _NOTE.match(first) or _COUNT.fullmatch(first)
    return words is not None or _is_rule(row)


def _is_rule(row: Sequence[str]) -> bool:
    """Whether there are only lines of signs in a row."""
    filled = [cell for cell in row if cell.strip()]
    return bool(filled) and all(map(_RULE.fullmatch, filled))


class Data:
    """What is known of the rows above: `typed` columns hold numbers and the like, `full` ones a value in each row."""

    def __init__(self, above: Sequence[list[str]]) -> None:
        self.width = len(above[0]) if above else 0
        self.rows = [row for row in above if any(row)][-rows_judged(self.width or 1) :]

    @cached_property
    def typed(self) -> set[int]:
        return data_columns(self.rows, self.width)

    @cached_property
    def full(self) -> set[int]:
        return {column for column in range(self.width) if all(row[column].strip() for row in self.rows)}

    def matches(self, pattern: re.Pattern[str], column: int) -> bool:
        """Whether a cell of a column reads so."""
        return any(pattern.match(row[column]) for row in self.rows)


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
    if data.width < _FEW_COLUMNS or len(data.rows) < _FEWEST_ABOVE or not _is_total(row, filled, data):
        return False
    return len(filled) > 1 and bool(data.full - set(filled))


def _is_plain_foot(cell: str, data: Data) -> bool:
    """Whether the cell of a table of one column is a total, a count or a source."""
    note = _NOTE.match(cell)
    if note and note.group().rstrip().endswith((":", "：")):
        return not data.matches(_NOTE, 0)
    return bool(_COUNT.fullmatch(cell)) and not data.matches(_COUNT, 0)


def _is_other_table(rows: Sequence[list[str]], data: Data) -> bool:
    """Whether the rows below a blank one all lack a cell that no row above lacks."""
    filled = [row for row in rows if any(row)]
    complete = data.full if len(data.rows) >= _FEWEST_COMPLETE else set[int]()
    return any(not any(row[column].strip() for row in filled) for column in complete)


def is_foot(row: Sequence[str], data: Data, *, parted: bool) -> bool:
    """Whether a row that is not blank is none of a table of several columns. `parted`: whether a blank row is above."""
    filled = [column for column, cell in enumerate(row) if cell.strip()]
    if _is_rule(row) or _is_total(row, filled, data) or _is_sum(row, filled, data) or _is_note(row, filled, data):
        return True
    if len(filled) != 1 or _fits(row, filled[0], data):
        return False
    return _is_footnote(row, filled[0], data, parted=parted)


def _fits(row: Sequence[str], column: int, data: Data) -> bool:
    """Whether a number or the like, or a word for none, stands where others do."""
    return column in data.typed and (is_datum(row[column]) or is_missing(row[column]))


def _is_total(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether a row begins with a word such as "Total", as no other does, and has numbers or nothing behind it."""
    if not filled or not _TOTAL.fullmatch(row[filled[0]]):
        return False
    first, behind = filled[0], filled[1:]
    others = [other for other in data.rows if _TOTAL.fullmatch(other[first])]
    if others and (len(others) == len(data.rows) or not _are_subtotals([*others, row], data)):
        return False
    numbers = all(is_missing(row[column]) or any(map(str.isdigit, row[column])) for column in behind)
    return numbers and (bool(behind) or first in data.typed or not data.typed)


def _are_subtotals(totals: Sequence[Sequence[str]], data: Data) -> bool:
    """Whether all of them lack a cell that no other row lacks."""
    rest = Data([other for other in data.rows if other not in totals])
    return any(not any(row[column].strip() for row in totals) for column in rest.full)


def _is_sum(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether a row has numbers alone where all others have texts, too, or a word in the place of a number."""
    if len(data.rows) < _FEWEST_COMPLETE or not filled:
        return False
    lacking = data.full - set(filled)
    if filled[0] and all(column in data.typed and is_datum(row[column]) for column in filled):
        return 0 in lacking and lacking >= data.full - data.typed
    astray = [column for column in filled if column in data.typed and not _fits(row, column, data)]
    return bool(astray and lacking) and len(filled) <= max(_FEW_COLUMNS, data.width // 2)


def _is_note(row: Sequence[str], filled: Sequence[int], data: Data) -> bool:
    """Whether a row that lacks cells begins with a word such as "Source", as no other does."""
    if not 1 < len(filled) <= _FEW_COLUMNS or not data.full - set(filled):
        return False
    return _NOTE.match(row[filled[0]]) is not None and not data.matches(_NOTE, filled[0])


def _is_footnote(row: Sequence[str], column: int, data: Data, *, parted: bool) -> bool:
    """Whether the only filled cell of a row is no cell of its column."""
    if not any(map(str.isalnum, row[column])):
        return False
    if column in data.typed:
        return True
    if column and 2 * sum(1 for other in data.rows if other[column]) < len(data.rows):
        return False
    if any(sign.match(row[column]) and not data.matches(sign, column) for sign in (_NOTE, _COUNT)):
        return True
    if any(sum(map(bool, other)) == 1 for other in data.rows):
        return False
    return parted or len(row) > _FEW_COLUMNS
