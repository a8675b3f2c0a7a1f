"""Header rows among the rows, where the names stand elsewhere: in the keys of JSON, in the schema of Parquet. Pure.

So a table comes out that had several header rows when it was converted. And the names again between the rows, in any
format but delimited text, which is judged by its lines.
"""

from __future__ import annotations

from collections.abc import Iterator

from batchsite.tables import questions
from batchsite.tables.checked_table import CheckedTable
from batchsite.tables.excerpts import excerpt
from batchsite.tables.further_headers import KEY, further_headers, header_question
from batchsite.tables.table_types import Answers, Asks, Findings, Problem, Table

_JUDGED, _MUCH = 200, 4_000_000
"""Rows that are held before the first of them are judged, unless they have so many characters."""
_MOST_SET_ASIDE = 100


class TopCheckedTable(CheckedTable):
    """Another table without the first rows that belong to its header, by choice. Asks where nobody said."""

    def pieces(self) -> Iterator[list[list[str]]]:
        first: list[list[str]] = []
        judged, size = False, 0
        for piece in self._table.pieces():
            if judged:
                yield piece
                continue
            first += piece
            size += sum(len(cell) for row in piece for cell in row)
            if len(first) >= _JUDGED or size > _MUCH:
                judged = True
                yield first[self._further(first) :]
        if not judged:
            yield first[self._further(first) :]

    def _further(self, rows: list[list[str]]) -> int:
        """How many of the rows are part of the header. Raises Asks where nobody said so."""
        filled = [(number, row) for number, row in enumerate(rows[:_JUDGED], 1) if any(row)]
        typed = self.typed_columns
        data = next((at for at, (_, row) in enumerate(filled) if any(row[column] for column in typed)), len(filled))
        count = min(data, further_headers(self.columns, [row for _, row in filled]))
        if not count or self._answers.get(KEY) == "rows":
            return 0
        further = [(number, " | ".join(filter(None, row))) for number, row in filled[:count]]
        if self._answers.get(KEY) != "leave":
            lines, texts = zip(*further, strict=True)
            shown = [row for _, row in filled]
            raise Asks([header_question(self.columns, shown, lines, texts, word=self.place)], self.understood)
        self.understood.set_aside += further
        self.understood.notes.append(f"{count} {'row' if count == 1 else 'rows'} below the column names skipped.")
        return further[-1][0]


class RepeatCheckedTable(CheckedTable):
    """Another table without the rows that are its header once more, by choice. Asks where nobody said."""

    def __init__(self, table: Table, answers: Answers) -> None:
        super().__init__(table, answers)
        self._repeats, self._count = Findings(), 0

    def pieces(self) -> Iterator[list[list[str]]]:
        names, answer = self.columns, self._answers.get("repeated")
        for piece in self._table.pieces():
            if answer == "keep" or names not in piece:
                yield piece
            else:
                self._note(piece)
                yield [row for row in piece if row != names]
            self._count += len(piece)
        if self._repeats.count and answer != "leave":
            raise Asks([questions.repeated(self._repeats, names, self.place)], self.understood)
        if count := self._repeats.count:
            found = [(problem.line or 0, problem.excerpt) for problem in self._repeats.first[:_MOST_SET_ASIDE]]
            self.understood.set_aside += found
            rows = "1 row that repeats" if count == 1 else f"{count:,} rows that repeat"
            self.understood.notes.append(f"{rows} the header skipped.")

    def _note(self, piece: list[list[str]]) -> None:
        lines = self.last_lines()[-len(piece) :]
        for at, row in enumerate(piece):
            if row == self.columns:
                line = lines[at - len(piece)] if len(lines) >= len(piece) - at else self._count + at + 1
                self._repeats.add(Problem("", line, excerpt=excerpt(" | ".join(row))))
