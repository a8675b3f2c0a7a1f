"""What every form of file has in common: rows held against the limits, problems collected, excerpts."""

from __future__ import annotations

import re

from batchsite.tables.table_types import Answers, Findings, Limits, Problem, ReadingError

LONGEST_NAME = 300
"""Characters of a column's name."""
BAD_ROWS, LEAVE = "bad_rows", "leave"
UNFIT = re.compile("[\0\ud800-\udfff]")
"""What no cell may hold: a NUL, and halves of characters; bytes that are no UTF-8 come through as such."""
_UNSHOWABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_EXCERPT = 80


class Checks:
    """Counts the rows of a file and keeps what is wrong with them."""

    def __init__(self, limits: Limits, answers: Answers) -> None:
        self.limits, self.leave = limits, answers.get(BAD_ROWS) == LEAVE
        self.found = Findings()
        self.number = 0
        """The row that is looked at, from 1."""
        self._final = False

    def count(self) -> None:
        """The next row. Raises ReadingError where there are more than may be."""
        self.number += 1
        if self.number > self.limits.rows:
            self.file(f"The table has more than {self.limits.rows:,} rows, which is the limit.")
            self.settle()

    def row(self, message: str, line: int | None, column: int | None = None, excerpt: str = "") -> None:
        """The row is bad, and can be left out."""
        self.found.add(Problem(message, line, self.number, column, excerpt))

    def file(self, message: str, line: int | None = None, excerpt: str = "") -> None:
        """The file is bad, and no row of it can be trusted."""
        problem = Problem(message, line, excerpt=excerpt)
        if self.found.full:
            self.found.first[-1] = problem  # never one of those that are only counted
        self.found.add(problem)
        self._final = True

    def settle(self) -> None:
        """Raises ReadingError where the file cannot be read, or not without leaving rows out."""
        if self._final or (self.found.count and not self.leave):
            raise ReadingError(self.found.first, self.found.count)
        if self.found.count and self.found.count == self.number:
            self.file("Not one row is good, so nothing is left of the file.")
            raise ReadingError(self.found.first, self.found.count)


def refuse(message: str, line: int | None = None, excerpt: str = "") -> ReadingError:
    """One sentence for the whole file."""
    return ReadingError([Problem(message, line, excerpt=excerpt)])


def unfit(text: str) -> str:
    """What is wrong with the first character of `text` that no cell may hold; nothing where all are fine."""
    found = UNFIT.search(text)
    if not found:
        return ""
    code = ord(found.group())
    if not code:
        return "A NUL character: the file is damaged, or not text."
    if code > 0xDC7F and code < 0xDD00:
        return f"Byte {code - 0xDC00:02X} is not UTF-8."
    return f"\\u{code:04x} is half of a character: the other half is missing."


def too_long(length: int, limits: Limits) -> str:
    """Words for a cell above the limit; nothing for one below."""
    return f"A cell of {length:,} characters; {limits.cell:,} are the limit." if length > limits.cell else ""


def name_problem(name: str, column: int) -> str:
    """What is wrong with the name of a column, if anything is."""
    if not name.strip():
        return f"Column {column} has no name."
    if len(name) > LONGEST_NAME:
        return f"The name of column {column} has {len(name):,} characters; {LONGEST_NAME} are the limit."
    return unfit(name)


def excerpt(text: str, around: int = 0) -> str:
    """A piece of raw text on one line, with what cannot be shown made visible."""
    start = max(0, around - _EXCERPT // 2)
    piece = text[start : start + _EXCERPT].replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎")
    piece = _UNSHOWABLE.sub("�", piece)
    return ("…" if start else "") + piece + ("…" if start + _EXCERPT < len(text) else "")
