"""Which rows a try is about: the first n, n at random, or picked ones. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from batchsite.recipes.row_set import RowSet, parse_rows

MOST_ROWS = 20
DEFAULT_ROWS = 5
HOWS = {"first": "The first", "random": "At random", "picked": "These rows"}


@dataclass(frozen=True)
class Choice:
    """How rows are chosen, as a person said it."""

    how: str = "first"
    count: int = DEFAULT_ROWS
    picked: str = ""


def choose(choice: Choice, rows: RowSet, row_count: int) -> list[int]:
    """The chosen rows, ascending, out of `rows` of a dataset with `row_count`. Raises ValueError, in words."""
    if choice.how == "picked":
        found = list(parse_rows(choice.picked, row_count).places(0, MOST_ROWS + 1))
        if not found:
            raise ValueError("Name the rows to try, such as 3, 17, 40-42.")
    elif not len(rows):
        raise ValueError("There are no rows to try.")
    elif choice.how == "random":
        count = min(max(1, choice.count), len(rows))
        found = sorted(_at(rows, place) for place in random.SystemRandom().sample(range(len(rows)), count))
    else:
        found = list(rows.places(0, max(1, choice.count)).places(0, MOST_ROWS + 1))
    if len(found) > MOST_ROWS or choice.count > MOST_ROWS:
        raise ValueError(f"At most {MOST_ROWS} rows are tried at once; submit the batch for more.")
    return found


def _at(rows: RowSet, place: int) -> int:
    return rows.places(place, place + 1).first


def in_words(rows: list[int]) -> str:
    """`3, 17, 40-42`, as a person may type it."""
    return ", ".join(
        f"{first}" if first == last else f"{first}-{last}" for first, last in RowSet([[n, n] for n in rows]).spans
    )
