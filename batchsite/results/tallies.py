"""Counts over many rows in bounded memory, and a byte per row by which it is found again. Pure.

A `Tally` takes rows slice by slice and can be stored and loaded in between. Of each field it tells up to `MOST` values
apart, each with a code. Numbers are counted in narrow bins.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from batchsite.results.answer_fields import LONGEST, label

NO_ANSWER, NO_VALUE, OTHER, FIRST = 0, 1, 2, 3
"""Codes: the row has no answer; the answer has no such field; a value without a code of its own; the first value."""
MOST = 256 - FIRST
RIGHT, WRONG = 1, 2
"""Codes of `agrees`; 0 if there is nothing to compare."""
MEASURES = ("tokens", "cost", "length")


class Seen(NamedTuple):
    """What a tally needs to know of one row."""

    values: dict[str, str] | None
    """{field: value}; None where the row has no answer."""
    tokens: int
    cost: int
    length: int
    expected: str = ""


@dataclass
class Values:
    """The values of one field: their codes, and the number of rows for each."""

    codes: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=lambda: [0] * FIRST)

    def code(self, value: str) -> int:
        """Returns the code of a value, a new one if need be."""
        known = self.codes.get(value)
        if known is None:
            if len(self.codes) >= MOST or len(value) > LONGEST:
                return OTHER
            known = self.codes[value] = FIRST + len(self.codes)
            self.counts.append(0)
        return known

    def add(self, value: str | None) -> int:
        """Counts a row. Returns its code."""
        code = self.code(value) if value else NO_VALUE
        self.counts[code] += 1
        return code

    @property
    def ranked(self) -> list[tuple[str, int]]:
        """(value, rows), most frequent first."""
        return sorted(((value, self.counts[code]) for value, code in self.codes.items()), key=lambda ranked: -ranked[1])


@dataclass
class Tally:
    """The counts so far."""

    fields: dict[str, Values]
    compared: str = ""
    """The field that is compared with the expected values; blank: none."""
    labels: Values = field(default_factory=Values)
    """Expected and answered labels together, so that they share codes. Counts are those expected."""
    pairs: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Rows by (code expected, code answered)."""
    right: int = 0
    counted: int = 0
    """Rows with an answer and an expected value."""
    bins: dict[str, Counter[int]] = field(default_factory=lambda: {name: Counter() for name in MEASURES})
    rows: int = 0
    answers: int = 0

    def add(self, slice_: Sequence[Seen]) -> dict[str, bytes]:
        """Counts consecutive rows. Returns their codes by name."""
        names = [f"field {name}" for name in self.fields]
        if self.compared:
            names += ["expected", "answered", "agrees"]
        codes = {name: bytearray(len(slice_)) for name in names}
        for place, seen in enumerate(slice_):
            self._add_row(seen, place, codes)
        self.rows += len(slice_)
        return {name: bytes(data) for name, data in codes.items()}

    def _add_row(self, seen: Seen, place: int, codes: dict[str, bytearray]) -> None:
        bins = self.bins
        if seen.cost:
            bins["cost"][bin_of(seen.cost)] += 1
        if seen.tokens:
            bins["tokens"][bin_of(seen.tokens)] += 1
        if seen.values is None:
            return
        self.answers += 1
        bins["length"][bin_of(seen.length)] += 1
        for name, values in self.fields.items():
            codes[f"field {name}"][place] = values.add(seen.values.get(name))
        if self.compared:
            self._compare(seen, place, codes)

    def _compare(self, seen: Seen, place: int, codes: dict[str, bytearray]) -> None:
        expected = self.labels.code(label(seen.expected)) if seen.expected.strip() else NO_VALUE
        given = (seen.values or {}).get(self.compared, "")
        answered = self.labels.code(label(given)) if given else NO_VALUE
        codes["expected"][place], codes["answered"][place] = expected, answered
        if expected == NO_VALUE:
            return
        agrees = label(given) == label(seen.expected)
        codes["agrees"][place] = RIGHT if agrees else WRONG
        self.counted += 1
        self.right += agrees
        self.labels.counts[expected] += 1
        self.pairs[expected, answered] += 1

    # ---- stored between two slices ----

    def dump(self) -> dict[str, Any]:
        """Returns the tally as JSON; see `load`."""
        return {
            "fields": [[name, list(values.codes), values.counts] for name, values in self.fields.items()],
            "compared": self.compared,
            "labels": [list(self.labels.codes), self.labels.counts],
            "pairs": [[expected, answered, rows] for (expected, answered), rows in self.pairs.items()],
            "bins": {name: sorted(counts.items()) for name, counts in self.bins.items()},
            "sums": [self.right, self.counted, self.rows, self.answers],
        }


def load(kept: dict[str, Any]) -> Tally:
    """Returns the tally that `dump` wrote."""
    right, counted, rows, answers = kept["sums"]
    return Tally(
        fields={name: _values(codes, counts) for name, codes, counts in kept["fields"]},
        compared=kept["compared"],
        labels=_values(*kept["labels"]),
        pairs=Counter({(expected, answered): rows for expected, answered, rows in kept["pairs"]}),
        right=right,
        counted=counted,
        bins={name: Counter(dict(counts)) for name, counts in kept["bins"].items()},
        rows=rows,
        answers=answers,
    )


def _values(codes: Iterable[str], counts: list[int]) -> Values:
    return Values({value: FIRST + place for place, value in enumerate(codes)}, counts)


def bin_of(value: int) -> int:
    """Returns the start of the bin that a number falls into: itself below 1,000, above that its first three digits."""
    if value < 1000:
        return value
    width: int = 10 ** (len(str(value)) - 3)
    return value - value % width


# ---- codes of rows -----------------------------------------------------------------------------------


def packed(codes: bytes) -> bytes:
    return zlib.compress(codes, 1)


def unpacked(data: bytes) -> bytes:
    return zlib.decompress(data)


def places(codes: bytes, wanted: int) -> Iterator[int]:
    """Yields the positions of a code in `codes`, ascending."""
    at = codes.find(wanted)
    while at >= 0:
        yield at
        at = codes.find(wanted, at + 1)
