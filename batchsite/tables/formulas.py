"""Cells that a spreadsheet would run, made harmless with an apostrophe. Pure.

A spreadsheet does not always split a file where we did: a German Excel splits at semicolons and knows no comma, so
that `x;=1+1;y` becomes three cells, one of them a formula. Within what we wrote as one cell another may start at a
semicolon, a tab, a bar or the end of a line, so formulas are looked for there, too. Commas need no look: who splits at
commas reads our quotes, and `52.5, -1.3` stays as it is.
The guard changes cells, so it is for files that people open, and never for those that programs read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_STARTS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
"""What a formula starts with. Excel takes the wide forms for their narrow ones."""
_BREAKS = r";\t|\n\r\v\f\x85\u2028\u2029"
_IGNORED = r'\s"\x00\ufeff\u200b'
"""What a spreadsheet drops, or may drop, before it looks at the first character of a cell."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(rf"[\t\r\n\x00]|[{_IGNORED}]*+[{_STARTS}]")
_PIECE = re.compile(rf"([{_BREAKS}][{_BREAKS}{_IGNORED}]*+)([{_STARTS}][^{_BREAKS}]*+)?")


_CELL = "\x1f"
"""Stands around the cells of a row that is looked at as one text."""
_BLANKS = r" \x1c\x1d\x1e\xa0\u1680\u2000-\u200a\u202f\u205f\u3000\"\x00\ufeff\u200b"
"""What is ignored and breaks nothing."""
_PLAIN = rf"-\d+(?:[.,]\d+)*{_CELL}"
"""A negative number that is a whole cell."""
_MAY_RUN = re.compile(
    rf"[{_CELL}{_BREAKS}](?:(?!(?<={_CELL}){_PLAIN})[{_BLANKS}]*+[{_STARTS}]|(?<={_CELL})[\t\r\n\x00])"
)


def harmless_row(cells: Sequence[str]) -> Sequence[str]:
    """Returns the cells `without_formulas`: unchanged, at once, where a look at all of them together finds nothing."""
    text = f"{_CELL}{_CELL.join(cells)}{_CELL}"
    if _MAY_RUN.search(text) or text.count(_CELL) != len(cells) + 1:
        return without_formulas(cells)
    return cells


def without_formulas(cells: Iterable[str]) -> list[str]:
    """Returns the cells with an apostrophe before whatever would run. Takes time in proportion to their length."""
    return [_harmless(cell) for cell in cells]


def _harmless(cell: str) -> str:
    if _WHOLE.match(cell) and not _NUMBER.fullmatch(cell):
        cell = f"'{cell}"
    return _PIECE.sub(_harmless_piece, cell)


def _harmless_piece(piece: re.Match[str]) -> str:
    """A number stays as it is if it is a cell for every way to split: it ends at what it began after."""
    before, text = piece[1], piece[2]
    around = {before.rstrip(" ")[-1:], piece.string[piece.end() : piece.end() + 1]}
    is_alone = len(around) == 1 or around == {"\r", "\n"}
    if not text or (is_alone and _NUMBER.fullmatch(text.rstrip(" "))):
        return piece[0]
    return f"{before}'{text}"
