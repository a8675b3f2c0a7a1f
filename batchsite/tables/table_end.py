"""The last rows of a table: footnotes, totals and the like are asked about, and set aside by choice. Pure.

Works on any format. The last rows are kept back until the table has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from batchsite.tables import questions
from batchsite.tables.checked_table import CheckedTable
from batchsite.tables.footnotes import end_of_data
from batchsite.tables.table_types import RECENT, Asks

_SAMPLE = 200
_FEWEST, _MUCH = 20, 1_000_000
"""Rows that are kept back where more would have so many characters."""


class EndCheckedTable(CheckedTable):
    """Another table without the last rows that are no data, by choice. Asks about them where nobody said."""

    def pieces(self) -> Iterator[list[list[str]]]:
        kept: list[list[str]] = []
        sample: list[list[str]] = []
        most = count = 0
        for piece in self._table.pieces():
            kept += piece
            if len(kept) > most:
                keep = _FEWEST if sum(map(len, chain(*kept[-RECENT:]))) > _MUCH else RECENT
                most = keep if keep == _FEWEST else 5 * keep
                if given := kept[:-keep]:
                    kept = kept[-keep:]
                    count += len(given)
                    if len(sample) < _SAMPLE:
                        sample += given[:_SAMPLE]
                    yield given
        more = max(0, len(kept) - RECENT)
        above, last = [*sample, *kept[:more]], kept[more:]
        end = more + end_of_data(above, last, declared=self._table.declared_totals)
        if end < len(kept) and self._answers.get("footer") != "part":
            kept = self._without(kept, end, count)
        if kept:
            yield kept

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
