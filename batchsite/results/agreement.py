"""How well answers agree with the expected ones, computed from counted pairs. Pure.

Two labels agree if they are equal, ignoring case and blanks around them. An answer without a value (a misfit, or an
empty one) agrees with nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from batchsite.results.tallies import FIRST, NO_VALUE, OTHER, Tally

TABLE = 20
"""Most classes for which the whole confusion table is shown; above, the most confused pairs."""
MOST_PAIRS = 40


@dataclass(frozen=True)
class Class:
    """One label: how often it was expected and answered, and how often both."""

    label: str
    support: int
    answered: int
    both: int

    @property
    def precision(self) -> float | None:
        """Of the rows with this answer, the share in which it was expected."""
        return self.both / self.answered if self.answered else None

    @property
    def recall(self) -> float | None:
        """Of the rows in which this was expected, the share that got it."""
        return self.both / self.support if self.support else None


@dataclass(frozen=True)
class LabelPair:
    """Rows with the expected label `expected` and the answer `answered`."""

    expected: str
    answered: str
    rows: int


@dataclass(frozen=True)
class Agreement:
    """Of `counted` rows with both an answer and an expected value, `right` agree."""

    right: int
    counted: int
    classes: Sequence[Class]
    """The expected labels, worst recall first."""
    pairs: Sequence[LabelPair]
    """The confused pairs, most frequent first."""
    table: Sequence[tuple[str, Sequence[LabelPair]]]
    """(expected, cells) per row, in the order of `heads`; empty if there are too many classes."""
    heads: Sequence[str]

    @property
    def accuracy(self) -> float | None:
        return self.right / self.counted if self.counted else None

    @property
    def wrong(self) -> int:
        return self.counted - self.right


@dataclass(frozen=True)
class Corrected:
    """The agreement once corrected answers replace the model's."""

    rows: int
    accuracy: float


def corrected(measured: Agreement | None, counts: Mapping[str, int]) -> Corrected | None:
    """Returns the corrected agreement. None if nothing was corrected, or nothing is expected."""
    if measured is None or not measured.counted or not counts.get("rows"):
        return None
    right = measured.right - counts["were_right"] + counts["are_right"]
    return Corrected(counts["rows"], right / measured.counted)


def agreement(tally: Tally) -> Agreement | None:
    """Returns the agreement in a tally. None if nothing was expected."""
    if not tally.compared or not tally.counted:
        return None
    names = {code: label for label, code in tally.labels.codes.items()}
    support: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    for (expected, given), rows in tally.pairs.items():
        support[expected] += rows
        answered[given] += rows
    classes = [
        Class(names[code], support[code], answered[code], tally.pairs[code, code]) for code in support if code >= FIRST
    ]
    classes.sort(key=lambda label: (label.recall or 0, -label.support, label.label))
    wrong = (
        (-rows, _name(names, expected), _name(names, given))
        for (expected, given), rows in tally.pairs.items()
        if expected != given or expected == OTHER
    )
    confused = [LabelPair(expected, given, -rows) for rows, expected, given in nsmallest(MOST_PAIRS, wrong)]
    heads, table = _table(tally, names)
    return Agreement(tally.right, tally.counted, classes, confused, table, heads)


def _name(names: dict[int, str], code: int) -> str:
    return names.get(code, "")


def _table(tally: Tally, names: dict[int, str]) -> tuple[list[str], list[tuple[str, list[LabelPair]]]]:
    """Returns heads and rows of the whole confusion table; empty if there are too many classes."""
    expected = sorted({code for code, _ in tally.pairs}, key=lambda code: names.get(code, "~"))
    given = sorted({code for _, code in tally.pairs} | set(expected), key=lambda code: names.get(code, "~"))
    if len(given) > TABLE or OTHER in given:
        return [], []
    rows = [
        (
            _name(names, one),
            [LabelPair(_name(names, one), _name(names, other), tally.pairs[one, other]) for other in given],
        )
        for one in expected
        if one != NO_VALUE
    ]
    return [_name(names, one) for one in given], rows
