"""Delimited text: its header and a stream of rows, or a list of all that is wrong with it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from batchsite.datasets.reading.quotes import Dialect, bare_quote, column_at, quotes_fit
from batchsite.datasets.reading.records import LINE_END, Records
from batchsite.datasets.reading.sniffing import SAMPLE_BYTES, UTF8_BOM, find_delimiter, what_else
from batchsite.datasets.reading.sources import TextSource
from batchsite.datasets.reading.types import (
    MOST_PROBLEMS,
    Answers,
    ByteStream,
    Findings,
    Limits,
    Problem,
    ReadingError,
    Understood,
)

LONGEST_NAME = 300
"""Characters of a column's name."""
_EXCERPT = 80
_MOST_BLANK_RUNS = 1000
_UNFIT = re.compile("[\0\udc80-\udcff]")
_UNSHOWABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\udc80-\udcff]")


@dataclass
class _Blanks:
    """A run of rows with nothing in them but delimiters."""

    line: int
    width: int
    count: int = 1


def open_delimited(head: bytes, stream: ByteStream, *, answers: Answers, limits: Limits) -> DelimitedTable:
    """The table of `head` and the rest of `stream`, its header read and checked. Raises ReadingError."""
    other = what_else(head)
    if other is not None:
        advice = "Save or export the table as CSV (UTF-8) and upload that file."
        raise ReadingError([Problem(f"This is {other}, not a CSV file. {advice}")])
    text = head.removeprefix(UTF8_BOM)
    sample = text.decode("utf-8", "replace")
    return DelimitedTable(
        TextSource(text, stream, longest=2 * limits.cell),
        encoding="utf-8" if text is head else "utf-8-sig",
        delimiter=find_delimiter(sample, whole=len(head) < SAMPLE_BYTES),
        limits=limits,
    )


class DelimitedTable:
    """A table that is being read. `columns` are the names in its header; `delimiter` stands between its cells."""

    def __init__(self, source: TextSource, *, encoding: str, delimiter: str, limits: Limits) -> None:
        self.delimiter, self.limits, self.dialect = delimiter, limits, Dialect(delimiter)
        self.understood = Understood(encoding=encoding, delimiter=delimiter)
        self.left_out = Findings()
        self._source = source
        self._records = Records(source, dialect=self.dialect)
        self._number = 0
        self._blanks: list[_Blanks] = []
        self._problems, self._bare_quotes = Findings(), Findings()
        self._uses_quotes = self._refused = False
        self.columns = self._header()

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError at the end of a damaged file, or at a limit."""
        for plain in self._records.plain(self._beyond_doubt):
            self._number += len(plain)
            yield from plain
        yield from self._checked_rows()
        if self._refused:
            raise self._refusal()

    def _beyond_doubt(self, rows: list[list[str]], text: str) -> bool:
        """Whether all that is checked row by row below is fine with these rows: the same rules, a piece at a time."""
        width, quoted = len(self.columns), '"' in text
        fine = (
            set(map(len, rows)) == {width}
            and len(text) <= self.limits.cell
            and self._number + len(rows) <= self.limits.rows
            and not (self._source.dirty or self._bare_quotes.count)
            and [""] * width not in rows
            and (not quoted or quotes_fit(text, self.dialect))
        )
        self._uses_quotes = self._uses_quotes or (fine and quoted)
        return fine

    def _checked_rows(self) -> Iterator[list[str]]:
        source, width, longest = self._source, len(self.columns), self.limits.cell
        for cells, text, line, fault in self._records:
            # One test for nearly every row; what it does not let pass is looked at more closely.
            plain = len(cells) == width and cells[0] and len(text) <= longest and not source.dirty
            if not plain and not fault and self._set_aside(cells, text, line):
                continue
            if self._blanks:
                yield from self._blanks_between()
            self._count()
            if not plain and not cells and width == 1 and not fault:
                cells = [""]
            if (plain or self._check(cells, text, line, fault)) and '"' in text:
                self._check_quotes(text, line)
            if not self._refused:
                yield cells

    # --- the header

    def _header(self) -> list[str]:
        """The first record that is not blank, its names checked."""
        for record in self._records:
            cells, text, line, fault = record
            if fault:
                raise ReadingError([Problem(fault, line=line, excerpt=_excerpt(text))])
            if text.strip(" \r\n"):
                break
        else:
            raise ReadingError([Problem("The file is empty.")])
        problems = list(self._header_problems(cells, text, line))
        if problems:
            raise ReadingError(problems)
        if '"' in text:
            self._check_quotes(text, line)
        return cells

    def _header_problems(self, names: list[str], text: str, line: int) -> Iterator[Problem]:
        if len(names) > self.limits.columns:
            message = f"The table has {len(names):,} columns; {self.limits.columns:,} are the limit."
            yield Problem(message, line=line, excerpt=_excerpt(text))
            return
        first: dict[str, int] = {}
        for column, name in enumerate(names, 1):
            message = self._name_problem(name, first.setdefault(name, column), column)
            if message:
                yield Problem(message, line=line, column=column, excerpt=_excerpt(name))

    def _name_problem(self, name: str, first: int, column: int) -> str:
        if not name.strip():
            return f"Column {column} has no name in the header."
        if first != column:
            return f"Columns {first} and {column} have the same name."
        if len(name) > LONGEST_NAME:
            return f"The name of column {column} has {len(name):,} characters. Is the first line really a header?"
        return _unfit(name) if self._source.dirty else ""

    # --- rows

    def _set_aside(self, cells: list[str], text: str, line: int) -> bool:
        """Drop a blank line; keep back a row of delimiters only until it is known whether the table goes on."""
        if len(self.columns) == 1:
            return False  # here a blank line is an empty cell
        if not text.strip(" \r\n"):
            return True
        if text.strip(self.delimiter + "\r\n"):
            return False
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
        blanks, self._blanks = self._blanks, []
        for run in blanks:
            for line in range(run.line, run.line + run.count):
                cells = [""] * run.width
                self._count()
                self._check(cells, self.delimiter * (run.width - 1), line, "")
                if not self._refused:
                    yield cells

    def _count(self) -> None:
        self._number += 1
        if self._number > self.limits.rows:
            self._report(f"The table has more than {self.limits.rows:,} rows, which is the limit.")
            raise self._refusal()

    def _check(self, cells: list[str], text: str, line: int, fault: str) -> bool:
        """Report what is wrong with a row, if anything is; one problem a row."""
        width, unfit = len(self.columns), self._source.dirty and _UNFIT.search(text)
        long = len(text) > self.limits.cell and self._too_long(cells)
        if not (fault or unfit or long or len(cells) != width):
            return True
        if self._problems.full:
            self._problems.count += 1
        elif fault:
            self._uses_quotes = self._uses_quotes or '"' in text
            self._report(fault, line, excerpt=_excerpt(text))
        elif unfit:
            column = next(n for n, cell in enumerate(cells, 1) if _UNFIT.search(cell))
            where = line + len(LINE_END.findall(text, 0, unfit.start()))
            self._report(_unfit(text), where, column, _excerpt(text, unfit.start()))
        elif long:
            message = f"A cell of {len(cells[long - 1]):,} characters; {self.limits.cell:,} are the limit."
            self._report(message, line, long, _excerpt(cells[long - 1]))
        else:
            self._report(_ragged(len(cells), width, text, self.delimiter), line, excerpt=_excerpt(text))
        return False

    def _too_long(self, cells: list[str]) -> int:
        """The first column whose cell is longer than allowed, or 0."""
        return next((n for n, cell in enumerate(cells, 1) if len(cell) > self.limits.cell), 0)

    def _check_quotes(self, text: str, line: int) -> None:
        """Report a quote in the middle of a cell, which is damage where the file uses quotes, and text where not."""
        position = bare_quote(text, self.dialect)
        if position is None:
            self._uses_quotes = True
        else:
            self._uses_quotes = self._uses_quotes or text[0] == '"' or f'{self.delimiter}"' in text
            self._misplaced(text, line, position)
        self._refused = self._refused or (self._uses_quotes and self._bare_quotes.count > 0)

    def _misplaced(self, text: str, line: int, position: int) -> None:
        if self._bare_quotes.full:
            self._bare_quotes.count += 1
            return
        message = "A quote inside a cell that does not begin with one. Is the delimiter before it missing?"
        column = column_at(text, position, self.dialect)
        self._bare_quotes.add(Problem(message, line, self._number or None, column, _excerpt(text, position)))

    # --- the outcome

    def _report(self, message: str, line: int | None = None, column: int | None = None, excerpt: str = "") -> None:
        self._problems.add(Problem(message, line, self._number, column, excerpt))
        self._refused = True

    def _refusal(self) -> ReadingError:
        """All that was found, in the order of the file."""
        bare = self._bare_quotes if self._uses_quotes else Findings()
        problems = sorted([*self._problems.first, *bare.first], key=lambda problem: problem.line or math.inf)
        return ReadingError(problems[:MOST_PROBLEMS], self._problems.count + bare.count)


_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def _ragged(found: int, width: int, text: str, delimiter: str) -> str:
    message = f"{found:,} {'cell' if found == 1 else 'cells'} where the header has {width:,}."
    if found > width and '"' not in text:
        return f"{message} A cell with a {_DELIMITER_NAMES[delimiter]} in it must stand in double quotes."
    return message


def _unfit(text: str) -> str:
    """What is wrong with the first character of `text` that no cell may hold; nothing where all are fine."""
    found = _UNFIT.search(text)
    if not found:
        return ""
    if found.group() == "\0":
        return "A NUL character: the file is damaged, or not text."
    byte = ord(found.group()) - 0xDC00
    return f"Byte {byte:02X} is not UTF-8. Save the file as “CSV UTF-8” and upload it again."


def _excerpt(text: str, around: int = 0) -> str:
    """A piece of the raw text on one line, with what cannot be shown made visible."""
    start = max(0, around - _EXCERPT // 2)
    piece = text[start : start + _EXCERPT].replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎")
    piece = _UNSHOWABLE.sub("�", piece.rstrip("⏎"))
    return ("…" if start else "") + piece + ("…" if start + _EXCERPT < len(text.rstrip("\r\n")) else "")
