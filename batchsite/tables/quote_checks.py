"""Whether a file uses quotes; quotes in the middle of cells are damage where it does, and text where not. Pure."""

from __future__ import annotations

from batchsite.tables.excerpts import excerpt
from batchsite.tables.quotes import Dialect, bare_quote, column_at, quotes_fit
from batchsite.tables.table_types import Findings, Problem

MISPLACED = "A quote inside a cell that does not begin with one. Is the delimiter before it missing?"
TEXT_QUOTES = 2
"""Rows with a quote in the middle of a cell from which on it is clear that quotes are text in this file."""


class QuoteChecks:
    """Looks at the quotes of rows that are sound otherwise. What they are shows in the end, when all are read."""

    def __init__(self, dialect: Dialect, *, in_use: bool) -> None:
        self.in_use = in_use
        """Whether a cell was quoted so far."""
        self.misplaced = Findings()
        """Rows with a quote in the middle of a cell."""
        self._dialect = dialect
        self.sign = dialect.quote or "\0"

    def fit_in_piece(self, text: str) -> bool:
        """Whether the quotes of many records fit all together."""
        quoted = self.sign in text
        fit = not self.misplaced.count and (not quoted or quotes_fit(text, self._dialect))
        self.in_use = self.in_use or (fit and quoted)
        return fit

    def check(self, text: str, line: int, row: int) -> Problem | None:
        """The problem of a record with quotes, unless they all fit."""
        position = bare_quote(text, self._dialect)
        if position is None:
            self.in_use = True
            return None
        self.in_use = self.in_use or text[0] == self.sign or f"{self._dialect.delimiter}{self.sign}" in text
        if self.misplaced.full:
            self.misplaced.count += 1  # which costs less than describing it
            return self.misplaced.first[-1]
        column = column_at(text, position, self._dialect)
        problem = Problem(MISPLACED, line, row or None, column, excerpt(text, position))
        self.misplaced.add(problem)
        return problem

    @property
    def are_damage(self) -> bool:
        return self.in_use and self.misplaced.count > 0

    @property
    def are_doubtful(self) -> bool:
        """Whether only a person knows what they are."""
        return 0 < self.misplaced.count < TEXT_QUOTES and not self.in_use
