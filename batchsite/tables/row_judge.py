"""The rows of a delimited table, each judged in itself and by its place; what is wrong is reported by line. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain

from batchsite.tables import questions
from batchsite.tables.blank_rows import BlankRows
from batchsite.tables.byte_order_marks import mark_for
from batchsite.tables.cell_faults import UNFIT, too_long, unfit
from batchsite.tables.cell_values import is_datum
from batchsite.tables.cut_rows import CutRows, problem_of
from batchsite.tables.dialects import NAMES, ONE_COLUMN
from batchsite.tables.encoding_question import encoding_question
from batchsite.tables.encodings import mostly_utf8
from batchsite.tables.excerpts import excerpt
from batchsite.tables.quote_checks import QuoteChecks
from batchsite.tables.quotes import Dialect
from batchsite.tables.records import LINE_END, Record, Records
from batchsite.tables.row_checks import RowChecks, SkippedRows
from batchsite.tables.table_top import Layout
from batchsite.tables.table_types import (
    MOST_PROBLEMS,
    Answers,
    Asks,
    Findings,
    Limits,
    Problem,
    Question,
    ReadingError,
    Understood,
)
from batchsite.tables.text_source import TextSource, marked_bytes

MARK, PAGE = "\ufeff", "\f"
"""Signs that may stand before the header where it comes again: files were joined, or pages."""
_MOST_FOREIGN = 50
_MOST_FEET = 20


@dataclass(frozen=True)
class Delimited:
    """What is known of a delimited text once its beginning was judged."""

    dialect: Dialect
    layout: Layout
    understood: Understood
    decoder: str
    line: int = 0
    """Lines before the first record: `sep=`."""


class RowJudge:
    """Judges the records of a table one after the other. One problem a row."""

    def __init__(
        self, form: Delimited, source: TextSource, records: Records, limits: Limits, answers: Answers, *, quoted: bool
    ) -> None:
        self._form, self._source, self._records, self._answers = form, source, records, answers
        self._layout, self._dialect, self._understood = form.layout, form.dialect, form.understood
        self.checks = RowChecks(limits, answers)
        self.left_out = self.checks.bad if self.checks.skips else SkippedRows()
        self.quotes = QuoteChecks(form.dialect, in_use=quoted or answers.get("quotes") == "damage")
        self.blanks = BlankRows(form.layout.width, form.dialect.delimiter)
        self.repeats = Findings()
        """Rows that are the header once more."""
        self.feet: list[Problem] = []
        """Lines of one cell since the last row: a footnote, unless the table goes on."""
        self.above = form.understood.header_line or 0
        """The line on which the row above begins, where it is sound and nothing stands between."""
        self.cuts, self._cut = CutRows(form.layout, form.dialect, holds=self.checks.skips), Findings()
        """`_cut`: sound rows that may have lost a part of a cell to a line of its own."""
        self._foreign: list[str] = []
        """Rows with bytes that are no UTF-8, for the question about the encoding."""
        self._foreign_count = 0
        self._marked = 0
        """The first line that begins with a byte order mark, and is no header."""
        if self.checks.skips:
            records.overflow = lambda text: self.left_out.write(marked_bytes(text, form.decoder))

    @property
    def gives_rows(self) -> bool:
        """Whether good rows are given out: the bad ones are skipped, or none was found."""
        return self.checks.skips or not (self.checks.bad.count or self.repeats.count or self.quotes.are_damage)

    def check_header(self, text: str, line: int) -> None:
        problems = [
            Problem(unfit(name, self._understood.encoding), line=line, column=column, excerpt=excerpt(name))
            for column, name in enumerate(self._layout.header_cells, 1)
            if self._source.dirty and UNFIT.search(name)
        ]
        if problems:
            raise ReadingError(problems)
        if self.quotes.sign in text:
            self.quotes.check(text, line, 0)

    # --- rows

    def is_sound(self, record: Record) -> bool:
        """Report what is wrong with a row, if anything is; one problem a row."""
        cells, text, _, fault = record
        width, limits, foreign = self._layout.width, self.checks.limits, self._source.dirty and UNFIT.search(text)
        long = max(cells, key=len, default="") if len(text) > limits.cell else ""
        if fault:
            self.quotes.in_use = self.quotes.in_use or self.quotes.sign in text[: self._records.longest]
            self._report(record, fault, excerpt=excerpt(text))
        elif foreign:
            column = next(number for number, cell in enumerate(cells, 1) if UNFIT.search(cell))
            self._note_foreign(text, foreign.group())
            lines = len(LINE_END.findall(text, 0, foreign.start()))
            message = unfit(text[foreign.start() :], self._understood.encoding)
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
        if len(cells) == 1 and self.above:
            message += f" Perhaps it is the end of the row on line {self.above:,}."
        if len(cells) == 1 and (cut := self.cuts.row_above(record)):
            self._doubt(cut[0], self.checks.rows - 1, cut[1])
        problem = self._report(record, message, excerpt=excerpt(text))
        if len(cells) == 1 and len(self.feet) <= _MOST_FEET:
            self.feet.append(problem)

    def is_whole(self, record: Record) -> bool:
        """Whether a sound row has not lost its beginning to a lone cell above it."""
        words = self.cuts.row_below(record) if record[2] > self._records.swallowed_to else ""
        if words:
            self._doubt(record, self.checks.rows, words)
        return not words

    def _doubt(self, record: Record, row: int, message: str) -> None:
        problem = problem_of(record, row, message)
        if self.checks.skips:
            self._skip(record, problem)
        else:
            self._cut.add(problem)

    def _note_foreign(self, text: str, sign: str) -> None:
        if sign != "\0":
            self._foreign_count += 1
            if len(self._foreign) < _MOST_FOREIGN:
                self._foreign.append(text[:2000])

    def has_fitting_quotes(self, record: Record) -> bool:
        """A quote in the middle of a cell is damage where the file uses quotes, and text where not."""
        problem = self.quotes.check(record[1], record[2], self.checks.rows)
        if problem is None or not self.quotes.in_use:
            return True
        if self.checks.skips:
            self._skip(record, problem)
        return False

    def is_in_place(self, record: Record) -> bool:
        """Whether a row that is sound in itself may stand where it stands: it is no header, and drops empty cells."""
        cells, text, line, _ = record
        layout, header = self._layout, self._layout.header_cells
        self._marked = self._marked or (line if cells[0][:1] == MARK else 0)
        if header and [cells[0].lstrip(MARK + PAGE), *cells[1:]] == header:
            return self._may_repeat(record)
        typed = layout.typed
        if (
            self.blanks.after_blank
            and header
            and typed
            and all(cells[n].strip() and not is_datum(cells[n]) for n in typed)
        ):
            message = "Below a blank line, a row that looks like the header of a second table."
            self._report(record, message, excerpt=excerpt(text))
            return False
        if layout.drop and any(cells[-layout.drop :]):
            column = len(cells) - layout.drop + 1
            self._report(record, "A cell that should be skipped is not empty.", column, excerpt(text))
            return False
        return True

    def _may_repeat(self, record: Record) -> bool:
        """Whether a row that is the header once more is a row by choice."""
        _, text, line, _ = record
        if self._answers.get("repeated") == "keep":
            return True
        problem = Problem("This row repeats the header.", line, self.checks.rows, excerpt=excerpt(text))
        if self.checks.skips:
            self._skip(record, problem)
        elif self._answers.get("repeated") == "leave":
            self.left_out.add(problem)
            self._write(text)
        else:
            self.repeats.add(problem)
        return False

    def is_no_fragment(self, record: Record) -> bool:
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
        """Records that the current row is bad. One with broken quotes counts as many rows as it has lines."""
        _, text, line, fault = record
        problem = Problem(message, line + lines_down, self.checks.rows, column, excerpt)
        more = max(0, len(LINE_END.findall(text)) - 1) if fault else 0
        self.checks.rows += more
        self.checks.bad.count += more
        if self.checks.skips:
            self._skip(record, problem)
        else:
            self.checks.bad.add(problem)
        return problem

    def _skip(self, record: Record, problem: Problem) -> None:
        self.left_out.add(problem)
        self._write(record[1])

    def _write(self, text: str) -> None:
        """Keep the bytes of a row, below the header of the file."""
        decoder = self._form.decoder
        if not self.left_out.any_written:
            self.left_out.write(mark_for(self._understood.encoding))
            self.left_out.write(marked_bytes(self._layout.header_text, decoder))
        self.left_out.write(marked_bytes(text, decoder))

    def end(self) -> None:
        """Reports what is only known at the end of the file. Raises ReadingError, Asks."""
        blanks, checks, quotes = self.blanks, self.checks, self.quotes
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
            self._understood.notes.append(f"{where} It was kept.")
        if blanks.left:
            self._understood.notes.append(f"{blanks.left:,} blank {'line' if blanks.left == 1 else 'lines'} skipped.")

    def _settle(self) -> None:
        """Raises ReadingError or Asks where rows are bad, unless they are a footnote by choice."""
        bad, quotes = self.checks.bad, self.quotes
        if quotes.are_damage:
            raise self._refusal()
        if bad.count and not self._only_foreign():
            self._set_footnote_aside()
            bad.count = 0
        if bad.count:
            self._ask(encoding_question(self._foreign_bytes(), self._dialect.delimiter))
        if self.repeats.count:
            self._ask(questions.repeated(self.repeats, self._layout.columns))

    def _set_footnote_aside(self) -> None:
        """Leave out the last lines where they alone are at fault, and somebody said that they are a footnote."""
        feet, answer = self.feet, self._answers.get("footer")
        if not feet or self.checks.bad.count != len(feet) or len(feet) > _MOST_FEET or answer == "part":
            raise self._refusal()
        if answer != "leave":
            self._ask(questions.footer(feet, parted=self.blanks.dropped > 0))
        self._understood.set_aside += [(foot.line or 0, foot.excerpt) for foot in feet]
        self._understood.notes.append("The last lines were skipped.")

    def _only_foreign(self) -> bool:
        """Whether all that is wrong is that the file is not UTF-8 further down, and nobody has said what it is."""
        source = self._source
        utf8 = self._understood.encoding == "utf-8" and "encoding" not in self._answers
        only = self._foreign_count == self.checks.bad.count
        return utf8 and only and not mostly_utf8(source.foreign, source.spread, self._foreign_bytes())

    def _foreign_bytes(self) -> bytes:
        return b"".join(marked_bytes(text, "utf-8") for text in self._foreign)

    def _ask(self, question: Question) -> None:
        raise Asks([question], self._understood)

    def _refusal(self) -> ReadingError:
        """All that was found, in the order of the file; and whether it can be read without its bad rows."""
        misplaced = self.quotes.misplaced if self.quotes.are_damage else Findings()
        parts = (self.checks.bad, misplaced, self.repeats, self._cut)
        problems = sorted(chain(*(part.first for part in parts)), key=lambda problem: problem.line or math.inf)
        count = sum(part.count for part in parts)
        in_rows = all(problem.row for problem in problems)
        rows = self.checks.rows
        return ReadingError(problems[:MOST_PROBLEMS], count, rows=rows, can_skip=in_rows and count < rows)


def _ragged(found: int, width: int, text: str, dialect: Dialect) -> str:
    message = f"{found:,} {'cell' if found == 1 else 'cells'} where the header has {width:,}."
    if found > width and dialect.quote and dialect.quote not in text and dialect.delimiter != ONE_COLUMN:
        sign = NAMES.get(dialect.delimiter, dialect.delimiter)
        return f"{message} A cell with a {sign} in it must be in double quotes."
    return message
