"""Lines above a table that are not part of it: titles, comments, a few values and their names. Pure."""

from __future__ import annotations

import itertools
import re

from batchsite.tables.cell_values import data_columns, data_in, like_names
from batchsite.tables.further_headers import is_numbering
from batchsite.tables.table_top import TableTop, filled_cells, numbered_text, shown_rows
from batchsite.tables.table_types import Choice, Question

_MOST_LINES = 101
_MOST_PARTED, _FEWEST_BELOW = 3, 3
"""Records that a blank line may part from the table, and how many must stand below them."""
_NARROWEST_PADDED = 3
"""Columns from which on cells that were left empty tell a title from a header."""
_COMMENT = re.compile(r"\s*(?:# +\w|#[^\w\s,;|]|#+\s*$)")
"""The beginning of a comment, rather than a name that has the sign in it."""


def below_titles(top: TableTop) -> int:
    """The number of the filled record that is the first of the table; what is above it is set aside, or asked about."""
    leads = _leads(top)
    if not leads or top.answers.get("title") == "part":
        return 0
    if top.answers.get("title") != "set aside" and not _certain(top, leads):
        question = _question(top, leads)
        if question is None:
            return 0
        top.layout.questions.append(question)
    set_titles_aside(top, leads)
    return leads


def set_titles_aside(top: TableTop, count: int) -> None:
    """The first `count` filled records are no part of the table."""
    top.set_aside(range(count))
    if count:
        top.layout.notes.append(f"{count} {'line' if count == 1 else 'lines'} above the table skipped.")


def _leads(top: TableTop) -> int:
    """Records at the top that are narrower or wider than the table, or hold one cell and nothing else."""
    if top.width == 1:
        return 0
    for number in range(min(len(top.filled), _MOST_LINES)):
        cells, _, _, fault = top.record(number)
        if fault:
            return 0
        if len(cells) == top.width and not _is_above_names(top, number):
            return max(number, _below_blank(top))
    return 0


def _is_above_names(top: TableTop, number: int) -> bool:
    """Whether a record that is as wide as the table is none of it."""
    if _is_padded(top, number) or _is_comment(top, number):
        return True
    return number + 1 < len(top.filled) and is_numbering(top.cells(number)) and like_names(top.cells(number + 1))


def _below_blank(top: TableTop) -> int:
    """The number of the first record that a blank line parts from few others, and that has the names; 0 for none."""
    for number in range(1, min(_MOST_PARTED, len(top.filled) - _FEWEST_BELOW) + 1):
        if top.filled[number] == top.filled[number - 1] + 1:
            continue
        cells, rows = top.cells(number), top.rows(number + 1)
        names = len(cells) == top.width and like_names(cells)
        above = data_columns([top.cells(other) for other in range(number)], top.width)
        return number if names and len(rows) > number and not above else 0
    return 0


def _is_padded(top: TableTop, number: int) -> bool:
    """Whether a record is a title with delimiters up to the width of the table: "Report,,,"."""
    if number + 1 >= len(top.filled) or not (_is_lonely(top, number) or _is_value_above(top, number)):
        return False
    below = map(top.cells, range(number + 1, min(number + _MOST_LINES, len(top.filled))))
    return any(len(row) == top.width and filled_cells(row) > top.width // 2 for row in below)


def _is_lonely(top: TableTop, number: int) -> bool:
    """Whether the first cell alone is filled; or one of the others, above what could be all names."""
    cells = top.cells(number)
    if filled_cells(cells) != 1 or cells[0].strip():
        return filled_cells(cells) == 1
    below = top.cells(number + 1) if number + 1 < len(top.filled) else []
    return len(cells) >= _NARROWEST_PADDED and len(below) == len(cells) and like_names(below)


def _is_value_above(top: TableTop, number: int) -> bool:
    """Whether a record belongs to lines such as "Made by,Ann,,," with a blank row between them and the names."""
    for here, after in itertools.pairwise(top.filled[number : number + _MOST_LINES]):
        if top.records[here][0][-1:] != [""]:
            return False
        if after > here + 1:
            names = top.records[after][0]
            return len(names) == top.width and like_names(names)
    return False


def _is_comment(top: TableTop, number: int) -> bool:
    """Whether a record that is as wide as the table is a comment above its header all the same.

    A name may begin with the sign, too: "#", "#id".
    """
    is_name = not _COMMENT.match(top.record(number)[1])
    if not _has_hash(top, number) or number + 1 >= len(top.filled) or is_name:
        return False
    below = top.cells(number + 1)
    return len(below) == top.width and like_names(below)


def _has_hash(top: TableTop, number: int) -> bool:
    return top.record(number)[1].lstrip().startswith("#")


def _certain(top: TableTop, leads: int) -> bool:
    """Several lines, or a blank one below them, or cells left empty: what no damaged header looks like.

    Never where there is more of it than of the table.
    """
    if not like_names(top.cells(leads)) or leads >= len(top.filled) - leads:
        return False
    titles = [top.cells(number) for number in range(leads)]
    padded = top.width >= _NARROWEST_PADDED and all(filled_cells(cells) < len(cells) == top.width for cells in titles)
    lonely = all(len(cells) == 1 for cells in titles)
    parted = top.filled[leads] != top.filled[leads - 1] + 1
    typed = data_columns(top.rows(leads + 1), top.width)
    comments = all(_has_hash(top, number) for number in range(leads))
    comments = comments and not any(filled_cells(cells) == len(cells) == top.width for cells in titles)
    return (bool(typed) and (padded or comments or (lonely and leads > 1))) or (lonely and parted)


def _question(top: TableTop, leads: int) -> Question | None:
    """None where the only line above the rows is rather their header, of another width."""
    first, header, rows = top.cells(0), top.cells(leads), top.rows(leads + 1)
    typed = data_columns(rows, top.width) if rows else set()
    names = like_names(header[:-1] if header[-1:] == [""] else header)
    names = names and (not rows or not typed or not typed & data_in(header))
    padded = top.width >= _NARROWEST_PADDED and len(first) == top.width and _is_lonely(top, 0)
    apart = is_numbering(first) or (len(top.filled) > 1 and top.filled[1] > top.filled[0] + 1)
    if leads == 1 and len(first) > 1 and not (names and (typed or padded or apart)):
        return None
    shown = shown_rows(rows)
    evidence = tuple(numbered_text(top.record(number)[2], top.record(number)[1]) for number in range(leads + 1))
    choices = (
        Choice("set aside", "A title: skip it; the table starts below", (tuple(header), *shown)),
        Choice("part", "Part of the table: line 1 is the header", (tuple(first), tuple(header), *shown[:1])),
    )
    text = "The first lines are not like the rest: are they a title above the table?"
    others = tuple(choice for choice in top.line_choices(leads) if choice.value != f"line {top.record(0)[2]}")
    alone = leads == 1 and filled_cells(first) == top.width and not typed and not is_numbering(first)
    guess = "set aside" if names and not alone else "part"  # a blank line may also stand below the names
    return Question("title", text, (*choices, *others), guess, evidence[:6])
