"""Texts whose cells are not separated by a single character: refused, naming what separates them. Pure."""

from __future__ import annotations

import re

from batchsite.tables.cell_values import like_names
from batchsite.tables.dialects import STRONG, Trial

_JUDGED = 100
"""Lines."""
_FEWEST_LINES, _FEWEST_ROWS = 3, 2
_MOST = 0.8
"""Share of the lines."""
_WIDE = re.compile(r" {2,}")
_RULE = re.compile(r"[-= ]+")
_WHOLE = re.compile(r"\"([^\"]|\"\")*\"")
_DOUBLED = "|:~^"
"""Separators that stand twice in a row to be told from text; other ones leave an empty column."""
_OF_CELLS = "\"'.)]}"
"""Signs that may end or begin each cell."""
_NOT_ONE = "To say that there is one column all the same, answer “none” for the separator."


def why_no_separator(found: Trial) -> str:
    """Why no single character separates the cells, and what to do, in words; empty where one does."""
    if found.width > 1:
        long = _long_separator(found)
        words = (
            f"The cells are separated by several characters, “{long}”. Put a single one in their place, such as a tab,"
        )
        return f"{words} and upload the file again." if long else ""
    lines = [record[1].rstrip("\r\n") for record in found.filled[:_JUDGED] if not record[3]]
    lines = [line for line in lines if not _RULE.fullmatch(line)]
    if len(lines) < _FEWEST_LINES:
        return ""
    if _are_lined_up(lines):
        words = "This seems to be a table in columns of fixed width: spaces line the cells up. Save it as CSV (UTF-8),"
        return f"{words} or in Excel with “Text to Columns”, and upload that file. {_NOT_ONE}"
    if _are_quoted_whole(lines):
        words = (
            "Each line is in quotes as a whole, so that it reads as a single cell. Remove the quotes around the lines"
        )
        return f"{words} and upload the file again. {_NOT_ONE}"
    return ""


def _long_separator(found: Trial) -> str:
    """The characters that stand between the cells everywhere; empty where that is the delimiter alone."""
    rows = [record[0] for record in found.filled[:_JUDGED] if len(record[0]) == found.width and not record[3]]
    sign = found.dialect.delimiter
    if len(rows) < _FEWEST_ROWS:
        return ""
    if sign in _DOUBLED and not any(cell for row in rows for cell in row[1::2]) and like_names(rows[0][::2]):
        return sign * 2
    before = _shared({cell[-1:] for row in rows for cell in row[:-1]}, {row[-1][-1:] for row in rows})
    after = _shared({cell[:1] for row in rows for cell in row[1:]}, {row[0][:1] for row in rows})
    return f"{before}{sign}{after}" if before or after else ""


def _shared(signs: set[str], outside: set[str]) -> str:
    """The sign that stands beside each delimiter, and not in the same place of cells without one; never a letter."""
    [sign, *others] = signs
    plain = others or signs == outside or sign.isalnum() or sign.isspace() or sign in _OF_CELLS
    return "" if plain else sign


def _are_lined_up(lines: list[str]) -> bool:
    """Whether every line has the same gaps of two spaces or more, with texts on both sides in the first and most."""
    width = max(map(len, lines))
    places = zip(*(line.ljust(width) for line in lines), strict=True)
    shared = "".join(" " if set(place) == {" "} else "x" for place in places)
    for gap in _WIDE.finditer(shared.rstrip()):
        sides = [bool(line[: gap.start()].strip()) and bool(line[gap.end() :].strip()) for line in lines]
        if sides[0] and sum(sides) >= _MOST * len(lines):
            return True
    return False


def _are_quoted_whole(lines: list[str]) -> bool:
    """Whether each line is one quoted cell with a separator in it, the first with the names of columns."""
    if not all(map(_WHOLE.fullmatch, lines)):
        return False
    signs = [sign for sign in STRONG if all(sign in line for line in lines)]
    heads = [lines[0][1:-1].split(sign) for sign in signs]
    return any(like_names(names if names[0] else names[1:]) for names in heads)  # an index has no name
