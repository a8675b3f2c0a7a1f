"""A delimited table as it is read: every row checked, what is wrong reported by line. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from batchsite.tables import questions
from batchsite.tables.cell_faults import UNFIT
from batchsite.tables.cell_values import is_datum
from batchsite.tables.dialects import NAMES, ONE_COLUMN
from batchsite.tables.excerpts import excerpt
from batchsite.tables.layout import Layout
from batchsite.tables.quotes import Dialect, bare_quote, column_at, quotes_fit
from batchsite.tables.records import LINE_END, Records
from batchsite.tables.row_checks import SkippedRows
from batchsite.tables.table_types import (
    BAD_ROWS,
    LEAVE,
    MOST_PROBLEMS,
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

_MOST_BLANK_RUNS = 1000
_MOST_FOREIGN = 50
_MOST_FEET = 20
_LINE_ENDS = "\r\n\x1a"
"""With the mark that DOS puts at the end of a file."""
_MARK = "\ufeff"
_TEXT_QUOTES = 2
"""Rows with a quote in the middle of a cell from which on nobody need be asked: in this file quotes are text."""


@dataclass
class _Blanks:
    """A run of rows with nothing in them but delimiters."""

    line: int
    width: int
    count: int = 1


class DelimitedTable(Table):
    """A table that is being read. `columns` are its names; rows have `layout.width` cells in the file."""

    def __init__(
        self,
        source: TextSource,
        dialect: Dialect,
        layout: Layout,
        *,
        limits: Limits,
        answers: Answers,
        understood: Understood,
        line: int = 0,
        quoted: bool = False,
    ) -> None:
        self.columns, self.understood, self.limits, self.left_out = layout.columns, understood, limits, SkippedRows()
        self._source, self._dialect, self._layout, self._answers = source, dialect, layout, answers
        self._records = Records(source, dialect=dialect, line=line)
        self._leaves = answers.get(BAD_ROWS) == LEAVE
        self._number = self._dropped = 0
        self._blanks: list[_Blanks] = []
        self._empties = 0
        self._after_blank = False
        self._feet: list[Problem] = []
        """Lines of one cell since the last row: a footnote, unless the table goes on."""
        self._problems, self._bare_quotes, self._repeats = Findings(), Findings(), Findings()
        self._foreign: list[str] = []
        self._foreign_count = 0
        self._uses_quotes = (quoted and self._leaves) or answers.get("quotes") == "damage"
        self._refused = False
        self._above = understood.header_line or 0
        """The line on which the row above begins, where it is sound and nothing stands between."""
        self._marked = 0
        """The first line that begins with the mark of a file's beginning, and is no header."""
        self._taken_as_text = 0
        """Rows with a quote in the middle of a cell that were given out as long as no cell was quoted."""
        self._skip()

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError or Asks at the end, or at a limit."""
        return chain.from_iterable(self.pieces())

    def pieces(self) -> Iterator[list[list[str]]]:
        if self._dialect.plain and not self._layout.drop:
            for plain in self._records.plain(self._beyond_doubt):
                self._number += len(plain)
                self._above = self._records.line - sum(cell.count("\n") for cell in plain[-1])
                yield plain
        for row in self._checked_rows():
            yield [row]
        self._end()

    def _beyond_doubt(self, rows: list[list[str]], text: str) -> bool:
        """Whether all that is checked row by row below is fine with these rows: the same rules, a piece at a time."""
        width, quote = self._layout.width, self._dialect.quote
        quoted = bool(quote) and quote in text
        fine = (
            set(map(len, rows)) == {width}
            and len(text) <= self.limits.cell
            and self._number + len(rows) <= self.limits.rows
            and not (self._source.dirty or self._bare_quotes.count)
            and [""] * width not in rows
            and self._layout.header_cells not in rows
            and _MARK not in text
            and (not quoted or quotes_fit(text, self._dialect))
        )
        self._uses_quotes = self._uses_quotes or (fine and quoted)
        return fine

    def _checked_rows(self) -> Iterator[list[str]]:
        source, width, longest = self._source, self._layout.width, self.limits.cell
        quote, drop = self._dialect.quote or "\0", self._layout.drop
        name = self._layout.header_cells[0] if self._layout.header_cells else None
        for cells, text, line, fault in self._records:
            # One test for nearly every row; what it does not let pass is looked at more closely.
            plain = len(cells) == width and cells[0] and len(text) <= longest and not source.dirty
            if not plain and not fault and self._set_aside(cells, text, line):
                self._above = 0
                continue
            if self._blanks or self._empties:
                yield from self._blanks_between()
            self._count()
            if not plain and not cells and width == 1 and not fault:
                cells = [""]
            fine = plain or self._check(cells, text, line, fault)
            if fine and quote in text:
                fine = self._check_quotes(text, line)
            if fine and (self._after_blank or cells[0] == name or cells[0] >= _MARK or drop):
                fine = self._check_place(cells, text, line)
            self._after_blank = False
            self._above = line if fine else 0
            if fine and self._feet:
                self._feet = []
            if fine and not self._refused:
                yield cells[:-drop] if drop else cells

    # --- the top

    def _skip(self) -> None:
        """Read past titles and header, whose place and names are known, and look at what only the bytes tell."""
        layout, text, line = self._layout, "", 0
        if len(self.columns) > self.limits.columns:
            message = f"The table has {len(self.columns):,} columns; {self.limits.columns:,} are the limit."
            raise ReadingError([Problem(message, self.understood.header_line, excerpt=excerpt(layout.header_text))])
        for _, record in zip(range(layout.skip), self._records, strict=False):
            _, text, line, fault = record
            if fault:
                raise ReadingError([Problem(fault, line=line, excerpt=excerpt(text))])
        if not layout.header_cells:
            return
        self._header_fit(line)
        if self._dialect.quote and self._dialect.quote in text:
            self._check_quotes(text, line)

    def _header_fit(self, line: int) -> None:
        problems = [
            Problem(self._unfit(name), line=line, column=column, excerpt=excerpt(name))
            for column, name in enumerate(self._layout.header_cells, 1)
            if self._source.dirty and UNFIT.search(name)
        ]
        if problems:
            raise ReadingError(problems)

    # --- rows

    def _set_aside(self, cells: list[str], text: str, line: int) -> bool:
        """Drop a blank line; keep back a row of delimiters only until it is known whether the table goes on."""
        if self._layout.width == 1:
            if text.strip(_LINE_ENDS):
                return False
            self._empties += 1  # here a blank line is an empty cell, or the end
            return True
        if not text.strip(" " + _LINE_ENDS):
            self._dropped += 1
            self._after_blank = True
            return True
        if text.strip(self._dialect.delimiter + "\r\n") or (len(cells) < self._layout.width and text[-1] not in "\r\n"):
            return False  # the second: the file ends in the middle of a row
        last = self._blanks[-1] if self._blanks else None
        if last and last.line + last.count == line and last.width == len(cells):
            last.count += 1
            return True
        if len(self._blanks) < _MOST_BLANK_RUNS:
            self._blanks.append(_Blanks(line, len(cells)))
            return True
        return False

    def _blanks_between(self) -> Iterator[list[str]]:
        """The rows kept back: the table goes on behind them, so they are rows."""
        empties, self._empties = self._empties, 0
        for _ in range(empties):
            self._count()
            if not self._refused:
                yield [""]
        blanks, self._blanks = self._blanks, []
        drop = self._layout.drop
        for run in blanks:
            for line in range(run.line, run.line + run.count):
                cells = [""] * run.width
                self._count()
                fine = self._check(cells, self._dialect.delimiter * (run.width - 1), line, "")
                if not self._refused and (fine or not self._leaves):
                    yield cells[:-drop] if drop else cells

    def _count(self) -> None:
        self._number += 1
        if self._number > self.limits.rows:
            message = f"The table has more than {self.limits.rows:,} rows, which is the limit."
            self._problems.add(Problem(message, row=self._number))
            raise self._refusal()

    def _check(self, cells: list[str], text: str, line: int, fault: str) -> bool:
        """Report what is wrong with a row, if anything is; one problem a row."""
        width, unfit = self._layout.width, self._source.dirty and UNFIT.search(text)
        long = len(text) > self.limits.cell and self._too_long(cells)
        if not (fault or unfit or long or len(cells) != width):
            return True
        if self._problems.full and not self._leaves:
            self._problems.count += 1
            self._foreign_count += bool(unfit)
        elif fault:
            self._uses_quotes = self._uses_quotes or self._dialect.quote in text
            self._report(fault, line, excerpt=excerpt(text))
        elif unfit:
            column = next(n for n, cell in enumerate(cells, 1) if UNFIT.search(cell))
            where = line + len(LINE_END.findall(text, 0, unfit.start()))
            self._foreign_row(text, unfit.group())
            self._report(self._unfit(text), where, column, excerpt(text, unfit.start()))
        elif long:
            message = f"A cell of {len(cells[long - 1]):,} characters; {self.limits.cell:,} are the limit."
            self._report(message, line, long, excerpt(cells[long - 1]))
        else:
            message = _ragged(len(cells), width, text, self._dialect)
            if len(cells) == 1 and self._above:
                message += f" Perhaps it is the end of the row on line {self._above:,}."
            problem = self._report(message, line, excerpt=excerpt(text))
            if len(cells) == 1 and len(self._feet) <= _MOST_FEET:
                self._feet.append(problem)
        return False

    def _too_long(self, cells: list[str]) -> int:
        """The first column whose cell is longer than allowed, or 0."""
        return next((n for n, cell in enumerate(cells, 1) if len(cell) > self.limits.cell), 0)

    def _foreign_row(self, text: str, sign: str) -> None:
        if sign != "\0":
            self._foreign_count += 1
            if len(self._foreign) < _MOST_FOREIGN:
                self._foreign.append(text[:2000])

    def _check_quotes(self, text: str, line: int) -> bool:
        """Report a quote in the middle of a cell, which is damage where the file uses quotes, and text where not."""
        quote = self._dialect.quote
        position = bare_quote(text, self._dialect)
        if position is None:
            self._uses_quotes = True
        else:
            self._uses_quotes = self._uses_quotes or text[0] == quote or f"{self._dialect.delimiter}{quote}" in text
            self._misplaced(text, line, position)
            self._taken_as_text += not self._uses_quotes
        self._refused = self._refused or (self._uses_quotes and self._bare_quotes.count > 0 and not self._leaves)
        return position is None or not self._uses_quotes

    def _misplaced(self, text: str, line: int, position: int) -> None:
        if self._bare_quotes.full and not self._leaves:
            self._bare_quotes.count += 1
            return
        message = "A quote inside a cell that does not begin with one. Is the delimiter before it missing?"
        column = column_at(text, position, self._dialect)
        problem = Problem(message, line, self._number or None, column, excerpt(text, position))
        self._bare_quotes.add(problem)
        if self._leaves and self._uses_quotes:
            self.left_out.add(problem)

    def _check_place(self, cells: list[str], text: str, line: int) -> bool:
        """Whether a row that is sound in itself may stand where it stands: it is no header, and drops what it must."""
        layout, header = self._layout, self._layout.header_cells
        self._marked = self._marked or (line if cells[0][:1] == _MARK else 0)
        if header and [cells[0].lstrip(_MARK), *cells[1:]] == header:
            if self._answers.get("repeated") == "keep":
                return True
            message = "This row is the header once more."
            if self._leaves or self._answers.get("repeated") == "leave":
                self.left_out.add(Problem(message, line, self._number, excerpt=excerpt(text)))
                self._number -= 1
                return False
            self._repeats.add(Problem(message, line, self._number, excerpt=excerpt(text)))
            self._refused = True
            return False
        typed = layout.typed
        if self._after_blank and header and typed and all(cells[n].strip() and not is_datum(cells[n]) for n in typed):
            message = "Below a blank line, a row that looks like the header of a second table."
            self._report(message, line, excerpt=excerpt(text))
            return False
        if layout.drop and any(cells[-layout.drop :]):
            column = len(cells) - layout.drop + 1
            self._report("There is something in a cell that was to be left out.", line, column, excerpt(text))
            return False
        return True

    def _unfit(self, text: str) -> str:
        """What is wrong with the first character of `text` that no cell may hold."""
        found = UNFIT.search(text)
        if found is None or found.group() == "\0":
            return "A NUL character: the file is damaged, or not text."
        byte = ord(found.group()) - 0xDC00
        if self.understood.encoding.startswith("utf-8"):
            return f"Byte {byte:02X} is not UTF-8. Save the file as “CSV UTF-8” and upload it again."
        return f"Byte {byte:02X} makes no character in {self.understood.encoding}."

    # --- the outcome

    def _report(self, message: str, line: int | None = None, column: int | None = None, excerpt: str = "") -> Problem:
        problem = Problem(message, line, self._number, column, excerpt)
        if self._leaves:
            self.left_out.add(problem)
        else:
            self._problems.add(problem)
            self._refused = True
        return problem

    def _end(self) -> None:
        """What can only be said once all is read. Raises ReadingError, Asks."""
        if self._empties and self._answers.get("trailing") not in {"leave", "rows"}:
            self._ask(questions.trailing(self._empties))
        bare = self._bare_quotes
        if self._uses_quotes and self._taken_as_text and self._leaves:
            raise ReadingError(bare.first, bare.count)
        if self._uses_quotes and bare.count and not self._leaves:
            raise self._refusal()
        if self._problems.count and not self._only_foreign():
            self._footnote()
            self._problems = Findings()
        if self._problems.count:
            data = b"".join(marked_bytes(text, "utf-8") for text in self._foreign)
            self._ask(questions.late_encoding(data, self._dialect.delimiter))
        if self._repeats.count:
            self._ask(questions.repeated(self._repeats, self.columns))
        if 0 < bare.count < _TEXT_QUOTES and self._answers.get("quotes") != "text" and not self._uses_quotes:
            self._ask(questions.quotes(bare.first[0]))
        if self._marked:
            where = f"Line {self._marked:,} begins with a byte order mark, an invisible sign of a file's beginning."
            self.understood.notes.append(f"{where} It was kept.")
        if self._dropped or self._blanks:
            count = self._dropped + sum(run.count for run in self._blanks)
            self.understood.notes.append(f"{count:,} blank {'line' if count == 1 else 'lines'} left out.")

    def _footnote(self) -> None:
        """Leave out the last lines where they alone are at fault, and somebody said that they are a footnote."""
        feet, answer = self._feet, self._answers.get("footer")
        if not feet or self._problems.count != len(feet) or len(feet) > _MOST_FEET or answer == "part":
            raise self._refusal()
        if answer != "leave":
            self._ask(questions.footer(feet, parted=self._dropped > 0))
        self.understood.set_aside += [(foot.line or 0, foot.excerpt) for foot in feet]
        self.understood.notes.append("The last lines were set aside.")

    def _only_foreign(self) -> bool:
        """Whether all that is wrong is that the file is not UTF-8 further down, and nobody has said what it is."""
        source = self._source
        utf8 = self.understood.encoding == "utf-8" and "encoding" not in self._answers
        return utf8 and self._foreign_count == self._problems.count and source.foreign > source.spread

    def _ask(self, question: Question) -> None:
        raise Asks([question], self.understood)

    def _refusal(self) -> ReadingError:
        """All that was found, in the order of the file."""
        bare = self._bare_quotes if self._uses_quotes and not self._leaves else Findings()
        found = [*self._problems.first, *bare.first, *self._repeats.first]
        problems = sorted(found, key=lambda problem: problem.line or math.inf)
        count = self._problems.count + bare.count + self._repeats.count
        return ReadingError(problems[:MOST_PROBLEMS], count)


def _ragged(found: int, width: int, text: str, dialect: Dialect) -> str:
    message = f"{found:,} {'cell' if found == 1 else 'cells'} where the header has {width:,}."
    if found > width and dialect.quote and dialect.quote not in text and dialect.delimiter != ONE_COLUMN:
        sign = NAMES.get(dialect.delimiter, dialect.delimiter)
        return f"{message} A cell with a {sign} in it must stand in double quotes."
    return message
