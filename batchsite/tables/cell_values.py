"""What a cell looks like: a number, a date, a name; and how much of a table looks like values. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBER = re.compile(
    r"""\s*+[-+−]?(?:[$€£¥]\s?)?[-+]?
    (?:\d{1,3}(?:[,.\ '\u00a0\u202f]\d{3})+|\d+)?(?:[.,]\d+)?(?:[eE][-+]?\d+)?
    (?:\s?(?:%|[$€£¥]|EUR|USD))?\s*""",
    re.X,
)
DATE = re.compile(
    r"""\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})
    (?:[T\ ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[-+]\d{2}:?\d{2})?)?\s*""",
    re.X,
)
TIME = re.compile(r"\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?\s*")
MAIL = re.compile(r"\s*[^@\s,;|]+@[^@\s,;|]+\.\w+\s*")
ADDRESS = re.compile(r"\s*(?:https?|ftp|mailto)://?\S+\s*")
UUID = re.compile(r"\s*[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\s*")
WORDS = re.compile(r"[\w .\-'’/()&+#%°!?]*")
_KINDS = {"number": NUMBER, "date": DATE, "time": TIME, "UUID": UUID}
_DIGIT = re.compile(r"\d")
_NO_PART = re.compile(r"[^\d.,]")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
_LONGEST_DATUM = 80
_JUDGED = 200
"""Rows of a sample on which its columns are judged."""


_MISSING = frozenset(
    ["n/a", "na", "nan", "null", "none", "-", "--", ".", "?", "unknown", "tbd", "missing", "nil", "#n/a"]
)


def is_missing(cell: str) -> bool:
    """Whether a cell says in words that it has no value, such as “n/a”."""
    return cell.strip().lower() in _MISSING


def is_datum(cell: str) -> bool:
    """Whether a cell is a value that no header has: a number, a date, an address, a UUID."""
    return datum_kind(cell) != ""


def datum_kind(cell: str) -> str:
    """Returns the kind of such a value. Empty for a text."""
    if ":" in cell and ADDRESS.fullmatch(cell):
        return "address"
    if len(cell) > _LONGEST_DATUM:
        return ""
    if _DIGIT.search(cell):
        for name, kind in _KINDS.items():
            if kind.fullmatch(cell):
                return name
    return "mail" if "@" in cell and MAIL.fullmatch(cell) else ""


def number_of(cell: str) -> float | None:
    """Returns the number in a cell, whatever separates its thousands and decimals. None for anything else."""
    if len(cell) > _LONGEST_DATUM or not NUMBER.fullmatch(cell) or not _DIGIT.search(cell):
        return None
    if "e" in cell.lower().replace("eur", ""):
        return None
    signs = _NO_PART.sub("", cell)
    last = max(signs.rfind("."), signs.rfind(","))
    if last >= 0 and (signs.count(signs[last]) > 1 or _THOUSANDS.fullmatch(signs)):
        last = -1
    whole, decimals = (signs, "") if last < 0 else (signs[:last] or "0", signs[last + 1 :])
    number = float(f"{whole.replace('.', '').replace(',', '')}.{decimals or 0}")
    return -number if "-" in cell or "−" in cell else number


def likeness(rows: Sequence[Sequence[str]], most: int = _JUDGED) -> float:
    """Returns the share of cells in the first rows that are a typed value, empty, or words without delimiters."""
    cells = [cell for row in rows[:most] for cell in row]
    if not cells:
        return 0.0
    return sum(map(_like, cells)) / len(cells)


def _like(cell: str) -> float:
    if not cell or is_datum(cell):
        return 1.0
    if cell[0] == " ":
        return 0.4  # `Smith, John` under a comma that is none
    return 0.9 if WORDS.fullmatch(cell) else 0.5


def data_columns(rows: Sequence[Sequence[str]], width: int) -> set[int]:
    """The columns (from 0) whose filled cells are numbers, dates and the like, in nearly all of the rows."""
    found = set()
    for column in range(width):
        filled = [row[column] for row in rows[:_JUDGED] if len(row) == width and row[column].strip()]
        if len(filled) >= 1 and sum(map(is_datum, filled)) >= 0.9 * len(filled):
            found.add(column)
    return found


def like_names(cells: Sequence[str]) -> bool:
    """Whether cells could be the names of columns: all there, all different, none a number or a date."""
    return all(cell.strip() for cell in cells) and len(set(cells)) == len(cells) and not data_in(cells)


def data_in(cells: Sequence[str]) -> set[int]:
    """The places (from 0) of numbers, dates and the like."""
    return {column for column, cell in enumerate(cells) if is_datum(cell)}
