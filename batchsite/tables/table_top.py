"""The first records of a table, and what is decided about them: titles, header, names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from batchsite.tables.cell_values import data_columns, like_names
from batchsite.tables.dialects import Trial, most_common
from batchsite.tables.excerpts import excerpt
from batchsite.tables.records import Record
from batchsite.tables.table_types import Answers, Choice, Limits, Problem, Question

LONG_NAME = 100
"""Characters from which on a cell of the first row is rather a text than a name."""
SHOWN_ROWS = 2
_OFFERED_LINES = 12
_LINE = re.compile(r"(?:line |row )?(\d{1,7})")
_LINE_KEYS = {"header_line", "below_header", "names", "header", "title"}
"""Answers that may name the line of the names; what was said last holds."""
_WITHOUT_LINE = {("names", "none"), ("header", "first row")}


@dataclass
class Layout:
    """What comes before the rows, and how wide they are."""

    skip: int = 0
    """Records before the first row, header and blank ones included."""
    columns: list[str] = field(default_factory=list)
    width: int = 0
    """Cells of every row in the file; more than `columns` where the last are left out."""
    drop: int = 0
    """Empty cells at the end of every row that are no part of the table."""
    header: str = "first row"
    header_line: int | None = None
    header_text: str = ""
    header_cells: list[str] = field(default_factory=list)
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    typed: set[int] = field(default_factory=set)
    """Columns (from 0) that hold numbers, dates and the like in the sample."""
    sample: list[list[str]] = field(default_factory=list)
    """The first rows, as wide as the table."""


class TableTop:
    """The first records of a file. `filled` are the places of those that are not blank, in `records`."""

    def __init__(self, trial: Trial, answers: Answers, limits: Limits, *, whole: bool) -> None:
        self.answers, self.limits, self.whole = answers, limits, whole
        """`whole`: whether these are all the records of the file."""
        self.records, self.layout = trial.records, Layout()
        delimiter = trial.dialect.delimiter
        blank = " \r\n" if trial.width == 1 else delimiter + " \r\n"
        self.filled = [index for index, record in enumerate(self.records) if record[1].strip(blank) or record[3]]
        self.width = self._width(trial)

    def _width(self, trial: Trial) -> int:
        """That of most rows; where one header stands against rows that all agree, that of the rows.

        Where a person said where the names are, or that the first lines are no title, that of most rows from there on.
        """
        sound = [self.records[index] for index in self.filled if not self.records[index][3]]
        from_said = [len(record[0]) for record in sound if record[2] >= (self.said_line or 1)]
        said = self.said_line is not None or self.answers.get("title") == "part"
        if said and from_said:
            return most_common(from_said)
        below = {len(record[0]) for record in sound if record is not self.records[self.filled[0]]}
        return max(below.pop() if len(below) == 1 else trial.width, 1)

    def record(self, number: int) -> Record:
        """The filled record of that number, from 0."""
        return self.records[self.filled[number]]

    def cells(self, number: int) -> list[str]:
        return self.record(number)[0]

    def rows(self, start: int) -> list[list[str]]:
        """The filled records from number `start` on that are as wide as the table."""
        return [self.records[index][0] for index in self.filled[start:] if len(self.records[index][0]) == self.width]

    def set_aside(self, numbers: Sequence[int]) -> None:
        """Filled records that are no part of the table."""
        for number in numbers:
            _, text, line, _ = self.record(number)
            self.layout.set_aside.append((line, text.rstrip("\r\n")))

    @cached_property
    def said_line(self) -> int | None:
        """The line on which a person said that the names are; what was said last holds."""
        lines = [match[1] for _, value in self._said if (match := _LINE.fullmatch(value))]
        return int(lines[-1]) if lines else None

    @cached_property
    def said_nameless(self) -> bool:
        """Whether a person said, last of all, that the line in question has no names but data."""
        return self._said[-1:] == [("names", "none")]

    @cached_property
    def _said(self) -> list[tuple[str, str]]:
        """What was said of the names, in its order: (question, answer)."""
        said = ((key, value.strip().lower()) for key, value in self.answers.items() if key in _LINE_KEYS)
        return [(key, value) for key, value in said if _LINE.fullmatch(value) or (key, value) in _WITHOUT_LINE]

    def line_choices(self, head: int) -> Iterator[Choice]:
        """For each of the first lines but the header in hand: that the names are there; likely ones first."""
        numbers = [number for number in range(min(len(self.filled), _OFFERED_LINES)) if number != head]
        likely = {number for number in numbers if self.may_be_header(number)}
        for number in sorted(numbers, key=lambda number: number not in likely):
            cells, _, line, fault = self.record(number)
            if not fault and self._fits_below(number):
                shown = [tuple(map(excerpt, cells)), *shown_rows(self.rows(number + 1))]
                words = f"The column names are in line {line}"
                yield Choice(f"line {line}", words, tuple(shown), more=number not in likely)

    def _fits_below(self, number: int) -> bool:
        """Whether a filled record can be the header: it is as wide as the table, or all rows below have one width."""
        below = {len(self.cells(other)) for other in range(number + 1, len(self.filled))}
        return len(self.cells(number)) == self.width or len(below) == 1

    def may_be_header(self, number: int) -> bool:
        """Whether a filled record reads like the names of columns, and numbers and the like stand below it."""
        cells = self.cells(number)
        return (
            len(cells) == self.width > 1 and like_names(cells) and bool(data_columns(self.rows(number + 1), self.width))
        )


def filled_cells(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def shown_rows(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The first rows, cut to what helps to decide."""
    return [tuple(map(excerpt, row)) for row in rows[:SHOWN_ROWS]]


def numbered_text(line: int, text: str) -> str:
    return f"Line {line}: {excerpt(text)}"
