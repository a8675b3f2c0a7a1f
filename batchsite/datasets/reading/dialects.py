"""How a delimited text is written: its delimiter and its quotes, found on a sample. Pure.

Every delimiter is tried with the quotes that it seems to have; the one under which the records are most even, and
their cells most like values, wins. A rival that is as good leads to a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from batchsite.datasets.reading.excerpts import excerpt
from batchsite.datasets.reading.quotes import Dialect, bare_quote
from batchsite.datasets.reading.records import LINE_END, Record, Records
from batchsite.datasets.reading.types import Choice, Problem, Question, ReadingError
from batchsite.datasets.reading.values import data_columns, is_datum, likeness

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
_MOST_LEADS = 30
_MOST_RESTARTS = 200
_SHOWN = 3
_BROKEN_BY_DESIGN = 3
"""Records with quotes that open and close nowhere: from here on quotes are taken for text."""


class Sample:
    """A text as a source for Records."""

    def __init__(self, text: str) -> None:
        self.dirty, self.longest = False, len(text) + 1
        self.lone_cr = text.count("\r") != text.count("\r\n")
        self._text = text

    def take(self) -> str:
        taken, self._text = self._text, ""
        return taken


def tolerant(text: str, dialect: Dialect, *, whole: bool) -> list[Record]:
    """The records of a sample. One with broken quotes ends with its first line, whatever it swallows."""
    found: list[Record] = []
    begin = line = 0
    for turn in range(_MOST_RESTARTS):
        for cells, raw, at, fault in Records(Sample(text[begin:]), dialect=dialect, line=line):
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
        """Cells that most records have; of two widths that are as frequent, that of the earlier record."""
        widths = [len(cells) for cells, _, _, fault in self.filled if not fault]
        return Counter(widths).most_common(1)[0][0] if widths else 0

    @cached_property
    def leads(self) -> int:
        """Records above the first that is as wide as most."""
        wide = (n for n, record in enumerate(self.filled) if len(record[0]) == self.width and not record[3])
        lead = next(wide, 0)
        return lead if lead <= min(_MOST_LEADS, len(self.filled) // 2) else 0

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
        return weight * self.even**2 * (0.3 + 0.7 * self.likeness) * (0.75 if self.leads else 1.0)


def _bare(raw: str, dialect: Dialect) -> bool:
    quote = dialect.quote
    return bool(quote) and quote in raw and bare_quote(raw, dialect) is not None


def trials(sample: str, *, whole: bool) -> list[Trial]:
    """The sample read with every delimiter that occurs in it, the likeliest first."""
    tried = [_best_quotes(sample, delimiter, whole) for delimiter in (*STRONG, *WEAK) if delimiter in sample]
    return sorted(tried, key=lambda trial: -trial.score)


def trial(sample: str, delimiter: str, *, whole: bool) -> Trial:
    """The sample read with a delimiter that is given."""
    return _best_quotes(sample, delimiter, whole)


def _best_quotes(sample: str, delimiter: str, whole: bool) -> Trial:
    """The trial under the quotes that fit best."""
    usual = Dialect(delimiter)
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
        if other.broken < found.broken:
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
    if usual.delimiter != " " and f'{usual.delimiter} "' in sample:
        yield replace(usual, spaces=True)


def _without_quotes(found: Trial, sample: str, whole: bool) -> Trial:
    """Quotes are text where many of them open or close nothing and all records are even without them."""
    faults = sum(1 for record in found.filled if record[3])
    if not faults or found.broken < _BROKEN_BY_DESIGN or found.broken * 2 < found.quoted:
        return found
    dialect = Dialect(found.dialect.delimiter, quote="")
    other = Trial(dialect, tolerant(sample, dialect, whole=whole))
    return other if other.perfect else found


def _wrapped(sample: str, delimiter: str, quote: str) -> int:
    """Cells that begin and end with the quote."""
    edge = re.escape(delimiter)
    return len(re.findall(rf"(?:^|(?<={edge})){quote}[^{quote}\r\n]*{quote}(?={edge}|\r|\n|\Z)", sample, re.M))


def _mostly_single(found: Trial, sample: str) -> bool:
    """Whether apostrophes wrap cells so often that they must be quotes."""
    wrapped = _wrapped(sample, found.dialect.delimiter, "'")
    return found.width > 1 and wrapped >= max(2, len(found.filled) // 5) and found.quoted > found.broken


# --- the choice


def choose(sample: str, *, whole: bool) -> tuple[Trial, Question | None]:
    """The likeliest reading of a sample, and the question that is to be asked where there is another."""
    found = trials(sample, whole=whole)
    likely = [trial for trial in found if trial.width > 1]
    torn = [trial for trial in found if trial.dialect.delimiter in STRONG and any(len(r[0]) > 1 for r in trial.filled)]
    best = likely[0] if likely else None
    if best is None:
        return _single(sample, torn, whole=whole)
    if best.dialect.delimiter in STRONG:
        return _strong(sample, best, likely[1:], whole=whole)
    return _weak(sample, best, torn, whole=whole)


def one_column(sample: str, *, whole: bool) -> Trial:
    return trial(sample, ONE_COLUMN, whole=whole)


def _single(sample: str, torn: list[Trial], *, whole: bool) -> tuple[Trial, Question | None]:
    """One column; but where delimiters stand outside of quotes here and there, only a person knows."""
    if not torn:
        return trial(sample, ",", whole=whole), None
    single = one_column(sample, whole=whole)
    return single, _question([single, *torn])


def _strong(sample: str, best: Trial, others: list[Trial], *, whole: bool) -> tuple[Trial, Question | None]:
    if _prose(best):
        single = one_column(sample, whole=whole)
        return single, _question([single, best])
    rivals = [other for other in others if other.score > 0.8 * best.score and other.perfect >= best.perfect]
    return best, _question([best, *rivals]) if rivals else None


def _prose(found: Trial) -> bool:
    """Whether the records are rather sentences with commas, one a line, below a name without one."""
    first = found.filled[0]
    if found.dialect.delimiter == "\t" or len(first[0]) > 1 or first[3]:
        return False
    cells = [cell for record in found.filled[1:] for cell in record[0][1:]]
    spaced = sum(1 for cell in cells if cell[:1] == " ")
    return bool(cells) and not found.quoted and (spaced >= 0.9 * len(cells) or found.even < 0.7)


def _weak(sample: str, best: Trial, torn: list[Trial], *, whole: bool) -> tuple[Trial, Question | None]:
    """A colon or a space may just as well be a part of the text."""
    first, below = best.filled[0], best.filled[1:]
    space = best.dialect.delimiter == " "
    values = [record[1].strip() for record in below]
    named = len(first[0]) > 1 and (space or not is_datum(first[1].strip()))
    if values and not named and sum(map(is_datum, values)) >= 0.9 * len(values):
        return _single(sample, torn, whole=whole)  # times, addresses, big numbers
    spaced = any(cell[:1] == " " for record in best.filled for cell in record[0][1:])
    typed = data_columns([record[0] for record in below], best.width)
    shaped = len(typed) > 1 or (best.width > 2 and not space)
    if (
        named
        and not spaced
        and len(best.filled) > 2
        and ((best.perfect and not space) or (best.even >= 0.5 and shaped))
    ):
        return best, None
    if best.even < (0.7 if named or not space else 0.9):
        return _single(sample, torn, whole=whole)
    single = one_column(sample, whole=whole)
    order = [best, single] if best.perfect and (typed or not (spaced or space)) else [single, best]
    return order[0], _question([*order, *torn])


def _question(ways: list[Trial]) -> Question:
    """Which of these ways to read the file is right; the first is the guess."""
    choices = tuple(_choice(way) for way in {way.dialect.delimiter: way for way in reversed(ways)}.values())
    evidence = tuple(f"Line {line}: {excerpt(raw)}" for _, raw, line, _ in ways[0].filled[:_SHOWN])
    text = "What stands between the cells of a row?"
    return Question("delimiter", text, choices[::-1], value_of(ways[0].dialect.delimiter), evidence)


def _choice(way: Trial) -> Choice:
    delimiter = way.dialect.delimiter
    label = NAMES.get(delimiter, repr(delimiter))
    label = "Nothing: there is one column" if delimiter == ONE_COLUMN else f"A {label}"
    return Choice(value_of(delimiter), label, tuple(tuple(record[0]) for record in way.filled[:_SHOWN]))


def value_of(delimiter: str) -> str:
    """A delimiter as an answer gives it."""
    return "none" if delimiter == ONE_COLUMN else delimiter


def delimiter_of(value: str) -> str:
    """The delimiter that an answer means: itself, or its name. Raises ReadingError for anything else."""
    if value == "none":
        return ONE_COLUMN
    named = {name: sign for sign, name in NAMES.items()}
    found = named.get(value.strip().lower(), "\t" if value == "\\t" else value)
    if len(found) != 1 or found in '\r\n"\0':
        raise ReadingError([Problem(f"“{value}” is no delimiter: it must be a single character.")])
    return found
