"""Where a table begins within its text: titles above it, its header or none, names for its columns. Pure.

Judged on a sample of records; what is not beyond doubt becomes a question. Keys: `title`, `width`, `header`, `names`,
`below_header`; and `header_line`, which is never asked: the line on which the names are.
"""

from __future__ import annotations

from batchsite.tables.cell_faults import too_many_columns
from batchsite.tables.cell_values import data_columns
from batchsite.tables.column_names import check_names
from batchsite.tables.dialects import Trial
from batchsite.tables.excerpts import excerpt
from batchsite.tables.further_headers import below_header
from batchsite.tables.header_row import fit_width, has_header, numbers
from batchsite.tables.table_top import Layout, TableTop
from batchsite.tables.table_types import Answers, Limits, Problem
from batchsite.tables.title_lines import below_titles, set_titles_aside

_SAMPLE_ROWS = 200


def lay_out(trial: Trial, answers: Answers, limits: Limits, *, whole: bool) -> Layout:
    """The layout of a sample; its questions are those that `answers` leaves open."""
    top = TableTop(trial, answers, limits, whole=whole)
    layout = top.layout
    if not top.filled:
        layout.problems.append(Problem("The file is empty."))
        return layout
    head = below_titles(top) if top.said_line is None else _said_head(top, top.said_line)
    if head is None or _is_unreadable(top, head):
        return layout
    if has_header(top, head):
        _take_header(top, head)
    else:
        layout.skip, layout.header = top.filled[head], "none"
        layout.columns = list(numbers(top.width))
        layout.sample = top.rows(head)[:_SAMPLE_ROWS]
        layout.typed = data_columns(top.rows(head + 1), top.width)
        layout.notes.append("There is no header, so the columns are numbered.")
    layout.width = layout.width or len(layout.columns)
    return layout


def _said_head(top: TableTop, line: int) -> int | None:
    """The filled record on the line that a person named; None, and a problem, where there is none."""
    head = next((number for number in range(len(top.filled)) if top.record(number)[2] == line), None)
    if head is None:
        message = f"The column names can’t be in line {line:,}: no row begins there, or it is too far down."
        top.layout.problems.append(Problem(message))
    else:
        set_titles_aside(top, head)
    return head


def _is_unreadable(top: TableTop, head: int) -> bool:
    """Whether the first record of the table is damaged, or wider than any may be: reported."""
    cells, text, line, fault = top.record(head)
    fault = fault or too_many_columns(max(len(cells), top.width), top.limits)
    if fault:
        top.layout.problems.append(Problem(fault, line=line, excerpt=excerpt(text)))
    return bool(fault)


def _take_header(top: TableTop, head: int) -> None:
    layout = top.layout
    cells, text, line, _ = top.record(head)
    layout.header_line, layout.header_text = line, text
    layout.columns, layout.header_cells = list(cells), list(cells)
    further = below_header(top, head)
    layout.skip = top.filled[head + further] + 1
    rows = top.rows(head + 1 + further)
    layout.sample, layout.typed = rows[:_SAMPLE_ROWS], data_columns(rows, top.width)
    fit_width(top, head)
    check_names(top, head)
