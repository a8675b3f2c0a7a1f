"""Counts the rows of a file, and keeps the problems of bad ones and the bytes of skipped ones. Pure."""

from __future__ import annotations

import csv
import io
import tempfile
from typing import IO

from batchsite.tables.table_types import BAD_ROWS, LEAVE, Answers, Findings, Limits, Problem, ReadingError

_IN_MEMORY = 1_000_000


class SkippedRows(Findings):
    """The rows that a person chose to go on without, why each is bad, and its bytes as they stand in the file."""

    def __init__(self, suffix: str = ".csv") -> None:
        super().__init__()
        self.suffix = suffix
        """The ending of a file that holds them."""
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Keeps the bytes of a skipped row, its line end included, in an unnamed temporary file."""
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (closed with the table)
        self._file.write(data)

    def write_cells(self, cells: list[str]) -> None:
        """Keep a row of a format that is no text."""
        target = io.StringIO(newline="")
        csv.writer(target).writerow(cells)
        self.write(target.getvalue().encode("utf-8", "replace"))

    @property
    def any_written(self) -> bool:
        return self._file is not None

    @property
    def file(self) -> IO[bytes] | None:
        """All that was written, from its first byte; None where nothing was."""
        if self._file:
            self._file.seek(0)
        return self._file


class RowChecks:
    """Counts the rows of a file and keeps what is wrong with them; one problem a row."""

    def __init__(self, limits: Limits, answers: Answers, suffix: str = ".csv") -> None:
        self.limits, self.skips = limits, answers.get(BAD_ROWS) == LEAVE
        self.bad = SkippedRows(suffix)
        self.rows = 0
        """Rows seen so far, the bad ones included: the number of the row in hand."""
        self._final = False

    def next_row(self) -> None:
        """Counts one more row. Raises ReadingError where there are more than the limit."""
        self.rows += 1
        if self.rows > self.limits.rows:
            self.bad_file(f"The table has more than {self.limits.rows:,} rows, which is the limit.")
            self.settle()

    def bad_row(self, message: str, line: int | None, column: int | None = None, excerpt: str = "") -> Problem:
        """Records that the current row is bad and can be skipped."""
        problem = Problem(message, line, self.rows, column, excerpt)
        self.bad.add(problem)
        return problem

    def bad_file(self, message: str, line: int | None = None, excerpt: str = "") -> None:
        """Records that the file is bad, and none of its rows can be trusted."""
        problem = Problem(message, line, excerpt=excerpt)
        if self.bad.full:
            self.bad.first[-1] = problem  # never one of those that are only counted
        self.bad.add(problem)
        self._final = True

    @property
    def gives_rows(self) -> bool:
        """Whether good rows are given out: none is bad so far, or the bad ones are skipped."""
        return self.skips or not self.bad.count

    def settle(self) -> None:
        """Raises ReadingError where the file cannot be read, or not without skipping rows."""
        if self._final or (self.bad.count and not self.skips):
            raise self.refusal()
        if self.bad.count and self.bad.count >= self.rows:
            self.bad_file("No row is valid, so there is nothing left to import.")
            raise self.refusal()

    def refusal(self) -> ReadingError:
        """All that was found; it says whether the file can be read without its bad rows."""
        can_skip = not self._final and not self.skips and self.bad.count < self.rows
        return ReadingError(self.bad.first, self.bad.count, rows=self.rows, can_skip=can_skip)


def refuse(message: str, line: int | None = None, excerpt: str = "") -> ReadingError:
    """One sentence for the whole file."""
    return ReadingError([Problem(message, line, excerpt=excerpt)])
