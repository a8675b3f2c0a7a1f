"""Where a table begins within its text: titles above it, its header or none, names for its columns. Pure.

Judged on a sample of records; what is not beyond doubt becomes a question. Keys: `title`, `width`, `header`, `names`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from batchsite.tables.cell_faults import LONGEST_NAME
from batchsite.tables.cell_values import data_columns, is_datum
from batchsite.tables.dialects import Trial
from batchsite.tables.excerpts import excerpt
from batchsite.tables.records import Record
from batchsite.tables.table_types import Answers, Choice, Problem, Question

LONG_NAME = 100
"""Characters from which on a cell of the first row is rather a text than a name."""
_SHOWN = 3
_NARROWEST_PADDED = 3


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


def lay_out(found: Trial, answers: Answers, *, whole: bool) -> Layout:
    """The layout of a sample; its questions are those that `answers` leaves open."""
    return _Finder(found, answers, whole=whole).find()


class _Finder:
    def __init__(self, found: Trial, answers: Answers, *, whole: bool) -> None:
        self.answers, self.layout, self.whole = answers, Layout(), whole
        self.records = found.records
        delimiter = found.dialect.delimiter
        blank = " \r\n" if found.width == 1 else delimiter + " \r\n"
        self.filled = [index for index, record in enumerate(self.records) if record[1].strip(blank) or record[3]]
        self.width = self._width(found)

    def _width(self, found: Trial) -> int:
        """That of most rows; where one header stands against rows that all agree, that of the rows."""
        below = {len(self.records[index][0]) for index in self.filled[1:] if not self.records[index][3]}
        return max(below.pop() if len(below) == 1 else found.width, 1)

    def find(self) -> Layout:
        layout = self.layout
        if not self.filled:
            layout.problems.append(Problem("The file is empty."))
            return layout
        head = self._below_titles()
        cells, text, line, fault = self.records[self.filled[head]]
        if fault:
            layout.problems.append(Problem(fault, line=line, excerpt=excerpt(text)))
            return layout
        rows = self._rows(head + 1)
        layout.typed = data_columns(rows, self.width)
        if self._has_header(cells, line, rows):
            layout.skip, layout.header_line, layout.header_text = self.filled[head] + 1, line, text
            layout.columns, layout.header_cells = list(cells), list(cells)
            self._fit_width(cells, line, rows)
            self._names(line)
        else:
            layout.skip, layout.header = self.filled[head], "none"
            layout.columns = list(_numbers(self.width))
            layout.notes.append("There is no header: the columns were given numbers.")
        layout.width = layout.width or len(layout.columns)
        return layout

    def _rows(self, start: int) -> list[list[str]]:
        return [self.records[index][0] for index in self.filled[start:] if len(self.records[index][0]) == self.width]

    # --- titles

    def _below_titles(self) -> int:
        """Which of the filled records is the first of the table."""
        leads = self._leads()
        if not leads:
            return 0
        if self.answers.get("title") == "part":
            return 0
        if self.answers.get("title") != "set aside" and not self._titles_for_sure(leads):
            question = self._title_question(leads)
            if question is None:
                return 0
            self.layout.questions.append(question)
        for index in self.filled[:leads]:
            _, text, line, _ = self.records[index]
            self.layout.set_aside.append((line, text.rstrip("\r\n")))
        lines = len(self.layout.set_aside)
        self.layout.notes.append(f"{lines} {'line' if lines == 1 else 'lines'} above the table set aside.")
        return leads

    def _leads(self) -> int:
        """Records at the top that are narrower or wider than the table, or hold one cell and nothing else."""
        if self.width == 1:
            return 0
        for number, index in enumerate(self.filled[:31]):
            cells, _, _, fault = self.records[index]
            if fault:
                return 0
            if len(cells) == self.width and not self._padded(number) and not self._comment(number):
                return number
        return 0

    def _padded(self, number: int) -> bool:
        """Whether a record is a title with delimiters up to the width of the table: "Report,,,"."""
        cells = self.records[self.filled[number]][0]
        filled = sum(1 for cell in cells if cell.strip())
        lonely = filled == 1 and bool(cells[0].strip())
        if number + 1 >= len(self.filled) or not (lonely or self._values_above(number)):
            return False
        below = [self.records[index][0] for index in self.filled[number + 1 : number + 8]]
        return any(len(row) == self.width and sum(1 for cell in row if cell.strip()) > self.width // 2 for row in below)

    def _values_above(self, number: int) -> bool:
        """Whether a record belongs to lines such as "Made by,Ann,,," with a blank row between them and the names."""
        for here, after in itertools.pairwise(self.filled[number : number + 31]):
            if self.records[here][0][-1:] != [""]:
                return False
            if after > here + 1:
                names = self.records[after][0]
                return len(names) == self.width and _like_names(names)
        return False

    def _comment(self, number: int) -> bool:
        """Whether a record that is as wide as the table is a comment above its header all the same."""
        if not self.records[self.filled[number]][1].lstrip().startswith("#") or number + 1 >= len(self.filled):
            return False
        below = self.records[self.filled[number + 1]][0]
        return len(below) == self.width and _like_names(below)

    def _titles_for_sure(self, leads: int) -> bool:
        """Several lines, or a blank one below them, or cells left empty: what no damaged header looks like."""
        header = self.records[self.filled[leads]][0]
        if not _like_names(header):
            return False
        texts = [self.records[index] for index in self.filled[:leads]]
        padded = self.width >= _NARROWEST_PADDED and all(len(record[0]) == self.width for record in texts)
        lonely = all(len(record[0]) == 1 for record in texts)
        parted = self.filled[leads] != self.filled[leads - 1] + 1
        typed = data_columns(self._rows(leads + 1), self.width)
        comments = all(record[1].lstrip().startswith("#") for record in texts)
        return (bool(typed) and (padded or comments or (lonely and leads > 1))) or (lonely and parted)

    def _title_question(self, leads: int) -> Question | None:
        """None where the only line above the rows is rather their header, of another width."""
        first = self.records[self.filled[0]][0]
        header = self.records[self.filled[leads]][0]
        rows = self._rows(leads + 1)
        typed = data_columns(rows, self.width) if rows else set()
        names = _like_names(header[:-1] if header[-1:] == [""] else header)
        names = names and (not rows or not typed or not typed & _data_in(header))
        if leads == 1 and len(first) > 1 and not (names and typed):
            return None
        guess = "set aside" if names else "part"
        shown = _shown(rows)
        evidence = tuple(_numbered(self.records[index]) for index in self.filled[: leads + 1])
        return Question(
            "title",
            "The first lines are not like the rest: are they a title above the table?",
            (
                Choice("set aside", "A title: set it aside, the table begins below", (tuple(header), *shown)),
                Choice("part", "Part of the table: line 1 is the header", (tuple(first), tuple(header), *shown[:1])),
            ),
            guess,
            evidence[:6],
        )

    # --- the header

    def _has_header(self, cells: Sequence[str], line: int, rows: list[list[str]]) -> bool:
        answer = self.answers.get("header")
        if answer in {"first row", "none"}:
            return answer == "first row"
        alone = len(self.filled) == 1 and self.whole
        if not alone and (len(cells) != self.width or not rows or not self._like_data(cells, rows)):
            return True
        [first], shown = _shown([cells]), _shown(rows)
        guess = "first row" if alone or _years(cells) or _steps(cells, _data_in(cells)) else "none"
        question = Question(
            "header",
            f"{'There is only one row' if alone else 'The first row looks like the others'}: is it a header?",
            (
                Choice("none", "There is no header: it is a row", (_numbers(len(cells)), first, *shown)),
                Choice("first row", "It is the header: its cells are the names of the columns", (first, *shown)),
            ),
            guess,
            (f"Line {line}: {excerpt(' | '.join(cells))}",),
        )
        self.layout.questions.append(question)
        return guess == "first row"

    def _like_data(self, cells: Sequence[str], rows: list[list[str]]) -> bool:
        """Whether the first row has what only data has, and no column speaks for a header."""
        typed = data_columns(rows, self.width)
        data = _data_in(cells)
        if any(cells[column].strip() and column not in data for column in typed):
            return False
        if _steps(cells, data) and len(data) < len(cells):
            return False
        if typed & data or data:  # an address, a date, a number above texts
            return True
        if any(len(cell) > LONG_NAME or (cell.rstrip().endswith((".", "?", "!")) and " " in cell) for cell in cells):
            return True
        return self._recurs(cells, rows)

    def _recurs(self, cells: Sequence[str], rows: list[list[str]]) -> bool:
        """Whether the first row's words come again below, as no name does; not where the whole row does."""
        others = [row for row in rows if [row[0].lstrip("\ufeff"), *row[1:]] != list(cells)]
        found = 0
        for column, cell in enumerate(cells):
            if cell.strip():
                found += Counter(row[column] for row in others)[cell] > 0
        return found > 0

    # --- a header of another width

    def _fit_width(self, cells: Sequence[str], line: int, rows: list[list[str]]) -> None:
        """The header beside rows that all have one other width: ask. Where they differ as well it is damage."""
        layout, more = self.layout, self.width - len(cells)
        widths = {len(self.records[index][0]) for index in self.filled if self.records[index][2] > line}
        if not more:
            return
        if any(self.records[index][3] for index in self.filled):
            layout.typed, layout.width = (
                set(),
                len(cells),
            )  # where quotes are broken the rows tell nothing; each is reported by its line
            return
        if not rows or len(widths) != 1:
            cell = "cell" if len(cells) == 1 else "cells"
            message = f"The header has {len(cells):,} {cell} where most rows have {self.width:,}."
            layout.problems.append(Problem(message, line=line, excerpt=excerpt(layout.header_text)))
            return
        answer = self.answers.get("width", "")
        choices = _width_choices(cells, rows, more)
        if answer not in {choice.value for choice in choices}:
            text = f"The header has {len(cells):,} cells and every row {self.width:,}: which belong together?"
            evidence = (_numbered_text(line, " | ".join(cells)), excerpt(" | ".join(rows[0])))
            layout.questions.append(Question("width", text, tuple(choices), choices[0].value, evidence))
            answer = choices[0].value
        layout.width = self.width
        layout.columns, layout.drop = _fitted(cells, more, answer)
        layout.notes.append(next(choice.label for choice in choices if choice.value == answer) + ".")

    def _names(self, line: int) -> None:
        """Names that are missing or there twice: ask whether to give names."""
        layout = self.layout
        problems = list(_name_problems(layout.columns, line))
        if not problems:
            return
        if any(problem.message.startswith("The name") for problem in problems):
            layout.problems.extend(problems)
            return
        named = _named(layout.columns)
        if self.answers.get("names") == "give":
            layout.columns = named
            layout.notes.append("Columns without a name, or with one that was taken, were given names.")
            return
        layout.questions.append(
            Question(
                "names",
                " ".join(problem.message for problem in problems[:5]) + " Shall they be given names?",
                (Choice("give", "Give them names", (tuple(named),)),),
                "give",
                (_numbered_text(line, layout.header_text),),
            )
        )
        layout.columns = named


def _like_names(cells: Sequence[str]) -> bool:
    """Whether cells could be the names of columns: all there, all different, none a number or a date."""
    return all(cell.strip() for cell in cells) and len(set(cells)) == len(cells) and not _data_in(cells)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(f"column {number}" for number in range(1, count + 1))


def _shown(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The first rows, cut to what helps to decide."""
    return [tuple(map(excerpt, row)) for row in rows[: _SHOWN - 1]]


def _data_in(cells: Sequence[str]) -> set[int]:
    return {column for column, cell in enumerate(cells) if is_datum(cell)}


def _years(cells: Sequence[str]) -> bool:
    """Whether the numbers among the names are years, each another one."""
    numbers = [cells[column].strip() for column in _data_in(cells)]
    years = {number for number in numbers if number.isdecimal() and 1800 <= int(number) <= 2100}
    return len(years) == len(numbers) > 1 and len(numbers) < len(cells)


def _steps(cells: Sequence[str], data: set[int]) -> bool:
    """Whether the numbers among the names go up evenly, as years do in a header."""
    numbers = [int(cells[column]) for column in sorted(data) if cells[column].strip().isdecimal()]
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(numbers) == len(data) > 2 and len(steps) == 1 and steps != {0}


def _width_choices(cells: Sequence[str], rows: list[list[str]], more: int) -> list[Choice]:
    """The ways in which a header and rows of other widths can belong together, the likeliest first."""
    shown = _shown(rows)
    if more < 0:
        empty = not any(name.strip() for name in cells[more:])
        label = "Its last names have no cells: leave them out"
        label = "Its last names are empty: leave them out" if empty else label
        return [Choice("drop", label, (tuple(cells[:more]), *shown))]
    choices = []
    if not any(cell for row in rows for cell in row[-more:]):
        label = "Every row ends with a delimiter too many: leave the empty cells out"
        choices.append(Choice("drop", label, (tuple(cells), *(row[: len(cells)] for row in shown))))
    nameless = ("",) * more
    first = Choice("first", "The first cells of the rows have no name", ((*nameless, *cells), *shown))
    last = Choice("last", "The last cells of the rows have no name", ((*cells, *nameless), *shown))
    numbered = more == 1 and all(row[0].isdigit() for row in rows)
    return [*choices, first, last] if numbered else [*choices, last, first]


def _fitted(cells: Sequence[str], more: int, answer: str) -> tuple[list[str], int]:
    """(names, cells to leave out at the end of each row)."""
    if more < 0:
        return list(cells[:more]), 0
    if answer == "drop":
        return list(cells), more
    if answer == "first":
        return [*(f"column {number}" for number in range(1, more + 1)), *cells], 0
    return [*cells, *(f"column {number}" for number in range(len(cells) + 1, len(cells) + more + 1))], 0


def _named(columns: Sequence[str]) -> list[str]:
    """Every column with a name of its own: `column 3` where there is none, `text_2` where one is taken."""
    names: list[str] = []
    taken = set(columns)
    for number, name in enumerate(columns, 1):
        if name.strip() and name not in names:
            names.append(name)
            continue
        stem, joint, count = (name, "_", 2) if name.strip() else ("column", " ", number)
        while (given := f"{stem}{joint}{count}") in taken:
            count += 1
        taken.add(given)
        names.append(given)
    return names


def _name_problems(names: Sequence[str], line: int) -> list[Problem]:
    found: list[Problem] = []
    first: dict[str, int] = {}
    for column, name in enumerate(names, 1):
        earlier = first.setdefault(name, column)
        if len(name) > LONGEST_NAME:
            message = f"The name of column {column} has {len(name):,} characters. Is the first line really a header?"
            found.append(Problem(message, line=line, column=column, excerpt=excerpt(name)))
        elif not name.strip():
            found.append(Problem(f"Column {column} has no name in the header.", line=line, column=column))
        elif earlier != column:
            message = f"Columns {earlier} and {column} have the same name."
            found.append(Problem(message, line=line, column=column, excerpt=excerpt(name)))
    return found


def _numbered(record: Record) -> str:
    return _numbered_text(record[2], record[1])


def _numbered_text(line: int, text: str) -> str:
    return f"Line {line}: {excerpt(text)}"
