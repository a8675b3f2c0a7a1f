"""What became of a spoilt file: read right, asked about, refused by the right line, or read wrong without a word."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from batchsite.tables import Asks, Limits, ReadingError, open_table
from tests.tables.damage import Case, well_formed
from tests.tables.good_tables import Cells

LIMITS = Limits(rows=100_000, columns=500, cell=1_000_000)
RIGHT, ASKED, NAMED, UNNAMED = "right", "asked", "refused, line named", "refused, other line"
ELSE, WRONG = "well-formed by chance", "silently wrong"
VERDICTS = (RIGHT, ASKED, NAMED, UNNAMED, ELSE, WRONG)


def judge(case: Case) -> str:
    """What our reading makes of a case."""
    try:
        table = open_table(io.BytesIO(case.data), limits=LIMITS)
        rows = list(table.rows())
    except Asks:
        return ASKED
    except ReadingError as error:
        return NAMED if any(problem.line in case.lines for problem in error.problems) else UNNAMED
    cells = rows if table.understood.header == "none" else [table.columns, *rows]
    return verdict(case, cells)


def verdict(case: Case, cells: Cells) -> str:
    """Of a table that was read without a word."""
    if cells == case.base.cells:
        return RIGHT
    return ELSE if cells == well_formed(case) else WRONG


@dataclass
class Tally:
    """Counts of verdicts, over all and by kind of damage, and the cases that went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[Case] = field(default_factory=list)
    unnamed: list[Case] = field(default_factory=list)

    def add(self, case: Case, found: str) -> None:
        self.counts[found] += 1
        self.kinds.setdefault(case.kind, Counter())[found] += 1
        if found == WRONG:
            self.wrong.append(case)
        elif found == UNNAMED:
            self.unnamed.append(case)

    @property
    def named(self) -> float:
        """Share of the refusals that name the right line."""
        refused = self.counts[NAMED] + self.counts[UNNAMED]
        return self.counts[NAMED] / refused if refused else 1.0


def tallied(cases: Iterable[Case]) -> Tally:
    tally = Tally()
    for case in cases:
        tally.add(case, judge(case))
    return tally
