"""What is known about the rows of a table, by which others are judged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from batchsite.tables.cell_values import data_columns, datum_kind, is_missing, number_of
from batchsite.tables.end_words import EndWords

_FEWEST_JUDGED, _MOST_JUDGED, _MOST_CELLS = 20, 100, 20_000


def rows_judged(width: int) -> int:
    """How many rows are judged: fewer where they are wide, as each is held against all others."""
    return max(_FEWEST_JUDGED, min(_MOST_JUDGED, _MOST_CELLS // width))


class Data:
    """What is known of the rows above: `typed` columns hold numbers and the like, `full` ones a value in each row."""

    def __init__(self, above: Sequence[list[str]], *, whole: bool = False) -> None:
        """`whole`: whether these are all the rows of the table."""
        self.width = len(above[0]) if above else 0
        filled = [row for row in above if any(row)]
        self.rows = filled[-rows_judged(self.width or 1) :]
        self.whole = whole and len(self.rows) == len(filled)
        self._numbers: dict[int, list[float]] = {}

    @cached_property
    def typed(self) -> set[int]:
        return data_columns(self.rows, self.width)

    @cached_property
    def full(self) -> set[int]:
        return {column for column in range(self.width) if all(row[column].strip() for row in self.rows)}

    def matches(self, pattern: EndWords, column: int) -> bool:
        """Whether a cell of a column begins like that."""
        return any(pattern.match(row[column]) for row in self.rows)

    def fits(self, cell: str, column: int) -> bool:
        """Whether a value of a kind, or a word for none, stands where others of that kind do."""
        if column not in self.typed:
            return False
        return is_missing(cell) or datum_kind(cell) in self._kinds(column)

    def _kinds(self, column: int) -> set[str]:
        return {datum_kind(row[column]) for row in self.rows} - {""}

    def numbers(self, column: int) -> list[float]:
        """The numbers in a column; fewer than there are rows where not all are."""
        if column not in self._numbers:
            numbers = (number_of(row[column]) for row in self.rows)
            self._numbers[column] = [number for number in numbers if number is not None]
        return self._numbers[column]
