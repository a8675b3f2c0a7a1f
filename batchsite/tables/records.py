"""Bytes to records: line ends, quotes, and where each record starts. Pure, and flat in memory."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

from batchsite.tables.quotes import Dialect, end_of_records, kept_backslashes

LINE_END = re.compile(r"\r\n|\r|\n")
UNCLOSED = "A quoted cell is still open at the end of the file: its closing quote is missing."

_MOST_REREAD = 4
"""How often as much text is read again as there is."""

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


def _drained(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()


class _Endless(Exception):
    """A record is longer than any may be."""


class Records:
    """The records of a text, header included; a blank line is a record of no cells.

    A record with broken quotes comes without cells and with words for what is wrong. It ends with its first line:
    what its quote swallowed is read again, line by line, within a budget that keeps all of it linear.
    """

    def __init__(self, source: Text, *, dialect: Dialect, line: int = 0) -> None:
        self.dialect, self.longest = dialect, source.longest
        """`longest`: characters of a record. More means a quote that is never closed, and would fill the memory."""
        self._source = source
        self._piece = lines_of("", source)
        self._raw: list[str] = []
        self._line = line
        self._again: deque[str] = deque()
        """Lines that a broken record had swallowed."""
        self._taken = self._reread = 0
        """Characters that came from the source, and that were read again."""
        self.swallowed_by = self.swallowed_to = 0
        """The last line whose quote was not closed rightly, and the last that it swallowed."""
        self.overflow: Callable[[str], None] = lambda _: None
        """Takes the rest of a line that is too long to be held, once its record was given out."""

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
            self._taken += len(taken)
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
                yield from self._endless()

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
            for line in self._waiting():
                raw.append(line)
                size = len(line) if len(raw) == 1 else size + len(line)
                if size >= longest:
                    raise _Endless
                yield escaped(line) if escaped else line
            if not self._refill():
                return

    def _waiting(self) -> Iterable[str]:
        """Lines that are at hand, those to be read again first."""
        return chain(_drained(self._again), self._piece) if self._again else self._piece

    def _refill(self) -> bool:
        """Have more lines at hand; False at the end."""
        if not (taken := self._source.take()):
            return False
        self._taken += len(taken)
        self._piece = lines_of(taken, self._source)
        return True

    def _broken(self, error: str) -> Record:
        line, last = self._line + 1, self._line + len(self._raw)
        if "unexpected end" in error:
            return [], self._cut(), line, UNCLOSED
        where = f" on line {last}" if last > line else ""
        fault = f"There is text after a closing quote{where}; a quote inside a cell must be doubled."
        return [], self._cut(), line, fault

    def _endless(self) -> Iterator[Record]:
        line, in_one_line = self._line + 1, len(self._raw) == 1
        text = self._cut()
        yield [], text, line, f"This row is longer than {self.longest:,} characters. Is a quote never closed?"
        while in_one_line and not text.endswith(("\n", "\r")):
            text = next(iter(self._waiting()), "")
            if text:
                self.overflow(text)
            elif not self._refill():
                return

    def _cut(self) -> str:
        """The first line of a broken record; what stands below it is read again. All of it beyond the budget."""
        first, rest = self._raw[0], self._raw[1:]
        size = sum(map(len, rest))
        self.swallowed_by, self.swallowed_to = self._line + 1, self._line + len(self._raw)
        self._raw.clear()
        if self._reread + size > _MOST_REREAD * (self._taken + self.longest):
            self._line += 1 + len(rest)
            return "".join([first, *rest])
        self._reread += size
        self._again.extendleft(reversed(rest))
        self._line += 1
        return first
