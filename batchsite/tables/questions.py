"""Questions about a file, with the evidence. Pure."""

from __future__ import annotations

import codecs
import csv
import re

from batchsite.tables.encodings import LABELS, guess
from batchsite.tables.excerpts import excerpt
from batchsite.tables.table_types import Choice, Findings, Problem, Question
from batchsite.tables.text_source import MARKED

_MOST_ENCODINGS = 6
_MOST_BYTES = 262_144


def encoding(data: bytes, codec: str, delimiter: str) -> Question:
    """Which encoding the bytes are in, shown on lines that have letters beyond ASCII; `codec` is the guess."""
    lines = [line for line in re.split(rb"[\r\n]+", data[:_MOST_BYTES]) if not line.isascii()] or [data[:200]]
    shown = sorted(lines[:40], key=lambda line: sum(byte > 127 for byte in line), reverse=True)[:3]
    names = [codec, *(name for name in LABELS if name not in {codec, "utf-8"} and _decodes(lines, name))]
    choices: list[Choice] = []
    seen = set[tuple[tuple[str, ...], ...]]()
    for name in names:
        rows = tuple(_cells(line, name, delimiter) for line in shown)
        if rows not in seen:
            seen.add(rows)
            choices.append(Choice(name, LABELS.get(name, name), rows))
    evidence = tuple(excerpt(line.decode("ascii", MARKED)) for line in shown)
    text = "This file is not UTF-8. Which of these reads right?"
    return Question("encoding", text, tuple(choices[:_MOST_ENCODINGS]), codec, evidence)


def late_encoding(data: bytes, delimiter: str) -> Question:
    """The same for a file whose first part is plain ASCII."""
    return encoding(data, guess(data), delimiter)


def _decodes(lines: list[bytes], codec: str) -> bool:
    try:
        codecs.decode(b"\n".join(lines[:200]), codec)
    except (UnicodeDecodeError, ValueError):
        return False
    return True


def _cells(line: bytes, codec: str, delimiter: str) -> tuple[str, ...]:
    text = line.decode(codec, "replace").replace("\0", "�").replace("\n", " ").replace("\r", " ")
    cells = next(csv.reader([text], delimiter=delimiter), [])
    return tuple(excerpt(cell) for cell in cells[:6])


def trailing(count: int) -> Question:
    lines = "a blank line" if count == 1 else f"{count:,} blank lines"
    return Question(
        "trailing",
        f"There is one column, and at the end of the file {lines}: empty cells, or nothing?",
        (
            Choice("leave", "Nothing: leave them out"),
            Choice("rows", "Rows whose only cell is empty", (("",),)),
        ),
        "leave",
    )


def repeated(found: Findings, columns: list[str]) -> Question:
    times = "once more" if found.count == 1 else f"{found.count:,} times more"
    return Question(
        "repeated",
        f"The header stands {times} between the rows. What is it there?",
        (
            Choice("leave", "The header again: leave it out"),
            Choice("keep", "A row like the others", (tuple(columns),)),
        ),
        "leave",
        tuple(f"Line {problem.line}: {problem.excerpt}" for problem in found.first[:5]),
    )


def quotes(problem: Problem) -> Question:
    """About the only quote of a file, in the middle of a cell."""
    where = f"Line {problem.line} has a quote in the middle of a cell, and no cell is quoted."
    return Question(
        "quotes",
        f"{where} Is it a part of the text?",
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
            Choice("leave", "A footnote: set it aside", tuple((problem.excerpt,) for problem in found)),
            Choice("part", "Rows that are damaged, or the file was cut"),
        ),
        "leave" if parted or words else "part",
        tuple(f"Line {problem.line}: {problem.excerpt}" for problem in found[:5]),
    )
