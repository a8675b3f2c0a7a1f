"""The names of the columns of a download: those of the dataset, then ours, with the fields of the answers among them.

Our columns follow the dataset's own, which never change: if a name is taken, ours gets `_2`. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

OUR_COLUMNS = (
    "batch_request_id",
    "state",
    "answer",
    "error",
    "warning",
    "finish_reason",
    "answered_by",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_usd",
)


ANSWER = OUR_COLUMNS.index("answer")
"""The fields of an answer follow it."""
Fields = Sequence[str] | None
"""Names of the fields of an answer; None if answers are text."""


def column_names(columns: Sequence[str], fields: Fields = None) -> list[str]:
    """Returns the dataset's columns, then ours, each with the first free name of `answer`, `answer_2`, `answer_3`, …

    Fields give way to our own names, which scripts rely on.
    """
    taken = set(columns)
    ours = free_names(OUR_COLUMNS, taken)
    if fields is None:
        return [*columns, *ours]
    before, behind = ours[: ANSWER + 1], ours[ANSWER + 1 :]
    return [*columns, *before, *free_names(fields, taken), *behind]


def free_names(wanted: Sequence[str], taken: set[str]) -> list[str]:
    """Returns the first free name for each, and adds it to `taken`."""
    free_ones = []
    for name in wanted:
        candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        free = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(free)
        free_ones.append(free)
    return free_ones


def renamed_fields(columns: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    """Returns {field: its column in a download} for the fields of an answer whose own name is taken."""
    start = len(columns) + ANSWER + 1
    names = column_names(columns, fields)[start : start + len(fields)]
    return {field: name for field, name in zip(fields, names, strict=True) if field != name}
