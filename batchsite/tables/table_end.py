"""The last rows of a table that are no data: footnotes, sources, totals that a spreadsheet padded to full width. Pure.

Works on any format but JSON, where each object says that it is a row. The last rows are kept back until the table has
ended, and compared with the rows above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from batchsite.tables import questions
from batchsite.tables.cell_values import data_columns, is_datum, is_missing
from batchsite.tables.table_types import RECENT, Answers, Asks, Table

_SAMPLE = 200
_FEWEST_ABOVE = 2
_AT_ONCE, _MUCH = 5 * RECENT, 1_000_000
"""Rows that are held before some are given out, unless they have so many characters."""
_TOTAL = re.compile(
    r"\W*(?:(?:grand|sub|net|gross|overall)[\s-]?)?(?:totals?|sum|average|mean|count|summe|gesamt\w*|insgesamt|"
    r"durchschnitt|mittelwert|somme|moyenne|suma|promedio|totale|totaal|som|итого|всего|合計|总计|合计|總計)\b\W*(?:\w+\W*)?",
    re.I,
)
_NOTE = re.compile(
    r"\s*(?:[*†‡§¹²³©#]|\(?\d\)\s|(?:source|sources|note|notes|nb|n\.b\.|copyright|generated|exported|created|printed|"
    r"report|page|as of|data|disclaimer|last updated?|end of|legend|confidential|filters? applied|applied filters|"
    r"quelle|quellen|stand|hinweis|anmerkung|erstellt|nota|fuente|fonte|remarque|источник|примечание|出典|注|来源|備考)"
    r"\b\s*[:.\d]?)",
    re.I,
)
_FEW_COLUMNS = 2


class EndCheckedTable(Table):
    """Another table without the last rows that are no data, by choice. Asks about them where nobody said."""

    def __init__(self, table: Table, answers: Answers) -> None:
        self.columns, self.understood, self.left_out = table.columns, table.understood, table.left_out
        self.sample, self.recent = table.sample, table.recent
        self._table, self._answers = table, answers

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError or Asks at the end, or at a limit."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        kept: list[list[str]] = []
        sample: list[list[str]] = []
        most = RECENT
        for piece in self._table.pieces():
            kept += piece
            if len(kept) > most:
                most = RECENT if sum(map(len, chain(*kept))) > _MUCH else _AT_ONCE
                given, kept = kept[:-RECENT], kept[-RECENT:]
                if len(sample) < _SAMPLE:
                    sample += given[:_SAMPLE]
                yield given
        end = end_of_data(sample, kept, declared=self._table.declared_totals)
        if end < len(kept) and self._answers.get("footer") != "part":
            kept = self._without(kept, end)
        if kept:
            yield kept

    def _without(self, kept: list[list[str]], end: int) -> list[list[str]]:
        """The rows above the footnote. Raises Asks where nobody said that it is one."""
        lines = list(self.recent)[end - len(kept) :] if len(self.recent) >= len(kept) - end else [0] * (len(kept) - end)
        footnotes = [(line, row) for line, row in zip(lines, kept[end:], strict=True) if any(row)]
        if self._answers.get("footer") != "leave":
            raise Asks([questions.table_end([row for row in kept[:end] if any(row)][-2:], footnotes)], self.understood)
        self.understood.set_aside += [(line, " | ".join(filter(None, row))) for line, row in footnotes]
        count = len(footnotes)
        self.understood.notes.append(f"The last {'row was' if count == 1 else f'{count} rows were'} set aside.")
        return kept[:end]


def end_of_data(above: Sequence[list[str]], last: Sequence[list[str]], *, declared: int = 0) -> int:
    """How many of the last rows are data. `above`: some rows that are; `declared`: totals rows that the file names."""
    end = begin = len(last) - declared
    while begin and _may_be_foot(last[begin - 1]):
        begin -= 1
    for start in range(begin, end):
        if any(last[start]) and _are_feet([*above, *last[:start]], last[start:end]):
            end = start
            break
    while 0 < end < len(last) and not any(last[end - 1]):
        end -= 1
    return end


def _may_be_foot(row: Sequence[str]) -> bool:
    """Whether a row is blank, has one cell, or begins with a word for a total."""
    filled = [cell for cell in row if cell.strip()]
    return len(filled) < _FEW_COLUMNS or _TOTAL.fullmatch(filled[0]) is not None


def _are_feet(above: Sequence[list[str]], rows: Sequence[list[str]]) -> bool:
    """Whether each of the last rows is blank, a footnote or a total, going by the rows above them."""
    others = [other for other in above if any(other)][-_SAMPLE:]
    if len(rows[0]) < _FEW_COLUMNS or len(others) < _FEWEST_ABOVE:
        return False
    typed = data_columns(others, len(rows[0]))
    parted = not any(above[-1])
    return all(not any(row) or _is_foot(row, typed, others, parted=parted) for row in rows)


def _is_foot(row: Sequence[str], typed: set[int], others: Sequence[list[str]], *, parted: bool) -> bool:
    filled = [column for column, cell in enumerate(row) if cell.strip()]
    if _is_total(row, filled, typed, others):
        return True
    if len(filled) != 1 or (filled[0] in typed and (is_datum(row[filled[0]]) or is_missing(row[filled[0]]))):
        return False
    return _is_footnote(row, filled[0], typed, others, parted=parted)


def _is_total(row: Sequence[str], filled: Sequence[int], typed: set[int], others: Sequence[Sequence[str]]) -> bool:
    """Whether a row begins with a word such as "Total", as no other does, and has numbers or nothing behind it."""
    if not filled or not _TOTAL.fullmatch(row[filled[0]]):
        return False
    first, behind = filled[0], filled[1:]
    if any(_TOTAL.fullmatch(other[first]) for other in others):
        return False
    return all(is_datum(row[column]) for column in behind) and (bool(behind) or first in typed or not typed)


def _is_footnote(
    row: Sequence[str], column: int, typed: set[int], others: Sequence[Sequence[str]], *, parted: bool
) -> bool:
    """Whether the only filled cell of a row is no cell of its column."""
    if column in typed:
        return True
    if 2 * sum(1 for other in others if other[column]) < len(others) and column:
        return False
    alone = sum(1 for other in others if sum(map(bool, other)) == 1)
    if _NOTE.match(row[column]) and not any(_NOTE.match(other[column]) for other in others):
        return True
    if alone:
        return False
    return parted or len(row) > _FEW_COLUMNS
