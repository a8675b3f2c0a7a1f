"""A delimited table as it is read: every row checked, what is wrong reported by line. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from batchsite.tables import questions
from batchsite.tables.blank_rows import BlankRows
from batchsite.tables.byte_order_marks import mark_for
from batchsite.tables.cell_faults import UNFIT, too_long, unfit
from batchsite.tables.cell_values import is_datum
from batchsite.tables.dialects import NAMES, ONE_COLUMN
from batchsite.tables.encoding_question import encoding_question
from batchsite.tables.excerpts import excerpt
from batchsite.tables.quote_checks import QuoteChecks
from batchsite.tables.quotes import Dialect
from batchsite.tables.records import LINE_END, Record, Records
from batchsite.tables.row_checks import RowChecks, SkippedRows
from batchsite.tables.table_top import Layout
from batchsite.tables.table_types import (
    MOST_PROBLEMS,
    RECENT,
    Answers,
    Asks,
    Findings,
    Limits,
    Problem,
    Question,
    ReadingError,
    Table,
    Understood,
)
from batchsite.tables.text_source import TextSource, marked_bytes

_MOST_FOREIGN = 50
_MOST_FEET = 20
_MARK = "\ufeff"


@dataclass(frozen=True)
class Delimited:
    """What is known of a delimited text once its beginning was judged."""

    dialect: Dialect
    layout: Layout
    understood: Understood
    decoder: str
    line: int = 0
    """Lines before the first record: `sep=`."""


class DelimitedTable(Table):
    """A table that is being read. `columns` are its names; rows have `layout.width` cells in the file."""

    def __init__(
        self, source: TextSource, form: Delimited, *, limits: Limits, answers: Answers, quoted: bool = False
    ) -> None:
        """`quoted`: whether the file is known to use quotes. Raises ReadingError where the header is damaged."""
        layout = self._layout = form.layout
        self.columns, self.understood, self.sample = layout.columns, form.understood, layout.sample
        self.recent: deque[int] = deque(maxlen=RECENT)
        self._form, self._source, self._answers, self._dialect = form, source, answers, form.dialect
        self._records = Records(source, dialect=form.dialect, line=form.line)
        self._checks = RowChecks(limits, answers)
        self.left_out = self._checks.bad if self._checks.skips else SkippedRows()
        self._quotes = QuoteChecks(form.dialect, in_use=quoted or answers.get("quotes") == "damage")
        self._blanks = BlankRows(layout.width, form.dialect.delimiter)
        self._repeats = Findings()
        self._feet: list[Problem] = []
        """Lines of one cell since the last row: a footnote, unless the table goes on."""
        self._foreign: list[str] = []
        """Rows with bytes that are no UTF-8, for the question about the encoding."""
        self._foreign_count = 0
        self._above = form.understood.header_line or 0
        """The line on which the row above begins, where it is sound and nothing stands between."""
        self._marked = 0
        """The first line that begins with a byte order mark, and is no header."""
        if self._checks.skips:
            self._records.overflow = lambda text: self.left_out.write(marked_bytes(text, form.decoder))
        self._skip_top()

    @property
    def uses_quotes(self) -> bool:
        """Whether a cell was quoted so far."""
        return self._quotes.in_use

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError or Asks at the end, or at a limit."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        if self._dialect.plain and not self._layout.drop:
            for rows in self._records.plain(self._beyond_doubt):
                self._checks.rows += len(rows)
                self._note_lines(rows)
                yield rows
        for row in self._checked_rows():
            yield [row]
        self._end()

    def _note_lines(self, rows: list[list[str]]) -> None:
        """The lines of the last rows of a piece that ends where the records stand."""
        line, lines = self._records.line + 1, list[int]()
        for row in reversed(rows[-RECENT:]):
            line -= 1 + sum(cell.count("\n") for cell in row)
            lines.append(line)
        self._above = lines[0]
        self.recent.extend(reversed(lines))

    def _beyond_doubt(self, rows: list[list[str]], text: str) -> bool:
        """Whether all that is checked row by row below is fine with these rows: the same rules, a piece at a time."""
        width, limits = self._layout.width, self._checks.limits
        return (
            set(map(len, rows)) == {width}
            and len(text) <= limits.cell
            and self._checks.rows + len(rows) <= limits.rows
            and not self._source.dirty
            and [""] * width not in rows
            and self._layout.header_cells not in rows
            and _MARK not in text
            and self._quotes.fit_in_piece(text)
        )

    def _checked_rows(self) -> Iterator[list[str]]:
        width, longest, drop, quote = self._layout.width, self._checks.limits.cell, self._layout.drop, self._quotes.sign
        name = self._layout.header_cells[0] if self._layout.header_cells else None
        for record in self._records:
            # One test for nearly every row; what it does not let pass is looked at more closely.
            cells, text, line, fault = record
            plain = len(cells) == width and cells[0] and len(text) <= longest and not self._source.dirty
            if not plain and not fault and self._blanks.take(cells, text, line):
                self._above = 0
                continue
            if self._blanks.any_kept:
                yield from self._released(line)
            self._checks.next_row()
            fine = plain or self._is_sound(record)
            if fine and quote in text:
                fine = self._has_fitting_quotes(record)
            if fine and (self._blanks.after_blank or cells[0] == name or cells[0] >= _MARK or drop):
                fine = self._is_in_place(record)
            if fine and line <= self._records.swallowed_to:
                fine = self._is_no_fragment(record)
            self._blanks.after_blank = False
            self._above = line if fine else 0
            if fine:
                self._feet.clear()
                if self._gives_rows:
                    self.recent.append(line)
                    yield cells[:-drop] if drop else cells

    def _released(self, line: int) -> Iterator[list[str]]:
        """The blank rows that were kept back, now that the table goes on."""
        drop = self._layout.drop
        for record in self._blanks.release(line):
            self._checks.next_row()
            if self._is_sound(record) and self._gives_rows:
                self.recent.append(record[2])
                yield record[0][:-drop] if drop else record[0]

    @property
    def _gives_rows(self) -> bool:
        return self._checks.skips or not (self._checks.bad.count or self._repeats.count or self._quotes.are_damage)

    # --- the top

    def _skip_top(self) -> None:
        """Read past titles and header, whose place and names are known. Raises ReadingError where they are damaged."""
        header_line = self.understood.header_line
        for _, (_, text, line, fault) in zip(range(self._layout.skip), self._records, strict=False):
            if fault:
                raise ReadingError([Problem(fault, line=line, excerpt=excerpt(text))])
            if line == header_line and self._layout.header_cells:
                self._check_header(text, line)

    def _check_header(self, text: str, line: int) -> None:
        problems = [
            Problem(unfit(name, self.understood.encoding), line=line, column=column, excerpt=excerpt(name))
            for column, name in enumerate(self._layout.header_cells, 1)
            if self._source.dirty and UNFIT.search(name)
        ]
        if problems:
            raise ReadingError(problems)
        if self._quotes.sign in text:
            self._quotes.check(text, line, 0)

    # --- rows

    def _is_sound(self, record: Record) -> bool:
        """Report what is wrong with a row, if anything is; one problem a row."""
        cells, text, _, fault = record
        width, limits, foreign = self._layout.width, self._checks.limits, self._source.dirty and UNFIT.search(text)
        long = max(cells, key=len, default="") if len(text) > limits.cell else ""
        if fault:
            self._quotes.in_use = self._quotes.in_use or self._quotes.sign in text[: self._records.longest]
            self._report(record, fault, excerpt=excerpt(text))
        elif foreign:
            column = next(number for number, cell in enumerate(cells, 1) if UNFIT.search(cell))
            self._note_foreign(text, foreign.group())
            lines = len(LINE_END.findall(text, 0, foreign.start()))
            message = unfit(text[foreign.start() :], self.understood.encoding)
            self._report(record, message, column, excerpt(text, foreign.start()), lines_down=lines)
        elif words := too_long(len(long), limits):
            self._report(record, words, cells.index(long) + 1, excerpt(long))
        elif len(cells) != width:
            self._report_ragged(record)
        else:
            return True
        return False

    def _report_ragged(self, record: Record) -> None:
        cells, text, _, _ = record
        message = _ragged(len(cells), self._layout.width, text, self._dialect)
        if len(cells) == 1 and self._above:
            message += f" Perhaps it is the end of the row on line {self._above:,}."
        problem = self._report(record, message, excerpt=excerpt(text))
        if len(cells) == 1 and len(self._feet) <= _MOST_FEET:
            self._feet.append(problem)

    def _note_foreign(self, text: str, sign: str) -> None:
        if sign != "\0":
            self._foreign_count += 1
            if len(self._foreign) < _MOST_FOREIGN:
                self._foreign.append(text[:2000])

    def _has_fitting_quotes(self, record: Record) -> bool:
        """A quote in the middle of a cell is damage where the file uses quotes, and text where not."""
        problem = self._quotes.check(record[1], record[2], self._checks.rows)
        if problem is None or not self._quotes.in_use:
            return True
        if self._checks.skips:
            self._skip(record, problem)
        return False

    def _is_in_place(self, record: Record) -> bool:
        """Whether a row that is sound in itself may stand where it stands: it is no header, and drops empty cells."""
        cells, text, line, _ = record
        layout, header = self._layout, self._layout.header_cells
        self._marked = self._marked or (line if cells[0][:1] == _MARK else 0)
        if header and [cells[0].lstrip(_MARK), *cells[1:]] == header:
            return self._may_repeat(record)
        typed = layout.typed
        if (
            self._blanks.after_blank
            and header
            and typed
            and all(cells[n].strip() and not is_datum(cells[n]) for n in typed)
        ):
            message = "Below a blank line, a row that looks like the header of a second table."
            self._report(record, message, excerpt=excerpt(text))
            return False
        if layout.drop and any(cells[-layout.drop :]):
            column = len(cells) - layout.drop + 1
            self._report(record, "There is something in a cell that was to be left out.", column, excerpt(text))
            return False
        return True

    def _may_repeat(self, record: Record) -> bool:
        """Whether a row that is the header once more is a row by choice."""
        _, text, line, _ = record
        if self._answers.get("repeated") == "keep":
            return True
        problem = Problem("This row is the header once more.", line, self._checks.rows, excerpt=excerpt(text))
        if self._checks.skips:
            self._skip(record, problem)
        elif self._answers.get("repeated") == "leave":
            self.left_out.add(problem)
            self._write(text)
        else:
            self._repeats.add(problem)
        return False

    def _is_no_fragment(self, record: Record) -> bool:
        """Whether a row that a broken quote above had swallowed is a row like the others, not the rest of a cell."""
        cells, text, _, _ = record
        if not any(cells[n].strip() and not is_datum(cells[n]) for n in self._layout.typed):
            return True
        message = f"Perhaps it belongs to the row on line {self._records.swallowed_by:,}, whose quotes are broken."
        self._report(record, message, excerpt=excerpt(text))
        return False

    # --- the outcome

    def _report(
        self, record: Record, message: str, column: int | None = None, excerpt: str = "", *, lines_down: int = 0
    ) -> Problem:
        """The row in hand is bad. One with broken quotes stands for as many rows as it has lines."""
        _, text, line, fault = record
        problem = Problem(message, line + lines_down, self._checks.rows, column, excerpt)
        more = max(0, len(LINE_END.findall(text)) - 1) if fault else 0
        self._checks.rows += more
        self._checks.bad.count += more
        if self._checks.skips:
            self._skip(record, problem)
        else:
            self._checks.bad.add(problem)
        return problem

    def _skip(self, record: Record, problem: Problem) -> None:
        self.left_out.add(problem)
        self._write(record[1])

    def _write(self, text: str) -> None:
        """Keep the bytes of a row, below the header of the file."""
        decoder = self._form.decoder
        if not self.left_out.any_written:
            self.left_out.write(mark_for(self.understood.encoding))
            self.left_out.write(marked_bytes(self._layout.header_text, decoder))
        self.left_out.write(marked_bytes(text, decoder))

    def _end(self) -> None:
        """What can only be said once all is read. Raises ReadingError, Asks."""
        blanks, checks, quotes = self._blanks, self._checks, self._quotes
        if blanks.empties and self._answers.get("trailing") not in {"leave", "rows"}:
            self._ask(questions.trailing(blanks.empties))
        if checks.skips:
            checks.settle()
        else:
            self._settle()
        if quotes.are_doubtful and self._answers.get("quotes") != "text":
            self._ask(questions.quotes(quotes.misplaced.first[0]))
        if self._marked:
            where = f"Line {self._marked:,} begins with a byte order mark, an invisible sign of a file's beginning."
            self.understood.notes.append(f"{where} It was kept.")
        if blanks.left:
            self.understood.notes.append(f"{blanks.left:,} blank {'line' if blanks.left == 1 else 'lines'} left out.")

    def _settle(self) -> None:
        """Raises ReadingError or Asks where rows are bad, unless they are a footnote by choice."""
        bad, quotes = self._checks.bad, self._quotes
        if quotes.are_damage:
            raise self._refusal()
        if bad.count and not self._only_foreign():
            self._set_footnote_aside()
            bad.count = 0
        if bad.count:
            data = b"".join(marked_bytes(text, "utf-8") for text in self._foreign)
            self._ask(encoding_question(data, self._dialect.delimiter))
        if self._repeats.count:
            self._ask(questions.repeated(self._repeats, self.columns))

    def _set_footnote_aside(self) -> None:
        """Leave out the last lines where they alone are at fault, and somebody said that they are a footnote."""
        feet, answer = self._feet, self._answers.get("footer")
        if not feet or self._checks.bad.count != len(feet) or len(feet) > _MOST_FEET or answer == "part":
            raise self._refusal()
        if answer != "leave":
            self._ask(questions.footer(feet, parted=self._blanks.dropped > 0))
        self.understood.set_aside += [(foot.line or 0, foot.excerpt) for foot in feet]
        self.understood.notes.append("The last lines were set aside.")

    def _only_foreign(self) -> bool:
        """Whether all that is wrong is that the file is not UTF-8 further down, and nobody has said what it is."""
        source = self._source
        utf8 = self.understood.encoding == "utf-8" and "encoding" not in self._answers
        return utf8 and self._foreign_count == self._checks.bad.count and source.foreign > source.spread

    def _ask(self, question: Question) -> None:
        raise Asks([question], self.understood)

    def _refusal(self) -> ReadingError:
        """All that was found, in the order of the file; and whether it can be read without its bad rows."""
        misplaced = self._quotes.misplaced if self._quotes.are_damage else Findings()
        parts = (self._checks.bad, misplaced, self._repeats)
        problems = sorted(chain(*(part.first for part in parts)), key=lambda problem: problem.line or math.inf)
        count = sum(part.count for part in parts)
        in_rows = all(problem.row for problem in problems)
        rows = self._checks.rows
        return ReadingError(problems[:MOST_PROBLEMS], count, rows=rows, can_skip=in_rows and count < rows)


def _ragged(found: int, width: int, text: str, dialect: Dialect) -> str:
    message = f"{found:,} {'cell' if found == 1 else 'cells'} where the header has {width:,}."
    if found > width and dialect.quote and dialect.quote not in text and dialect.delimiter != ONE_COLUMN:
        sign = NAMES.get(dialect.delimiter, dialect.delimiter)
        return f"{message} A cell with a {sign} in it must stand in double quotes."
    return message
