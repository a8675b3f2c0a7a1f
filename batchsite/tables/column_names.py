"""Names of columns that are missing, there twice or too long: asked about, and given. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from batchsite.tables.cell_faults import LONGEST_NAME
from batchsite.tables.cell_values import data_columns
from batchsite.tables.header_row import numbers
from batchsite.tables.table_top import LONG_NAME, Layout, TableTop, numbered_text, shown_rows
from batchsite.tables.table_types import Choice, Question

INDEX_NOTE = "The first column has no name and counts the rows: it is named “{name}”."
NOTE = "Columns with a missing, duplicate or overlong name were named automatically."
_FEWEST_COUNTED = 2
"""Rows in which an index can be seen."""
_SAID = 5
"""Problems that the question names."""


def check_names(top: TableTop, head: int) -> None:
    """Names that are no names: ask whether to give some, or which line has them."""
    layout = top.layout
    if top.answers.get("names") != "give" and _counts_rows(layout) and not _problems(layout.columns[1:]):
        layout.columns[0] = name = given_names([*layout.columns[1:], "index"])[-1]
        layout.notes.append(INDEX_NOTE.format(name=name))
        return
    problems = _problems(layout.columns)
    if not problems:
        return
    named = given_names(layout.columns)
    if top.answers.get("names") == "give":
        layout.notes.append(NOTE)
    else:
        layout.questions.append(_question(top, head, problems, named))
    layout.columns = named


def _counts_rows(layout: Layout) -> bool:
    """Whether a first column without a name is an index, as pandas and R write it: 0, 1, 2, … or 1, 2, 3, …"""
    if layout.columns[0].strip() or len(layout.columns) < 2 or len(layout.sample) < _FEWEST_COUNTED:
        return False
    numbered = [row[0] for row in layout.sample]
    return any(numbered == list(map(str, range(first, first + len(numbered)))) for first in (0, 1))


def _question(top: TableTop, head: int, problems: list[str], named: list[str]) -> Question:
    rows, lines = top.rows(head + 1), list(top.line_choices(head))
    better = next((choice.value for choice in lines if not choice.more and _proven(top, choice)), "give")
    unnamed = (numbers(top.width), *shown_rows(top.rows(head)))
    return Question(
        "names",
        " ".join(problems[:_SAID]) + " Name them automatically?",
        (
            Choice("give", "Name them automatically", (tuple(named), *shown_rows(rows))),
            *lines,
            Choice("none", "No: the file has no header, and this line is data", unnamed, more=True),
        ),
        better,
        (numbered_text(top.record(head)[2], top.layout.header_text),),
    )


def _proven(top: TableTop, choice: Choice) -> bool:
    """Whether numbers and the like stand in the rows below the line of a choice, and in none above it."""
    at = next(n for n in range(len(top.filled)) if choice.value == f"line {top.record(n)[2]}")
    return bool(data_columns(top.rows(at + 1), top.width)) and not data_columns(top.rows(0)[:at], top.width)


def _problems(names: Sequence[str]) -> list[str]:
    """What is wrong with the names, in words."""
    problems: list[str] = []
    first: dict[str, int] = {}
    for column, name in enumerate(names, 1):
        earlier = first.setdefault(name, column)
        if len(name) > LONGEST_NAME:
            problems.append(f"The name of column {column} has {len(name):,} characters; the limit is {LONGEST_NAME}.")
        elif not name.strip():
            problems.append(f"Column {column} has no name in the header.")
        elif earlier != column:
            problems.append(f"Columns {earlier} and {column} have the same name.")
    return problems


def given_names(columns: Sequence[str]) -> list[str]:
    """Every column with a name of its own: `column 3` where there is none, `text_2` where one is taken."""
    names: list[str] = []
    short = [_shortened(name) for name in columns]
    taken, given, counts = set(short), set[str](), dict[str, int]()
    for number, name in enumerate(short, 1):
        if not name.strip() or name in given:
            stem, count = (f"{name}_", counts.get(name, 2)) if name.strip() else ("column ", number)
            while f"{stem}{count}" in taken:
                count += 1
            counts[name] = count + 1
            taken.add(f"{stem}{count}")
            names.append(f"{stem}{count}")
        else:
            names.append(name)
        given.add(name)
    return names


def _shortened(name: str) -> str:
    """A name that is too long, cut behind a word."""
    if len(name) <= LONGEST_NAME:
        return name
    cut = name[:LONG_NAME].rsplit(None, 1)[0]
    return f"{cut.rstrip() or name[:LONG_NAME]}…"
