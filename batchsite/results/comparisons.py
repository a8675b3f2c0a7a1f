"""Two batches row by row: which answers changed, field by field, and whether for the better.

Rows are the same where their numbers are. An answer changed when a field that both have holds another value, upper
and lower case and blanks around it aside; answers without common fields are compared as texts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.batches.states import ROW_TONES, RowState
from batchsite.processes.leases import claimed
from batchsite.processes.queue import Job, enqueue
from batchsite.recipes.row_set import RowSet
from batchsite.results import answer_fields, summaries
from batchsite.results.models import Comparison, Summary
from batchsite.results.result_rows import excerpt
from batchsite.results.row_filter import Asked
from batchsite.results.scan import BUDGET, walk
from batchsite.results.value_codes import Finder

PAGE = 50
SLICE = 5_000
STEP_SECONDS = 3.0
CLIP = 2_000
SEVERAL = 900
ONLY = {
    "changed": "Changed only",
    "fixed": "Was wrong, now right",
    "broken": "Was right, now wrong",
}
Values = dict[str, str]


@dataclass(frozen=True)
class Pair:
    """Two batches, `one` the earlier chosen; what they have in common."""

    one: Batch
    other: Batch

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields that both have; `answer` where there are none."""
        theirs = set(answer_fields.field_names(self.other))
        return tuple(name for name in answer_fields.field_names(self.one) if name in theirs) or (answer_fields.WHOLE,)

    @cached_property
    def column(self) -> str:
        """The column with right answers; blank where none was named, or the batches are of different datasets."""
        same = self.one.dataset_id == self.other.dataset_id
        return (self.one.expected_column or self.other.expected_column) if same else ""

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        return Side.of(self.one, self), Side.of(self.other, self)

    @cached_property
    def rows(self) -> RowSet:
        """The rows of both; an end that only one has is left out."""
        return self.one.rows.within(self.other.rows.first, self.other.rows.last)


@dataclass(frozen=True)
class Side:
    """One of the two batches, held against the same column as the other."""

    batch: Batch
    summary: Summary
    shape: Any
    names: Sequence[str]
    compared: str

    @classmethod
    def of(cls, batch: Batch, pair: Pair) -> Side:
        held = batch
        if batch.expected_column != pair.column:
            held = Batch.objects.select_related("dataset").get(pk=batch.pk)
            held.expected_column = pair.column
        summary = summaries.summary_of(batch)
        compared = summaries.compared_field(held, summary) if pair.column else ""
        return cls(held, summary, answer_fields.shape_in(batch), pair.names, compared)

    def values(self, answer: str) -> Values:
        """Of the common fields."""
        if self.names == (answer_fields.WHOLE,) and self.shape is not None:
            return {answer_fields.WHOLE: answer.strip()}
        found = answer_fields.values_in(self.shape, answer)
        return {name: found[name] for name in self.names if name in found}

    def is_right(self, answer: str, expected: str) -> bool:
        given = answer_fields.values_in(self.shape, answer).get(self.compared, "")
        return bool(given) and answer_fields.label(given) == answer_fields.label(expected)

    def finder(self, agrees: str) -> Finder:
        """Finds the rows that are right, or wrong."""
        return Finder(self.batch, self.summary, Asked(agrees=agrees))


def changed_in(names: Sequence[str], one: Values, other: Values) -> list[str]:
    """The fields that hold different values."""
    return [
        name for name in names if answer_fields.label(one.get(name, "")) != answer_fields.label(other.get(name, ""))
    ]


# ---- a page ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Half:
    """One batch's side of a line."""

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
class Line:
    row: int
    prompt: str
    expected: str
    halves: Sequence[Half]


@dataclass(frozen=True)
class Page:
    """A page of the comparison; see `table.Page`."""

    lines: Sequence[Line]
    previous: int | None
    next: int | None
    searched_to: int | None = None
    found: str | None = None


def page_of(
    pair: Pair, only: str, after: int | None, before: int | None, kept: Sequence[int] = (), begin: int | None = None,
    seconds: float | None = None,
) -> Page:  # fmt: skip
    """A page of lines behind row `after` or up to `before`; `kept` rows were found by earlier goes of the search."""
    search, deadline = _Search(pair, only), time.monotonic() + (BUDGET if seconds is None else seconds)
    window = 0 if only else PAGE + 1
    if before is not None:
        rows, reached = walk(pair.rows, before, -1, PAGE + 1, search.matching, deadline + 10 * BUDGET, window)
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        return Page(lines(pair, rows), rows[0] if rows and more else reached, rows[-1] if rows else before - 1)
    found, reached = walk(pair.rows, after or 0, 1, PAGE + 1 - len(kept), search.matching, deadline, window)
    rows = [*kept, *found]
    more, rows = len(rows) > PAGE, rows[:PAGE]
    started = begin if kept or begin else after
    return Page(
        lines(pair, rows),
        previous=(rows[0] if rows else after) if started else None,
        next=rows[-1] if more else reached,
        searched_to=reached if reached is not None and len(rows) < PAGE else None,
        found=".".join(map(str, rows)) or None,
    )


@dataclass
class _Search:
    """Finds the rows that `only` asks for: one of `ONLY`, a field that changed, or blank."""

    pair: Pair
    only: str
    finders: list[Finder] = field(default_factory=list)

    def __post_init__(self) -> None:
        one, other = self.pair.sides
        if self.only == "fixed":
            self.finders = [one.finder("wrong"), other.finder("right")]
        elif self.only == "broken":
            self.finders = [one.finder("right"), other.finder("wrong")]

    def matching(self, some: RowSet, way: int, count: int) -> list[int]:
        if not self.only:
            rows = list(some)
        elif self.finders:
            low, high = some.first, some.last
            rows = sorted(self.finders[0].rows(low, high) & self.finders[1].rows(low, high))
        else:
            rows = self._changed(some.first, some.last)
        rows = [row for row in rows if row in some and row in self.pair.other.rows]
        return rows if way > 0 else rows[::-1]

    def _changed(self, low: int, high: int) -> list[int]:
        """Only answers that are not the same text are taken apart."""
        one, other = self.pair.sides
        same = Result.objects.filter(batch_id=other.batch.pk, row=OuterRef("row"), answer=OuterRef("answer"))
        mine = _answers(one.batch, low, high, ~Exists(same))
        theirs = _answers_of(other.batch, list(mine), low, high)
        names = [self.only.removeprefix("f.")] if self.only.startswith("f.") else self.pair.names
        return [
            row
            for row, answer in mine.items()
            if row in theirs and changed_in(names, one.values(answer), other.values(theirs[row]))
        ]


def _answers(batch: Batch, low: int, high: int, *conditions: Any) -> dict[int, str]:
    found = Result.objects.filter(*conditions, batch_id=batch.pk, row__gte=low, row__lte=high, state=RowState.SUCCEEDED)
    return dict(found.order_by("row").values_list("row", "answer"))


def _answers_of(batch: Batch, rows: list[int], low: int, high: int) -> dict[int, str]:
    if len(rows) > SEVERAL:
        return _answers(batch, low, high)
    found = Result.objects.filter(batch_id=batch.pk, row__in=rows, state=RowState.SUCCEEDED)
    return dict(found.values_list("row", "answer"))


def lines(pair: Pair, rows: list[int]) -> list[Line]:
    """Both answers of some rows beside each other."""
    recipe, cells = recipe_of(pair.one), pair.one.dataset.pick(rows)
    column = pair.one.dataset.columns.index(pair.column) if pair.column else None
    found = [_results(side, rows) for side in pair.sides]
    made = []
    for row in rows:
        expected = cells[row][column] if column is not None and row in cells else ""
        results = [results.get(row) for results in found]
        values = [
            side.values(result.answer) if result else {} for side, result in zip(pair.sides, results, strict=True)
        ]
        both = all(result is not None and result.state == RowState.SUCCEEDED for result in results)
        changed = set(changed_in(pair.names, *values)) if both else set()
        halves = [
            _half(side, result, some, changed, expected)
            for side, result, some in zip(pair.sides, results, values, strict=True)
        ]
        made.append(Line(row, excerpt(recipe.prompt, cells[row]) if row in cells else "", expected, halves))
    return made


def _results(side: Side, rows: list[int]) -> dict[int, Any]:
    known = Result.objects.filter(batch_id=side.batch.pk, row__in=rows).defer("earlier")
    return {result.row: result for result in known}


def _half(side: Side, result: Any, values: Values, changed: set[str], expected: str) -> Half:
    if result is None:
        return Half(RowState.PENDING, (), None, None, None)
    cells = [(name, values.get(name, "")[:CLIP], name in changed) for name in side.names]
    right = None
    if expected.strip() and result.state == RowState.SUCCEEDED:
        right = side.is_right(result.answer, expected)
    tokens = result.prompt_tokens + result.completion_tokens + result.reasoning_tokens
    return Half(RowState(result.state), cells, tokens, result.cost_ticks, right)


# ---- sums over all rows, by a worker ------------------------------------------------------------------


@dataclass
class Sums:
    """Rows by what became of their two answers."""

    both: int = 0
    """Rows that both batches answered."""
    changed: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    counted: int = 0
    """Of `both`, those with something expected."""
    right: list[int] = field(default_factory=lambda: [0, 0])
    fixed: int = 0
    broken: int = 0


def mark_of(pair: Pair) -> str:
    one, other = (summaries.mark_of(side.batch, side.summary) for side in pair.sides)
    return f"{one} | {other}"[:1400]


def comparison_of(pair: Pair) -> Comparison:
    """What is known of the pair, and asked to be made where it is not."""
    comparison, _ = Comparison.objects.get_or_create(one=pair.one, other=pair.other)
    ended = pair.one.is_terminal and pair.other.is_terminal
    outdated = comparison.mark != mark_of(pair) and (ended or not comparison.shown)
    if outdated and comparison.next_look_at is None:
        comparison.next_look_at = timezone.now()
        Comparison.objects.filter(pk=comparison.pk).update(next_look_at=comparison.next_look_at)
        enqueue(Job("batchsite.results.tasks.compare", (comparison.pk,), "long"))
    return comparison


def sums_in(kept: dict[str, Any] | None) -> Sums | None:
    return Sums(**kept) if kept else None


def step(comparison_id: int) -> None:
    """Some seconds of comparing. Raises Busy, LeaseLost."""
    with claimed(Comparison, comparison_id) as claim:
        known = Comparison.objects.select_related("one__dataset", "other__dataset").get(pk=comparison_id)
        pair = Pair(known.one, known.other)
        mark = mark_of(pair)
        if known.mark == mark:
            return
        begins = known.doing != mark
        sums = (None if begins else sums_in(known.tally)) or Sums(fields=dict.fromkeys(pair.names, 0))
        through, last = 0 if begins else known.through, pair.rows.last
        deadline, begun = time.monotonic() + STEP_SECONDS, False
        while through < last and (not begun or time.monotonic() < deadline):
            first, through, begun = through + 1, min(through + SLICE, last), True
            add(sums, pair, first, through)
        with claim.locked() as fresh:
            fresh.doing, fresh.through, fresh.tally = mark, through, vars(sums)
            if through >= last:
                fresh.shown, fresh.mark, fresh.tally, fresh.doing = fresh.tally, mark, None, ""
                fresh.as_of = timezone.now()
            fresh.save(update_fields=["doing", "through", "tally", "shown", "mark", "as_of"])
        claim.next_look_at = timezone.now() if through < last else None


def add(sums: Sums, pair: Pair, low: int, high: int) -> None:
    """Count rows `low`..`high`."""
    one, other = pair.sides
    mine, theirs = _answers(one.batch, low, high), _answers(other.batch, low, high)
    expected = summaries.expected_cells(one.batch, low, high) if pair.column else []
    for row, answer in mine.items():
        if row not in theirs:
            continue
        sums.both += 1
        changed = changed_in(pair.names, one.values(answer), other.values(theirs[row]))
        sums.changed += bool(changed)
        for name in changed:
            sums.fields[name] = sums.fields.get(name, 0) + 1
        cell = expected[row - low] if expected else ""
        if cell.strip():
            was, now = one.is_right(answer, cell), other.is_right(theirs[row], cell)
            sums.counted += 1
            sums.right[0] += was
            sums.right[1] += now
            sums.fixed += now and not was
            sums.broken += was and not now
