"""How a delimited text is written: its delimiter and its quotes, found on a sample. Pure.

Every delimiter is tried with the quotes that it seems to have; the one under which the records are most even, and
their cells most like values, wins. A rival that is as good leads to a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from batchsite.tables.cell_values import data_columns, like_names, likeness
from batchsite.tables.quotes import Dialect, bare_quote
from batchsite.tables.records import LINE_END, UNCLOSED, Record, Records

STRONG = (",", ";", "\t", "|")
WEAK = ("\x1f", "\x01", "~", "^", ":", " ")
ONE_COLUMN = "\x1e"
"""Stands for "no delimiter" where a person said so."""
NAMES = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "bar",
    ":": "colon",
    "~": "tilde",
    "^": "caret",
    " ": "space",
    "\x1f": "unit separator",
    "\x01": "Ctrl-A",
    ONE_COLUMN: "none: one column",
}
QUOTINGS = {'"': '"', "'": "'", "none": "", "backslash": '"'}
"""What may be answered about quotes, and the quote that it means."""
_MOST_LEADS = 30
_MOST_RESTARTS = 200
_TOP = 2
_BROKEN_BY_DESIGN = 3
"""Records with quotes that open and close nowhere: from here on quotes are taken for text."""


class Sample:
    """A text as the source of Records."""

    def __init__(self, text: str) -> None:
        self.dirty, self.longest = False, len(text) + 1
        self.lone_cr = text.count("\r") != text.count("\r\n")
        self._text = text

    def take(self) -> str:
        taken, self._text = self._text, ""
        return taken


def tolerant(text: str, dialect: Dialect, *, whole: bool) -> list[Record]:
    """The records of a sample. One with broken quotes ends with its first line, whatever it swallows.

    One that is still open where the sample ends, with more of the file behind it, is left out with all that it holds.
    """
    found: list[Record] = []
    begin = line = 0
    for turn in range(_MOST_RESTARTS):
        for cells, raw, at, fault in Records(Sample(text[begin:]), dialect=dialect, line=line):
            if found and not whole and fault == UNCLOSED:
                return found
            end = LINE_END.search(raw) if fault and turn < _MOST_RESTARTS - 1 else None
            if end and end.end() < len(raw):
                found.append((cells, raw[: end.end()], at, fault))
                begin, line = begin + end.end(), at
                break
            found.append((cells, raw, at, fault))
            begin += len(raw)
        else:
            break
    return found if whole or len(found) < 2 else found[:-1]


@dataclass(frozen=True)
class Trial:
    """A sample read with a dialect."""

    dialect: Dialect
    records: list[Record]

    @cached_property
    def filled(self) -> list[Record]:
        """The records with something in them."""
        return [record for record in self.records if record[1].strip(self.dialect.delimiter + " \r\n")]

    @cached_property
    def width(self) -> int:
        """Cells that most records have, unless a table of more stands below them: see `tail`."""
        widths = [len(cells) for cells, _, _, fault in self.filled if not fault]
        return len(self.filled[-1][0]) if self.tail else most_common(widths) if widths else 0

    @cached_property
    def tail(self) -> int:
        """The record with the names of a table that is shorter than what stands above it; 0 where there is none."""
        filled, last = self.filled, len(self.filled[-1][0]) if self.filled else 0
        start = next((n for n in range(len(filled), 0, -1) if len(filled[n - 1][0]) != last or filled[n - 1][3]), 0)
        rows = [record[0] for record in filled[start:]]
        if not (len(rows) - 1 <= start <= _MOST_LEADS and len(rows) > 1) or any(record[3] for record in filled[:start]):
            return 0
        is_wider = last > max(2, *(len(record[0]) for record in filled[:start]))
        return start if is_wider and like_names(rows[0]) and data_columns(rows[1:], last) else 0

    @cached_property
    def leads(self) -> int:
        """Records above the first that is as wide as most."""
        wide = (n for n, record in enumerate(self.filled) if len(record[0]) == self.width and not record[3])
        lead = next(wide, 0)
        broken = any(record[3] for record in self.filled[:lead])
        if self.tail:
            return self.tail
        return lead if lead <= min(_MOST_LEADS, len(self.filled) // 2) and not broken else 0

    @cached_property
    def broken(self) -> int:
        """Records whose quotes fit nowhere."""
        return sum(1 for record in self.filled if record[3] or _bare(record[1], self.dialect))

    @cached_property
    def quoted(self) -> int:
        """Records with quotes that fit."""
        quote = self.dialect.quote
        return sum(1 for _, raw, _, fault in self.filled if quote and quote in raw and not fault) - self.bare

    @cached_property
    def bare(self) -> int:
        return sum(1 for record in self.filled if not record[3] and _bare(record[1], self.dialect))

    @cached_property
    def even(self) -> float:
        """Share of the records below the leading ones that are as wide as most, their quotes in order."""
        below = self.filled[self.leads :]
        return sum(1 for record in below if self._fits(record)) / len(below) if below else 0.0

    def _fits(self, record: Record) -> bool:
        fine = len(record[0]) == self.width and not record[3]
        return fine and not (self.quoted and _bare(record[1], self.dialect))

    @cached_property
    def likeness(self) -> float:
        """How much of its cells looks like values: numbers, dates, names, words."""
        below = [record[0] for record in self.filled[self.leads :] if len(record[0]) == self.width]
        return likeness(below)

    @property
    def perfect(self) -> bool:
        return self.width > 1 and self.even == 1.0 and not self.leads

    @cached_property
    def score(self) -> float:
        if self.width < 2:
            return 0.0
        weight = 1.0 if self.dialect.delimiter in STRONG else 0.3 if self.dialect.delimiter == " " else 0.5
        sound = 1.0 - 0.5 * self.broken / len(self.filled)
        if all(record[3] for record in self.filled[:_TOP]):
            sound *= 0.1  # the file does not begin with it, whatever comes below
        return weight * self.even**2 * (0.3 + 0.7 * self.likeness) * (0.75 if self.leads else 1.0) * sound


def most_common(widths: Sequence[int]) -> int:
    """The width that is there most often; of two that are as frequent, the earlier one."""
    return Counter(widths).most_common(1)[0][0]


def _bare(raw: str, dialect: Dialect) -> bool:
    quote = dialect.quote
    return bool(quote) and quote in raw and bare_quote(raw, dialect) is not None


def trials(sample: str, *, whole: bool, quoting: str = "") -> list[Trial]:
    """The sample read with every delimiter that occurs in it, the likeliest first."""
    signs = [delimiter for delimiter in (*STRONG, *WEAK) if delimiter in sample]
    tried = [trial(sample, delimiter, whole=whole, quoting=quoting) for delimiter in signs]
    return sorted(tried, key=lambda trial: -trial.score)


def trial(sample: str, delimiter: str, *, whole: bool, quoting: str = "") -> Trial:
    """The sample read with a delimiter, under the quotes that fit best where `quoting` does not say which."""
    usual = Dialect(delimiter)
    if quoting:
        given = replace(usual, quote=QUOTINGS[quoting], backslash=quoting == "backslash")
        return Trial(given, tolerant(sample, given, whole=whole))
    if "'" in sample and _wrapped(sample, delimiter, "'") > 3 * _wrapped(sample, delimiter, '"'):
        single = replace(usual, quote="'")
        found = Trial(single, tolerant(sample, single, whole=whole))
        if _mostly_single(found, sample):
            return _with_backslash(found, sample, whole)
    found = Trial(usual, tolerant(sample, usual, whole=whole))
    if not found.broken:
        return found
    for dialect in _others(sample, usual):
        other = Trial(dialect, tolerant(sample, dialect, whole=whole))
        if 2 * other.broken < found.broken and (other.perfect or other.quoted > 1):
            found = other
    return _without_quotes(found, sample, whole)


def _with_backslash(found: Trial, sample: str, whole: bool) -> Trial:
    if not found.broken or f"\\{found.dialect.quote}" not in sample:
        return found
    dialect = replace(found.dialect, backslash=True)
    other = Trial(dialect, tolerant(sample, dialect, whole=whole))
    return other if other.broken < found.broken else found


def _others(sample: str, usual: Dialect) -> Iterator[Dialect]:
    if '\\"' in sample:
        yield replace(usual, backslash=True)
    sign = usual.delimiter
    if sign != " " and sample.count(f'{sign} "') > sample.count(f'{sign}"'):
        yield replace(usual, spaces=True)


def _without_quotes(found: Trial, sample: str, whole: bool) -> Trial:
    """Quotes are text where many of them open or close nothing and all records are even without them."""
    faults = sum(1 for record in found.filled if record[3])
    if not faults or found.broken < _BROKEN_BY_DESIGN or found.broken * 2 < found.quoted:
        return found
    other = trial(sample, found.dialect.delimiter, whole=whole, quoting="none")
    return other if other.perfect else found


def _wrapped(sample: str, delimiter: str, quote: str) -> int:
    """Cells that begin and end with the quote."""
    edge = re.escape(delimiter)
    return len(re.findall(rf"(?:^|(?<={edge})){quote}[^{quote}\r\n]*{quote}(?={edge}|\r|\n|\Z)", sample, re.M))


def _mostly_single(found: Trial, sample: str) -> bool:
    """Whether apostrophes wrap cells so often that they must be quotes."""
    wrapped = _wrapped(sample, found.dialect.delimiter, "'")
    return found.width > 1 and wrapped >= max(2, len(found.filled) // 5) and found.quoted > found.broken
