"""Tables whose every row can be told from all others, in what is sent and in what comes back."""

from __future__ import annotations

import csv
import io
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROMPT = "Sort {{key}} now: {{text}}"
ODD = ('a "quoted" word', "two\nlines", "a,comma; and more", "naïve 漢字 🙂", "=SUM(A1)", "  spaces  ", "''")
SHAPE = {"fields": [{"name": "said", "type": "text"}, {"name": "sure", "type": "yes_no"}]}
EMPTY = 0.1
"""Share of rows without a text."""
SMALLEST, LARGEST, LARGEST_LIVE = 5, 5_000, 150
LIVE, REPEATED = 0.25, 0.3
"""Shares of batches that run live, and of tables whose rows repeat each other."""
_KINDS = re.compile(r"x(\d+)$")


@dataclass(frozen=True)
class Table:
    """A file, and what a person wants done with it. The rows of `t7x12` are twelve different ones, over and over."""

    name: str
    rows: int
    id_column: str = ""
    runs_live: bool = False
    repeats: str = ""

    def write(self, folder: Path, dice: random.Random) -> Path:
        path = folder / f"{self.name}.csv"
        with path.open("w", newline="", encoding=dice.choice(("utf-8", "utf-8-sig"))) as file:
            writer = csv.writer(file)
            writer.writerow(["key", "text"])
            texts: dict[str, str] = {}
            for row in range(1, self.rows + 1):
                key = self.key(row)
                writer.writerow([key, texts.setdefault(key, self._text(row, dice))])
        return path

    @staticmethod
    def _text(row: int, dice: random.Random) -> str:
        return " " if dice.random() < EMPTY else f"{dice.choice(ODD)} of row {row}"

    def key(self, row: int) -> str:
        return key_of(self.name, row)


def some_table(number: int, dice: random.Random) -> Table:
    runs_live = dice.random() < LIVE
    most = LARGEST_LIVE if runs_live else LARGEST
    rows = int(math.exp(dice.uniform(math.log(SMALLEST), math.log(most))))
    if dice.random() < REPEATED:
        kinds = max(2, rows // dice.choice((2, 5, 50)))
        return Table(f"t{number}x{kinds}", rows, "", runs_live, dice.choice(("once", "once", "each")))
    return Table(f"t{number}", rows, dice.choice(("", "", "key")), runs_live)


def key_of(name: str, row: int) -> str:
    """Returns what a row of the table of that name is told by: its request is that of every row with the same key."""
    kinds = _KINDS.search(name)
    return f"{name}-k{(row - 1) % int(kinds[1]) + 1 if kinds else row}"


def belongs(answer: str, key: str) -> bool:
    """The provider's answers begin with the first words of the prompt that they answer."""
    return f" Sort {key} now:" in answer


def broken_rows(content: str, name: str, rows: Sequence[int]) -> list[str]:
    """What is wrong with a downloaded CSV: rows that are not there, or that hold the answer of another row."""
    read = list(csv.DictReader(io.StringIO(content, newline="")))
    wrong = [] if len(read) == len(rows) else [f"{len(read)} rows instead of {len(rows)}"]
    for number, row in zip(rows, read, strict=False):
        key = key_of(name, number)
        if row["key"] != key:
            wrong.append(f"row {number} is that of {row['key']}")
        elif row["state"] == "succeeded" and not belongs(row["answer"], key):
            wrong.append(f"row {number} has the answer of another: {row['answer'][:60]}")
    return wrong[:5]
