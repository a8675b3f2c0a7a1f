"""How cells are delimited and quoted, and whether the quotes of a text fit. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Dialect:
    """How cells are delimited and quoted. `quote` is empty where quotes are only text."""

    delimiter: str = ","
    quote: str = '"'
    backslash: bool = False
    """A quote within a quoted cell stands behind a backslash, instead of being doubled."""
    spaces: bool = False
    """Spaces behind a delimiter are no part of the cell."""

    @property
    def plain(self) -> bool:
        """Whether the parity of its quotes tells where records end."""
        return not (self.backslash or self.spaces)

    @property
    def options(self) -> dict[str, Any]:
        """For the csv module."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote or None,
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "doublequote": not self.backslash,
            "escapechar": "\\" if self.backslash else None,
            "skipinitialspace": self.spaces,
            "strict": True,
        }


def end_of_records(text: str, quote: str) -> int:
    """Behind the last line end that stands outside of quotes, going by the number of quotes before it."""
    end = text.rfind("\n") + 1
    inside = text.count(quote, 0, end) % 2 if quote else 0
    while inside and end:
        before = text.rfind("\n", 0, end - 1) + 1
        inside ^= text.count(quote, before, end) % 2
        end = before
    return end


def quotes_fit(text: str, dialect: Dialect) -> bool:
    """Whether no quote stands inside a cell that does not begin with one, in records that the csv module accepts.

    What is left of an opening quote, outside of quoted cells, ends with a delimiter or a line end, or is empty: it
    does within a cell, too, between the two of a doubled quote.
    """
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    pair = rf"[^{quote}]*+(?<![^{delimiter}\n{quote}]){quote}[^{quote}]*+{quote}"
    return re.fullmatch(rf"(?:{pair})*+[^{quote}]*+", text) is not None


def bare_quote(text: str, dialect: Dialect) -> int | None:
    """Where a quote stands inside a cell that does not start with one; None where all quotes fit.

    `text` is the raw text of a record that the csv module accepts: what is left of an opening quote, outside of
    quoted cells, ends with a delimiter or is empty. Empty within a record is the doubled quote.
    """
    if dialect.backslash:
        return _loose_quote(structural(text, dialect).rstrip("\r\n"), dialect)
    parts = text.split(dialect.quote)
    if {part[-1:] for part in parts[:-1:2]} <= {"", dialect.delimiter}:
        return None
    length = 0
    for index in range(0, len(parts) - 1, 2):
        before = parts[index].rstrip(" ") if dialect.spaces else parts[index]
        length += len(parts[index])
        if parts[index] and (before or index) and before[-1:] != dialect.delimiter:
            return length
        length += len(parts[index + 1]) + 2
    return None


def _loose_quote(text: str, dialect: Dialect) -> int | None:
    """The same where quotes are not doubled: the csv module then also lets pass what stands behind a closing quote."""
    parts = text.split(dialect.quote)
    length = 0
    for index in range(0, len(parts), 2):
        part, last = parts[index], index >= len(parts) - 1
        opens = last or part[-1:] == dialect.delimiter or (not part and not index)
        closes = not index or part[:1] == dialect.delimiter or (not part and last)
        if not (opens and closes):
            return length + (len(part) if closes else 0)
        length += len(part) + sum(map(len, parts[index + 1 : index + 2])) + 2
    return None


def column_at(text: str, position: int, dialect: Dialect) -> int:
    """Which column, counted from 1, the character of a record belongs to; every quote before it fits."""
    before = structural(text[:position], dialect)
    parts = before.split(dialect.quote)[::2] if dialect.quote else [before]
    return 1 + sum(part.count(dialect.delimiter) for part in parts)


_ESCAPED = re.compile(r"\\.", re.S)


def structural(text: str, dialect: Dialect) -> str:
    """The text with what stands behind backslashes made harmless, where backslashes say anything; as long as before."""
    return _ESCAPED.sub("__", text) if dialect.backslash else text


def kept_backslashes(dialect: Dialect) -> Callable[[str], str]:
    """Doubles the backslashes that escape nothing, for the csv module, which would drop them: `C:\\new`, `\\N`."""
    escapable = f"{dialect.quote}{dialect.delimiter}\\\r\n"

    def kept(found: re.Match[str]) -> str:
        return found[0] if found[0][1:] in escapable else f"\\{found[0]}"

    loose = re.compile(rf"\\[^{re.escape(escapable)}]")
    return lambda line: _ESCAPED.sub(kept, line) if loose.search(line) else line
