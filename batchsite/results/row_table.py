"""A page of the table of results: its columns, and the cells of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models.functions import Left
from django.http import QueryDict

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.batches.states import ROW_TONES, RowState
from batchsite.recipes.answer_shape import as_cell
from batchsite.results import answer_fields
from batchsite.results.models import Judgement, Summary
from batchsite.results.prompt_excerpt import excerpt
from batchsite.results.row_filter import RowFilter
from batchsite.results.row_orders import Place, place_in
from batchsite.results.row_search import Search

PAGE = 50
SHORT = 160
"""Characters of a text that the table shows; more is folded."""
MOST_SHOWN = 3_000
"""Characters of a folded text; the whole text is on the row's page."""
READABLE = 100_000
"""Characters of an answer that are read to find its fields."""
OURS = {
    "prompt": "Prompt",
    "answer": "Answer",
    "state": "State",
    "judgement": "Judgement",
    "tokens": "Tokens",
    "cost": "Cost",
    "length": "Characters",
    "finish": "Finish reason",
    "model": "Answered by",
    "attempt": "Attempt",
}
ROOM = 5
"""Most default columns beside which tokens and cost still have room."""
NUMBERS = frozenset({"tokens", "cost", "length", "attempt"})


@dataclass(frozen=True)
class TableColumn:
    """`key` is its name in the address: one of ours, `f.<field>` or `c.<column>`."""

    key: str
    label: str
    chosen: bool = False
    has_values: bool = False
    """It holds short values rather than texts."""

    @property
    def kind(self) -> str:
        return "text" if self.key[:2] in {"f.", "c."} else self.key

    @property
    def is_number(self) -> bool:
        return self.key in NUMBERS


@dataclass(frozen=True)
class TableCell:
    """One text or number, with its column."""

    column: TableColumn
    value: Any

    @property
    def short(self) -> str:
        return str(self.value)[:SHORT]

    @property
    def is_long(self) -> bool:
        return isinstance(self.value, str) and (len(self.value) > SHORT or "\n" in self.value.strip())


@dataclass(frozen=True)
class TableRow:
    """A row of the table."""

    row: int
    state: RowState
    result: Any
    cells: Sequence[TableCell]
    judgement: Judgement | None = None
    label: str = ""
    """The state for people."""

    @property
    def tone(self) -> str:
        return ROW_TONES[self.state]


@dataclass(frozen=True)
class RowPage:
    """A page of the table, and the places of the pages beside it."""

    lines: Sequence[TableRow]
    columns: Sequence[TableColumn]
    previous: Place | None
    next: Place | None
    searched_to: int | None = None
    """The search stopped at this row; it continues behind `next`."""
    share: int = 0
    """Per cent of the rows that were scanned by then."""
    found: str | None = None
    """The rows found so far, if the search continues."""
    unsorted: str = ""
    """As in `row_search.SearchResult`; so is `as_of`."""
    as_of: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Whether there are no other rows."""
        return bool(self.lines) and self.previous is None and self.next is None and self.searched_to is None

    @property
    def is_wide(self) -> bool:
        """Whether there are more columns than fit side by side, so that the table scrolls."""
        return sum(240 if column.key in {"prompt", "answer"} else 130 for column in self.columns) > 1030


def columns_of(batch: Batch, query: QueryDict) -> list[TableColumn]:
    """Returns all columns; those to be shown are `chosen`."""
    names = answer_fields.field_names(batch) if answer_fields.shape_in(batch) else ()
    known = {"prompt": OURS["prompt"]}
    known |= {f"f.{name}": name for name in names}
    expected = batch.expected_column if batch.expected_column in batch.dataset.columns else ""
    known |= {f"c.{expected}": f"{expected}, expected"} if expected else {}
    known |= {key: label for key, label in OURS.items() if key != "prompt"}
    known |= {f"c.{name}": name for name in batch.dataset.columns if name != expected}
    usual = {"prompt", *([f"f.{name}" for name in names[:4]] or ["answer"]), "state", "judgement"}
    usual |= {f"c.{expected}"} if expected else set()
    usual |= {"tokens", "cost"} if len(usual) <= ROOM else set()
    chosen = set(query.getlist("col")) & set(known) or usual
    named = {*(f"f.{name}" for name in answer_fields.kinds_of(batch)), f"c.{expected}"}
    return [TableColumn(key, label, key in chosen, key in named) for key, label in known.items()]


def page_of(batch: Batch, row_filter: RowFilter, query: QueryDict, summary: Summary | None) -> RowPage:
    """Returns the page that the address names by `after`, `before` or `at`.

    A search may take several requests; `rows` are those found by earlier ones.
    """
    at = place_in(query.get("at"))
    after = Place(0, at.row - row_filter.direction) if at and not row_filter.measure else place_in(query.get("after"))
    before = None if at else place_in(query.get("before"))
    columns = columns_of(batch, query)
    search = Search(batch, row_filter, summary)
    if before is not None:
        return _backwards(batch, search, columns, before)
    kept = [place for text in query.get("rows", "").split(".") if (place := place_in(text))][:PAGE]
    found = search.find(after, 1, PAGE + 1 - len(kept))
    places = [*kept, *found.places]
    more, places = len(places) > PAGE, places[:PAGE]
    begin = query.get("begin") if kept or "begin" in query else after
    lines = _rows(batch, [place.row for place in places], columns)
    return RowPage(
        lines=lines,
        columns=[column for column in columns if column.chosen],
        previous=(places[0] if places else _behind(after, row_filter)) if begin else None,
        next=places[-1] if more else found.reached,
        searched_to=found.reached.row if found.reached and len(places) < PAGE else None,
        share=_share(batch, row_filter, found.reached),
        found=".".join(map(str, places)) or None,
        unsorted=found.unsorted,
        as_of=found.as_of,
    )


def _behind(place: Place | None, row_filter: RowFilter) -> Place | None:
    """Returns a place just behind another, so that the page before it ends with that one."""
    return Place(place.value, place.row + row_filter.direction) if place else None


def _share(batch: Batch, row_filter: RowFilter, reached: Place | None) -> int:
    last = batch.rows.last
    if reached is None or not last or row_filter.measure:
        return 0
    done = reached.row if row_filter.direction > 0 else last - reached.row
    return 100 * done // last


def _backwards(batch: Batch, search: Search, columns: list[TableColumn], before: Place) -> RowPage:
    found = search.find(before, -1, PAGE + 1)
    more, places = len(found.places) > PAGE, found.places[:PAGE][::-1]
    lines = _rows(batch, [place.row for place in places], columns)
    shown = [column for column in columns if column.chosen]
    previous = places[0] if places and more else found.reached
    following = places[-1] if places else Place(before.value, before.row - search.row_filter.direction)
    return RowPage(lines, shown, previous, following, unsorted=found.unsorted, as_of=found.as_of)


# ---- rows -------------------------------------------------------------------------------------------


def _rows(batch: Batch, rows: list[int], columns: list[TableColumn]) -> list[TableRow]:
    shown = [column for column in columns if column.chosen]
    recipe, cells, shape = recipe_of(batch), batch.dataset.pick(rows), answer_fields.shape_in(batch)
    known = Result.objects.filter(batch_id=batch.pk, row__in=rows).defer("answer", "earlier")
    results = {result.row: result for result in known.annotate(start=Left("answer", READABLE))}
    judged = {one.row: one for one in Judgement.objects.filter(batch=batch, row__in=rows)}
    places = {name: number for number, name in enumerate(batch.dataset.columns)}
    lines = []
    for row in rows:
        result: Any = results.get(row)
        values = shape.values(result.start) if shape and result else {}
        texts = {f"f.{name}": as_cell(value)[:MOST_SHOWN] for name, value in values.items()}
        texts["prompt"] = excerpt(recipe.prompt, cells[row]) if row in cells else ""
        texts["answer"] = pretty(result.start)[:MOST_SHOWN] if result else ""
        state = RowState(result.state) if result else RowState.PENDING
        line = [
            TableCell(column, cells[row][places[column.key[2:]]][:MOST_SHOWN] if column.key[:2] == "c." else
                 texts.get(column.key, "") if column.kind in {"text", "prompt", "answer"} else _number(column, result))
            for column in shown
        ]  # fmt: skip
        lines.append(TableRow(row, state, result, line, judged.get(row), batch.row_label(state)))
    return lines


def _number(column: TableColumn, result: Any) -> Any:
    if result is None:
        return None
    return {
        "tokens": result.prompt_tokens + result.completion_tokens + result.reasoning_tokens,
        "cost": result.cost_ticks,
        "length": len(result.start),
        "finish": result.finish_reason,
        "model": result.answered_by,
        "attempt": result.attempt,
    }.get(column.key)


def pretty(answer: str) -> str:
    """Returns an answer that is JSON indented, any other as it is."""
    if not answer.lstrip().startswith(("{", "[")):
        return answer
    try:
        return orjson.dumps(orjson.loads(answer), option=orjson.OPT_INDENT_2).decode()
    except ValueError:
        return answer
