"""Which rows a trial asks: the first n, n at random, or picked ones. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from batchsite.recipes.row_set import RowSet, parse_rows

MOST_ROWS = 20
DEFAULT_ROWS = 5
HOWS = {"first": "The first", "random": "At random", "picked": "These rows"}


@dataclass(frozen=True)
class RowChoice:
    """How rows are chosen, as typed."""

    how: str = "first"
    count: int = DEFAULT_ROWS
    picked: str = ""


def choose(choice: RowChoice, rows: RowSet, row_count: int) -> list[int]:
    """Returns the chosen rows, ascending, out of `rows`. Raises ValueError with a sentence."""
    if choice.how == "picked":
        chosen = list(parse_rows(choice.picked, row_count).places(0, MOST_ROWS + 1))
        if not chosen:
            raise ValueError("Enter the rows to try, such as 3, 17, 40-42.")
    elif not len(rows):
        raise ValueError("There are no rows to try.")
    elif choice.how == "random":
        count = min(max(1, choice.count), len(rows))
        chosen = sorted(_at(rows, place) for place in random.SystemRandom().sample(range(len(rows)), count))
    else:
        chosen = list(rows.places(0, max(1, choice.count)).places(0, MOST_ROWS + 1))
    if len(chosen) > MOST_ROWS or choice.count > MOST_ROWS:
        raise ValueError(f"At most {MOST_ROWS} rows are tried at once; submit the batch for more.")
    return chosen


def _at(rows: RowSet, place: int) -> int:
    return rows.places(place, place + 1).first


def in_words(rows: list[int]) -> str:
    """Returns rows as a person would type them: `3, 17, 40-42`."""
    return ", ".join(
        f"{first}" if first == last else f"{first}-{last}" for first, last in RowSet([[n, n] for n in rows]).spans
    )
