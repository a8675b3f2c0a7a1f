"""Questions about a file, with the evidence. Pure."""

from __future__ import annotations

from batchsite.tables.excerpts import excerpt
from batchsite.tables.long_end import LongEnd
from batchsite.tables.table_types import Choice, Findings, Problem, Question


def first_text(first: str, rows: list[list[str]]) -> Question:
    """About the first line of a file with a text a line, whose name promises no header."""
    shown = tuple((excerpt(row[0]),) for row in rows[:2])
    return Question(
        "header",
        "The file has one text per line. Is the first line a header?",
        (
            Choice("none", "No: the file has no header, and this is data", (("column 1",), (excerpt(first),), *shown)),
            Choice("first row", "Yes: it is the column’s name", ((excerpt(first),), *shown)),
        ),
        "none",
        (excerpt(first),),
    )


def trailing(count: int) -> Question:
    lines = "a blank line" if count == 1 else f"{count:,} blank lines"
    return Question(
        "trailing",
        f"There is one column, and at the end of the file {lines}: empty cells, or nothing?",
        (
            Choice("leave", "No: skip them"),
            Choice("rows", "Yes: rows with an empty cell", (("",),)),
        ),
        "leave",
    )


def repeated(found: Findings, columns: list[str], place: str = "Line") -> Question:
    times = "once more" if found.count == 1 else f"{found.count:,} times more"
    return Question(
        "repeated",
        f"The header appears {times} among the rows. What is it there?",
        (
            Choice("leave", "The header again: skip it"),
            Choice("keep", "A row like the others", (tuple(columns),)),
        ),
        "leave",
        tuple(f"{place} {problem.line}: {problem.excerpt}" for problem in found.first[:5]),
    )


def quotes(problem: Problem) -> Question:
    """About the only quote of a file, in the middle of a cell."""
    where = f"Line {problem.line} has a quote in the middle of a cell, and no cell is quoted."
    return Question(
        "quotes",
        f"{where} Is it part of the text?",
        (Choice("text", "Yes: it is text, such as inches"), Choice("damage", "No: the file is damaged there")),
        "text",
        (f"Line {problem.line}: {problem.excerpt}",),
    )


def footer(found: list[Problem], *, parted: bool) -> Question:
    """About lines of one cell at the end of the file; `parted` by blank lines, they are rather a footnote."""
    words = all(" " in problem.excerpt.strip() for problem in found)
    return Question(
        "footer",
        "The last lines are not like the rest: are they a footnote below the table?",
        (
            Choice("leave", "A footnote: skip it", tuple((problem.excerpt,) for problem in found)),
            Choice("part", "Damaged rows, or a file that was cut off"),
        ),
        "leave" if parted or words else "part",
        tuple(f"Line {problem.line}: {problem.excerpt}" for problem in found[:5]),
    )


def table_end(above: list[list[str]], last: list[tuple[int, list[str]]], place: str) -> Question:
    """About the last rows of a table, (line, cells), that are not like those above; `place`: what a line is called."""
    rows = tuple(tuple(map(excerpt, row)) for _, row in last)
    data = tuple(tuple(map(excerpt, row)) for row in above)
    texts = [(line, excerpt(" | ".join(row))) for line, row in last]
    return Question(
        "footer",
        f"The last {'row is' if len(last) == 1 else 'rows are'} not like the rest: a footnote or a total?",
        (
            Choice("leave", "A footnote or a total: skip it; the table ends above", data),
            Choice("part", "Part of the table", (*data, *rows)),
        ),
        "leave",
        tuple(f"{place} {line}: {text}" for line, text in texts[:5]),
    )


def long_end(end: LongEnd, total: int) -> Question:
    """About so many rows at the end of `total` that they were not kept."""
    begin, data = end.begin, tuple(tuple(map(excerpt, row)) for row in end.above)
    return Question(
        "footer",
        f"The last {total - begin + 1:,} rows are not like the rest: footnotes or totals?",
        (
            Choice(f"row {begin}", f"Footnotes or totals: skip them; the table ends above row {begin:,}", data),
            Choice("part", "Part of the table", (*data, *((text,) for _, text in end.first[:2]))),
        ),
        f"row {begin}",
        tuple(f"Row {number:,}: {text}" for number, text in end.first),
    )
