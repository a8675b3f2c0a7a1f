"""A delimited table as it is read: its records in pieces, each row judged. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain

from batchsite.tables.excerpts import excerpt
from batchsite.tables.records import Record, Records
from batchsite.tables.row_judge import MARK, PAGE, Delimited, RowJudge
from batchsite.tables.table_types import RECENT, Answers, Limits, Problem, ReadingError, Table
from batchsite.tables.text_source import TextSource


class DelimitedTable(Table):
    """A table that is being read. `columns` are its names; rows have `layout.width` cells in the file."""

    def __init__(
        self, source: TextSource, form: Delimited, *, limits: Limits, answers: Answers, quoted: bool = False
    ) -> None:
        """`quoted`: whether the file is known to use quotes. Raises ReadingError where the header is damaged."""
        layout = self._layout = form.layout
        self.columns, self.understood, self.sample = layout.columns, form.understood, layout.sample
        self._last_lines: deque[int] = deque(maxlen=RECENT)
        self._last_pieces: deque[tuple[int, list[list[str]]]] = deque()
        self._piece = ""
        """The text of the last piece that went through as a whole."""
        self._source, self._dialect = source, form.dialect
        self._records = Records(source, dialect=form.dialect, line=form.line)
        self._judge = RowJudge(form, source, self._records, limits, answers, quoted=quoted)
        self.left_out = self._judge.left_out
        self._skip_top()

    @property
    def uses_quotes(self) -> bool:
        """Whether a cell was quoted so far."""
        return self._judge.quotes.in_use

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError or Asks at the end, or at a limit."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        if self._dialect.plain and not self._layout.drop and not self._judge.checks.skips:
            for rows in self._records.plain(self._beyond_doubt):
                self._judge.checks.rows += len(rows)
                self._keep_piece(rows)
                yield rows
            self._know_above()
            self._number_pieces()
        for row in self._checked_rows():
            yield [row]
        self._judge.end()

    def last_lines(self) -> list[int]:
        self._number_pieces()
        return list(self._last_lines)

    def _keep_piece(self, rows: list[list[str]]) -> None:
        """Keeps the last rows of a piece that ends where the records stand: their lines are counted when asked for."""
        pieces = self._last_pieces
        pieces.append((self._records.line, rows[-RECENT:]))
        while sum(len(kept) for _, kept in pieces) - len(pieces[0][1]) >= RECENT:
            pieces.popleft()

    def _know_above(self) -> None:
        """What stands above the first record that is looked at by itself."""
        if not self._last_pieces:
            return
        end, rows = self._last_pieces[-1]
        lines = 1 + _line_ends(rows[-1])
        text = "\n".join(self._piece.rsplit("\n", lines + 1)[-lines - 1 :])
        self._judge.above = end - lines + 1
        self._judge.cuts.take((rows[-1], text, self._judge.above, ""))

    def _number_pieces(self) -> None:
        """Counts the lines of the rows that were kept."""
        for end, rows in self._last_pieces:
            line, lines = end + 1, list[int]()
            for row in reversed(rows):
                line -= 1 + _line_ends(row)
                lines.append(line)
            self._last_lines.extend(reversed(lines))
        self._last_pieces.clear()

    def _beyond_doubt(self, rows: list[list[str]], text: str) -> bool:
        """Whether all that is checked row by row below is fine with these rows: the same rules, a piece at a time."""
        width, limits = self._layout.width, self._judge.checks.limits
        fine = (
            set(map(len, rows)) == {width}
            and len(text) <= limits.cell
            and self._judge.checks.rows + len(rows) <= limits.rows
            and not self._source.dirty
            and [""] * width not in rows
            and self._layout.header_cells not in rows
            and MARK not in text
            and PAGE not in text
            and self._judge.quotes.fit_in_piece(text)
        )
        if fine:
            self._piece = text
        return fine

    def _checked_rows(self) -> Iterator[list[str]]:
        judge, source, records, layout = self._judge, self._source, self._records, self._layout
        blanks, quote, drop, longest = judge.blanks, judge.quotes.sign, layout.drop, judge.checks.limits.cell
        name = layout.header_cells[0] if layout.header_cells else None
        for record in records:
            # One test for nearly every row; what it does not let pass is looked at more closely.
            cells, text, line, fault = record
            plain = len(cells) == layout.width and cells[0] and len(text) <= longest and not source.dirty
            if not plain and not fault and blanks.take(cells, text, line):
                yield from self._given(None)
                judge.above = 0
                continue
            if blanks.any_kept:
                yield from self._released(line)
            judge.checks.next_row()
            fine = plain or judge.is_sound(record)
            if fine and quote in text:
                fine = judge.has_fitting_quotes(record)
            if fine and (blanks.after_blank or cells[0] == name or cells[0] >= MARK or cells[0][:1] == PAGE or drop):
                fine = judge.is_in_place(record)
            if fine and line <= records.swallowed_to:
                fine = judge.is_no_fragment(record)
            blanks.after_blank = False
            judge.above = line if fine else 0
            if fine:
                judge.feet.clear()
                fine = judge.is_whole(record)
            yield from self._given(record if fine else None)
        yield from self._given(None)

    def _given(self, record: Record | None) -> Iterator[list[str]]:
        """The row to be given out, with `record` as the next sound one; None where it is none."""
        judge, drop = self._judge, self._layout.drop
        if (row := judge.cuts.take(record)) and judge.gives_rows:
            self._last_lines.append(row[2])
            yield row[0][:-drop] if drop else row[0]

    def _released(self, line: int) -> Iterator[list[str]]:
        """The blank rows that were kept back, now that the table goes on."""
        drop = self._layout.drop
        for record in self._judge.blanks.release(line):
            self._judge.checks.next_row()
            if self._judge.is_sound(record) and self._judge.gives_rows:
                self._last_lines.append(record[2])
                yield record[0][:-drop] if drop else record[0]

    # --- the top

    def _skip_top(self) -> None:
        """Read past titles and header, whose place and names are known. Raises ReadingError where they are damaged."""
        header_line = self.understood.header_line
        for _, (_, text, line, fault) in zip(range(self._layout.skip), self._records, strict=False):
            if fault:
                raise ReadingError([Problem(fault, line=line, excerpt=excerpt(text))])
            if line == header_line and self._layout.header_cells:
                self._judge.check_header(text, line)


def _line_ends(row: list[str]) -> int:
    """Those within the cells of a row."""
    return sum(cell.count("\n") for cell in row)
