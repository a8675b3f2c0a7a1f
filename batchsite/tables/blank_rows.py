"""Blank rows: dropped at the end of a table, ordinary rows within it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from batchsite.tables.records import Record

_MOST_RUNS = 1000
_LINE_ENDS = "\r\n\x1a"
"""Including the mark that DOS puts at the end of a file."""


@dataclass
class _Run:
    """Consecutive rows with the same number of empty cells."""

    line: int
    width: int
    text: str
    count: int = 1


@dataclass
class BlankRows:
    """Holds blank rows back until it is known whether the table continues below them."""

    width: int
    delimiter: str
    dropped: int = 0
    """Blank lines so far that are no rows."""
    empties: int = 0
    """In a table of one column: blank lines since the last row, which are empty cells, or the end."""
    after_blank: bool = False
    """Whether a blank line stands above the record in hand."""
    _runs: list[_Run] = field(default_factory=list)

    def take(self, cells: list[str], text: str, line: int) -> bool:
        """Returns whether a record is blank, and so held back or dropped."""
        if self.width == 1:
            if text.strip(_LINE_ENDS):
                return False
            self.empties += 1
            return True
        if not text.strip(" " + _LINE_ENDS):
            self.dropped += 1
            self.after_blank = True
            return True
        if text.strip(self.delimiter + "\r\n") or (len(cells) < self.width and text[-1] not in "\r\n"):
            return False  # the second: the file ends in the middle of a row
        last = self._runs[-1] if self._runs else None
        if last and last.line + last.count == line and last.width == len(cells):
            last.count += 1
            return True
        if len(self._runs) < _MOST_RUNS:
            self._runs.append(_Run(line, len(cells), text))
            return True
        return False

    @property
    def any_kept(self) -> bool:
        return bool(self._runs or self.empties)

    @property
    def left(self) -> int:
        """Blank lines and rows that were no rows of the table, once all is read."""
        return self.dropped + sum(run.count for run in self._runs)

    def release(self, line: int) -> Iterator[Record]:
        """Returns the rows held back: the table continues below them, on that line, so they are rows."""
        empties, self.empties = self.empties, 0
        for number in range(empties):
            yield [""], "\n", line - empties + number, ""
        runs, self._runs = self._runs, []
        for run in runs:
            for number in range(run.line, run.line + run.count):
                yield [""] * run.width, run.text, number, ""
