"""Whether the first row of a table is its header, and whether it fits the rows below. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from batchsite.tables.cell_values import data_columns, data_in
from batchsite.tables.excerpts import excerpt
from batchsite.tables.table_top import LONG_NAME, TableTop, numbered_text, shown_rows
from batchsite.tables.table_types import Choice, Problem, Question

_MOST_WORDS = 3
"""Of a name, where texts may stand one a line."""


def has_header(top: TableTop, head: int) -> bool:
    """Whether filled record `head` has the names of the columns, as it shows or as a person said."""
    answer = top.answers.get("header")
    if top.said_nameless:
        return False
    if top.said_line is not None:
        return True
    if answer in {"first row", "none"}:
        return answer == "first row"
    cells, rows = top.cells(head), top.rows(head + 1)
    alone = len(top.filled) == 1 and top.whole
    if not alone and (len(cells) != top.width or not rows or not _like_data(cells, rows)):
        return True
    guess = "first row" if alone or _years(cells) or _steps(cells, data_in(cells)) else "none"
    top.layout.questions.append(_question(top, head, guess, alone=alone))
    return guess == "first row"


def _question(top: TableTop, head: int, guess: str, *, alone: bool) -> Question:
    cells, rows = top.cells(head), top.rows(head + 1)
    [first], shown = shown_rows([cells]), shown_rows(rows)
    return Question(
        "header",
        f"{'There is only one row' if alone else 'The first row looks like the others'}: is it a header?",
        (
            Choice("none", "No: the file has no header, and this is data", (numbers(len(cells)), first, *shown)),
            Choice("first row", "Yes: its cells are the column names", (first, *shown)),
            *top.line_choices(head),
        ),
        guess,
        (numbered_text(top.record(head)[2], " | ".join(cells)),),
    )


def numbers(count: int) -> tuple[str, ...]:
    """The names of columns that have none."""
    return tuple(f"column {number}" for number in range(1, count + 1))


def _like_data(cells: Sequence[str], rows: list[list[str]]) -> bool:
    """Whether the first row has what only data has, and no column speaks for a header."""
    typed = data_columns(rows, len(cells))
    data = data_in(cells)
    if any(cells[column].strip() and column not in data for column in typed):
        return False
    if _steps(cells, data) and len(data) < len(cells):
        return False
    if data:  # an address, a date, a number above texts
        return True
    if len(cells) == 1 and len(cells[0].split()) > _MOST_WORDS:
        return True
    if any(len(cell) > LONG_NAME or (cell.rstrip().endswith((".", "?", "!")) and " " in cell) for cell in cells):
        return True
    return _recurs(cells, rows)


def _recurs(cells: Sequence[str], rows: list[list[str]]) -> bool:
    """Whether a word of the first row comes again below, as no name does; not where the whole row does."""
    others = [row for row in rows if [row[0].lstrip("\ufeff\f"), *row[1:]] != list(cells)]
    return any(cell.strip() and Counter(row[column] for row in others)[cell] > 0 for column, cell in enumerate(cells))


def _years(cells: Sequence[str]) -> bool:
    """Whether the numbers among the names are years, each another one."""
    texts = [cells[column].strip() for column in data_in(cells)]
    years = {text for text in texts if text.isdecimal() and 1800 <= int(text) <= 2100}
    return len(years) == len(texts) > 1 and len(texts) < len(cells)


def _steps(cells: Sequence[str], data: set[int]) -> bool:
    """Whether the numbers among the names go up evenly, as years do in a header."""
    values = [int(cells[column]) for column in sorted(data) if cells[column].strip().isdecimal()]
    steps = {after - before for before, after in itertools.pairwise(values)}
    return len(values) == len(data) > 2 and len(steps) == 1 and steps != {0}


# --- a header of another width


def fit_width(top: TableTop, head: int) -> None:
    """The header beside rows that all have one other width: ask. Where they differ as well it is damage."""
    layout, cells, line, rows = top.layout, top.cells(head), top.record(head)[2], top.rows(head + 1)
    more = top.width - len(cells)
    if not more:
        return
    if any(top.records[index][3] for index in top.filled):
        # Where quotes are broken the rows tell nothing; each is reported by its line.
        layout.typed, layout.width = set(), len(cells)
        return
    widths = {len(top.records[index][0]) for index in top.filled[head + 1 :]}
    if not rows or len(widths) != 1:
        noun = "cell" if len(cells) == 1 else "cells"
        message = f"The header has {len(cells):,} {noun} where most rows have {top.width:,}."
        layout.problems.append(Problem(message, line=line, excerpt=excerpt(layout.header_text)))
        return
    choices = _width_choices(cells, rows, more)
    labels = {choice.value: choice.label for choice in choices}
    answer = top.answers.get("width", "")
    if answer not in labels:
        text = f"The header has {len(cells):,} cells and every row {top.width:,}: which belong together?"
        evidence = (numbered_text(line, " | ".join(cells)), excerpt(" | ".join(rows[0])))
        answer = choices[0].value
        layout.questions.append(Question("width", text, tuple(choices), answer, evidence))
    layout.width = top.width
    layout.columns, layout.drop = _fitted(cells, more, answer)
    layout.notes.append(f"{labels[answer]}.")


def _width_choices(cells: Sequence[str], rows: list[list[str]], more: int) -> list[Choice]:
    """The ways in which a header and rows of other widths can belong together, the likeliest first."""
    shown = shown_rows(rows)
    if more < 0:
        empty = not any(name.strip() for name in cells[more:])
        why = "are empty" if empty else "have no cells"
        return [Choice("drop", f"Its last names {why}: skip them", (tuple(cells[:more]), *shown))]
    choices = []
    if not any(cell for row in rows for cell in row[-more:]):
        label = "Every row ends with an extra separator: skip the empty cells"
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
        return [*numbers(more), *cells], 0
    return [*cells, *numbers(len(cells) + more)[len(cells) :]], 0
