"""A page of rows of two batches beside each other, and the search for those that changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.batches.states import ROW_TONES, RowState
from batchsite.recipes.row_set import RowSet
from batchsite.results.batch_pair import BatchPair, Side, Values, changed_in
from batchsite.results.prompt_excerpt import excerpt
from batchsite.results.scan import BUDGET, scan
from batchsite.results.value_codes import Finder

PAGE = 50
CLIP = 2_000
SEVERAL = 900
"""Most row numbers in one query; above, the answers of the whole range are read."""
ONLY = {
    "changed": "Changed only",
    "fixed": "Was wrong, now right",
    "broken": "Was right, now wrong",
}


@dataclass(frozen=True)
class Half:
    """One batch's side of a compared row."""

    state: RowState
    values: Sequence[tuple[str, str, bool]]
    """(field, value, whether it changed)."""
    tokens: int | None
    cost: int | None
    is_right: bool | None

    @property
    def tone(self) -> str:
        return ROW_TONES[self.state]


@dataclass(frozen=True)
class ComparedRow:
    """The same row of both batches."""

    row: int
    prompt: str
    expected: str
    halves: Sequence[Half]


@dataclass(frozen=True)
class ComparedPage:
    """A page of the comparison; fields as in `row_table.RowPage`."""

    lines: Sequence[ComparedRow]
    previous: int | None
    next: int | None
    searched_to: int | None = None
    found: str | None = None


def page_of(
    pair: BatchPair,
    only: str,
    after: int | None,
    before: int | None,
    kept: Sequence[int] = (),
    begin: int | None = None,
    seconds: float | None = None,
) -> ComparedPage:
    """Returns the page behind row `after` or up to `before`. Earlier parts of the search found the rows `kept`."""
    search, deadline = _Search(pair, only), time.monotonic() + (BUDGET if seconds is None else seconds)
    window = 0 if only else PAGE + 1
    if before is not None:
        rows, reached = scan(pair.rows, before, -1, PAGE + 1, search.matching, deadline + 10 * BUDGET, window)
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        return ComparedPage(
            rows_of(pair, rows), rows[0] if rows and more else reached, rows[-1] if rows else before - 1
        )
    found, reached = scan(pair.rows, after or 0, 1, PAGE + 1 - len(kept), search.matching, deadline, window)
    rows = [*kept, *found]
    more, rows = len(rows) > PAGE, rows[:PAGE]
    started = begin if kept or begin else after
    return ComparedPage(
        rows_of(pair, rows),
        previous=(rows[0] if rows else after) if started else None,
        next=rows[-1] if more else reached,
        searched_to=reached if reached is not None and len(rows) < PAGE else None,
        found=".".join(map(str, rows)) or None,
    )


@dataclass
class _Search:
    """Finds the rows that `only` names: one of `ONLY`, `f.<field>` if that field changed, or blank for all."""

    pair: BatchPair
    only: str
    finders: list[Finder] = field(default_factory=list)

    def __post_init__(self) -> None:
        one, other = self.pair.sides
        if self.only == "fixed":
            self.finders = [one.finder("wrong"), other.finder("right")]
        elif self.only == "broken":
            self.finders = [one.finder("right"), other.finder("wrong")]

    def matching(self, window: RowSet, way: int, count: int) -> list[int]:
        if not self.only:
            rows = list(window)
        elif self.finders:
            low, high = window.first, window.last
            rows = sorted(self.finders[0].rows(low, high) & self.finders[1].rows(low, high))
        else:
            rows = self._changed(window.first, window.last)
        rows = [row for row in rows if row in window and row in self.pair.other.rows]
        return rows if way > 0 else rows[::-1]

    def _changed(self, low: int, high: int) -> list[int]:
        """Only parses answers whose texts differ."""
        one, other = self.pair.sides
        same = Result.objects.filter(batch_id=other.batch.pk, row=OuterRef("row"), answer=OuterRef("answer"))
        answers = answers_between(one.batch, low, high, ~Exists(same))
        others = _answers_in(other.batch, list(answers), low, high)
        names = [self.only.removeprefix("f.")] if self.only.startswith("f.") else self.pair.names
        return [
            row
            for row, answer in answers.items()
            if row in others and changed_in(names, one.values(answer), other.values(others[row]))
        ]


def answers_between(batch: Batch, low: int, high: int, *conditions: Any) -> dict[int, str]:
    """Returns {row: answer} of the answered rows `low` to `high` that meet the conditions."""
    answered = Result.objects.filter(batch_id=batch.pk, row__gte=low, row__lte=high, state=RowState.SUCCEEDED)
    return dict(answered.filter(*conditions).order_by("row").values_list("row", "answer"))


def _answers_in(batch: Batch, rows: list[int], low: int, high: int) -> dict[int, str]:
    if len(rows) > SEVERAL:
        return answers_between(batch, low, high)
    answered = Result.objects.filter(batch_id=batch.pk, row__in=rows, state=RowState.SUCCEEDED)
    return dict(answered.values_list("row", "answer"))


def rows_of(pair: BatchPair, rows: list[int]) -> list[ComparedRow]:
    """Both answers of some rows beside each other."""
    recipe, cells = recipe_of(pair.one), pair.one.dataset.pick(rows)
    column = pair.one.dataset.columns.index(pair.column) if pair.column else None
    by_side = [_results(side, rows) for side in pair.sides]
    compared = []
    for row in rows:
        expected = cells[row][column] if column is not None and row in cells else ""
        results = [results.get(row) for results in by_side]
        values = [
            side.values(result.answer) if result else {} for side, result in zip(pair.sides, results, strict=True)
        ]
        both = all(result is not None and result.state == RowState.SUCCEEDED for result in results)
        changed = set(changed_in(pair.names, *values)) if both else set()
        halves = [
            _half(side, result, side_values, changed, expected)
            for side, result, side_values in zip(pair.sides, results, values, strict=True)
        ]
        compared.append(ComparedRow(row, excerpt(recipe.prompt, cells[row]) if row in cells else "", expected, halves))
    return compared


def _results(side: Side, rows: list[int]) -> dict[int, Any]:
    stored = Result.objects.filter(batch_id=side.batch.pk, row__in=rows).defer("earlier")
    return {result.row: result for result in stored}


def _half(side: Side, result: Any, values: Values, changed: set[str], expected: str) -> Half:
    if result is None:
        return Half(RowState.PENDING, (), None, None, None)
    cells = [(name, values.get(name, "")[:CLIP], name in changed) for name in side.names]
    right = None
    if expected.strip() and result.state == RowState.SUCCEEDED:
        right = side.is_right(result.answer, expected)
    tokens = result.prompt_tokens + result.completion_tokens + result.reasoning_tokens
    return Half(RowState(result.state), cells, tokens, result.cost_ticks, right)
