"""Bytes to records: line ends, quotes, and where each record starts. Pure, and flat in memory."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

from batchsite.tables.quotes import Dialect, end_of_records, kept_backslashes

LINE_END = re.compile(r"\r\n|\r|\n")
UNCLOSED = "A quoted cell is still open at the end of the file: its closing quote is missing."

Record = tuple[list[str], str, int, str]
"""(cells, raw text, line on which it starts, what is wrong with its quotes or nothing)."""


# The standard library stops at 131,072 characters a cell, which prompts do reach; Records has a limit of its own.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class Text(Protocol):
    """Where the text comes from, in pieces of whole lines: a TextSource, or a sample."""

    lone_cr: bool
    longest: int

    def take(self) -> str: ...


def lines_of(text: str, source: Text) -> io.StringIO:
    """Iterates over the lines of a piece. Looking for CR as well takes longer, so only where one stands alone."""
    return io.StringIO(text, newline="" if source.lone_cr else "\n")


class _Endless(Exception):
    """A record is longer than any may be."""


class Records:
    """The records of a text, header included; a blank line is a record of no cells.

    A record with broken quotes comes without cells and with words for what is wrong; reading goes on behind it.
    """

    def __init__(self, source: Text, *, dialect: Dialect, line: int = 0) -> None:
        self.dialect, self.longest = dialect, source.longest
        """`longest`: characters of a record. More means a quote that is never closed, and would fill the memory."""
        self._source = source
        self._piece = lines_of("", source)
        self._raw: list[str] = []
        self._line = line

    @property
    def line(self) -> int:
        """Lines that are behind us."""
        return self._line

    def plain(self, beyond_doubt: Callable[[list[list[str]], str], bool]) -> Iterator[list[list[str]]]:
        """Records by the hundreds, as long as they are all plain: nearly as fast as the csv module alone.

        Ends at the first piece that the csv module refuses, or of which `beyond_doubt(records, text)` is not sure.
        That piece and all behind it are left for iteration, which looks at every record.
        """
        left = self._piece.read()
        while taken := self._source.take():
            left += taken
            text = left[: end_of_records(left, self.dialect.quote)]
            records, lines = ([], 0) if self._source.lone_cr else self._parsed(text)
            if not records or not beyond_doubt(records, text):
                break
            left = left[len(text) :]
            self._line += lines
            yield records
        self._piece = lines_of(left, self._source)

    def _parsed(self, text: str) -> tuple[list[list[str]], int]:
        """(records, number of lines); none where the csv module refuses the text."""
        reader = csv.reader(io.StringIO(text, newline="\n"), **self.dialect.options)
        try:
            return list(reader), reader.line_num
        except csv.Error:
            return [], 0

    def __iter__(self) -> Iterator[Record]:
        """All records from where an earlier iteration stopped."""
        while True:
            try:
                yield from self._sound()
                return
            except csv.Error as error:
                yield self._broken(str(error))
            except _Endless:
                yield self._endless()

    def _sound(self) -> Iterator[Record]:
        raw = self._raw
        for cells in csv.reader(self._lines(), **self.dialect.options):
            text = raw[0] if len(raw) == 1 else "".join(raw)
            line = self._line + 1
            self._line += len(raw)
            raw.clear()
            yield cells, text, line, ""

    def _lines(self) -> Iterator[str]:
        """Physical lines; those of the record in hand stay in `_raw`."""
        raw, longest, size = self._raw, self.longest, 0
        escaped = kept_backslashes(self.dialect) if self.dialect.backslash else None
        while True:
            for line in self._piece:
                raw.append(line)
                size = len(line) if len(raw) == 1 else size + len(line)
                if size >= longest:
                    raise _Endless
                yield escaped(line) if escaped else line
            if not (taken := self._source.take()):
                return
            self._piece = lines_of(taken, self._source)

    def _broken(self, error: str) -> Record:
        line, text = self._line + 1, "".join(self._raw)
        self._line += len(self._raw)
        where = f" on line {self._line}" if self._line > line else ""
        self._raw.clear()
        if "unexpected end" in error:
            return [], text, line, UNCLOSED
        return [], text, line, f"There is text behind a closing quote{where}; a quote inside a cell must be doubled."

    def _endless(self) -> Record:
        line, text = self._line + 1, self._raw[0][: self.longest]
        while not self._raw[-1].endswith(("\n", "\r")) and (taken := self._source.take()):
            self._piece = lines_of(taken, self._source)
            self._raw[-1] = next(self._piece)
        self._line += len(self._raw)
        self._raw.clear()
        return [], text, line, f"This row is longer than {self.longest:,} characters. Is a quote never closed?"
