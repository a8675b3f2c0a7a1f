"""The last rows of a table: footnotes, totals and the like are asked about, and set aside by choice. Pure.

Works on any format. The last rows are kept back until the table has ended; of an end that is longer only its beginning
is known, which the answer then names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from batchsite.tables import questions
from batchsite.tables.checked_table import CheckedTable
from batchsite.tables.excerpts import excerpt
from batchsite.tables.footnotes import end_of_data
from batchsite.tables.known_rows import rows_judged
from batchsite.tables.long_end import SHOWN, LongEnd
from batchsite.tables.table_types import RECENT, Answers, Asks, Table

_SAMPLE = 200
_FEWEST, _MUCH = 20, 1_000_000
"""Rows that are kept back where more would have so many characters."""
_ROW = re.compile(r"row (\d{1,9})")
"""The answer that names the first row that is none."""


class EndCheckedTable(CheckedTable):
    """Another table without its last rows that are not data, by choice. Asks about them if nobody has said."""

    def __init__(self, table: Table, answers: Answers) -> None:
        super().__init__(table, answers)
        match = _ROW.fullmatch(answers.get("footer", ""))
        self._said = int(match[1]) if match else 0
        """The number of the row from which on a person skips all; 0 where nobody said so."""
        self._skipped: list[tuple[int, str]] = []

    def pieces(self) -> Iterator[list[list[str]]]:
        kept: list[list[str]] = []
        sample: list[list[str]] = []
        long_end, recent = LongEnd(), min(RECENT, rows_judged(len(self.columns) or 1))
        most = count = 0
        for piece in self._table.pieces():
            kept += piece
            if len(kept) > most:
                keep = _FEWEST if sum(map(len, chain(*kept[-recent:]))) > _MUCH else recent
                most = keep if keep == _FEWEST else 5 * keep
                if given := kept[:-keep]:
                    kept = kept[-keep:]
                    long_end.take(given)
                    if len(sample) < _SAMPLE:
                        sample += given[:_SAMPLE]
                    yield self._above_said(given, count)
                    count += len(given)
        long_end.take(kept)
        total = count + len(kept)
        if 0 < self._said <= total:
            yield self._above_said(kept, count)
            self._note_skipped(total)
            return
        if long_end.begin and long_end.begin <= total - recent and self._answers.get("footer") != "part":
            raise Asks([questions.long_end(long_end, total)], self.understood)
        more = max(0, len(kept) - recent)
        above, last = [*sample, *kept[:more]], kept[more:]
        end = more + end_of_data(above, last, declared=self._table.declared_totals)
        if end < len(kept) and self._answers.get("footer") != "part":
            kept = self._without(kept, end, count)
        if kept:
            yield kept

    def _above_said(self, rows: list[list[str]], count: int) -> list[list[str]]:
        """Those of the rows that stand above the end as a person said it; `count` rows were given before."""
        if not self._said:
            return rows
        above = max(0, self._said - 1 - count)
        for number, row in enumerate(rows[above:], count + above + 1):
            if len(self._skipped) == SHOWN:
                break
            self._skipped.append((number, excerpt(" | ".join(filter(None, row)))))
        return rows[:above]

    def _note_skipped(self, total: int) -> None:
        """Of all rows, those that were skipped because a person said where the table ends."""
        count = total - self._said + 1
        self.understood.set_aside += [(number, text) for number, text in self._skipped if text]
        self.understood.notes.append(f"The last {count:,} {'row was' if count == 1 else 'rows were'} skipped.")

    def _without(self, kept: list[list[str]], end: int, count: int) -> list[list[str]]:
        """The rows above the footnote; `count` rows were given before. Raises Asks where nobody said that it is one."""
        below = len(kept) - end
        lines = self.last_lines()[-below:]
        if len(lines) < below:
            lines = list(range(count + end + 1, count + len(kept) + 1))
        footnotes = [(line, row) for line, row in zip(lines, kept[end:], strict=True) if any(row)]
        if self._answers.get("footer") != "leave":
            above = [row for row in kept[:end] if any(row)][-2:]
            raise Asks([questions.table_end(above, footnotes, self.place)], self.understood)
        self.understood.set_aside += [(line, " | ".join(filter(None, row))) for line, row in footnotes]
        total = len(footnotes)
        self.understood.notes.append(f"The last {'row was' if total == 1 else f'{total} rows were'} skipped.")
        return kept[:end]
