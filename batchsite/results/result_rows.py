"""What pages read of the rows of a batch: a page of them, one of them, and the causes of failures.

Pages are found by row number, never by counting; a row without a Result is pending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.cache import cache
from django.db.models import Count, Q
from django.db.models.functions import Left

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, RawPage, Result
from batchsite.batches.states import ROW_TONES, RowState, State
from batchsite.datasets.models import Row
from batchsite.recipes.answer_shape import Shape, shape_of
from batchsite.recipes.prompt_template import Template
from batchsite.recipes.recipe import Recipe
from batchsite.xai.bodies import Message
from batchsite.xai.results import read_result

PAGE = 50
CLIP = 300
"""Characters of a prompt or an answer in the table; the whole stands on the row's page."""
SHARED = 20
"""From so many characters on, what all prompts begin with is cut."""
WINDOW = 20_000
WINDOWS = 25
"""Rows looked through at once, and how often, while pending ones are searched: a page must not take seconds."""


@dataclass(frozen=True)
class Wanted:
    """Which rows: all, those in a state, those that failed for a cause, or those whose answers do not fit the shape."""

    state: str = ""
    cause: str = ""
    fit: str = ""
    """`misfit`, or blank."""

    def __bool__(self) -> bool:
        return bool(self.state or self.cause or self.fit)


class _Became:
    """What both a line of the table and a row's own page tell of what became of it."""

    state: RowState
    result: Result | None

    @property
    def tone(self) -> str:
        return ROW_TONES[self.state]

    @property
    def tokens(self) -> int | None:
        return _tokens(self.result)

    @property
    def misfit(self) -> str:
        """Why the answer does not fit the shape; blank where it does."""
        return self.result.misfit if self.result else ""


@dataclass(frozen=True)
class Line(_Became):
    """A row in the table; texts are clipped."""

    row: int
    prompt: str
    answer: str
    state: RowState
    result: Result | None
    fields: Sequence[str] = ()
    """A cell for each of `field_names`."""


@dataclass(frozen=True)
class Lines:
    """A page of the table. `previous` is the row before which the page before it ends, `next` the last one here."""

    lines: list[Line]
    previous: int | None
    next: int | None
    searched_to: int | None = None
    """The search for pending rows ended here without looking at all of them."""


# ---- a page of rows ------------------------------------------------------------------------------------


def page_of(batch: Batch, wanted: Wanted, after: int | None = None, before: int | None = None) -> Lines:
    """A page of rows behind row `after`, or up to row `before`; the first page where neither is given."""
    if before is not None:
        rows, _ = find(batch, wanted, before, -1, PAGE + 1)
        more, rows = len(rows) > PAGE, sorted(rows[:PAGE])
        return Lines(_lines(batch, rows), rows[0] if rows and more else None, rows[-1] if rows else before - 1)
    after = after or 0
    rows, ended = find(batch, wanted, after, 1, PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    previous = (rows[0] if rows else after + 1) if after else None
    if more:
        return Lines(_lines(batch, rows), previous, rows[-1])
    return Lines(_lines(batch, rows), previous, ended, searched_to=ended)


def find(batch: Batch, wanted: Wanted, start: int, step: int, count: int) -> tuple[list[int], int | None]:
    """Up to `count` rows behind (step 1) or before (step -1) row `start`, next ones first.

    With them the row where the search was given up, None where it came to the end.
    """
    if not wanted:
        rows = batch.rows
        return (list(rows.after(start, count)) if step > 0 else list(rows.before(start, count))[::-1]), None
    if wanted.state == RowState.PENDING:
        return _find_pending(batch, start, step, count)
    found = Result.objects.filter(batch_id=batch.pk)
    found = found.filter(cause=wanted.cause) if wanted.cause else found
    found = found.exclude(misfit="") if wanted.fit else found
    found = found.filter(state=wanted.state) if wanted.state else found
    found = found.filter(row__gt=start).order_by("row") if step > 0 else found.filter(row__lt=start).order_by("-row")
    return list(found.values_list("row", flat=True)[:count]), None


_ENDED = [state for state in RowState if state != RowState.PENDING]


def _find_pending(batch: Batch, start: int, step: int, count: int) -> tuple[list[int], int | None]:
    """Rows without a result, window by window."""
    if not batch.pending:
        return [], None
    rows: list[int] = []
    whole = batch.rows
    for _ in range(WINDOWS):
        window = whole.after(start, WINDOW) if step > 0 else whole.before(start, WINDOW)
        if not window:
            return rows, None
        ended = Result.objects.filter(
            batch_id=batch.pk, state__in=_ENDED, row__gte=window.first, row__lte=window.last
        ).values_list("row", flat=True)
        if ended.count() < len(window):  # counted in the index alone, and mostly full
            known = set(ended)
            rows += [row for row in (window if step > 0 else reversed(list(window))) if row not in known]
        if len(rows) >= count:
            return rows[:count], None
        start = window.last if step > 0 else window.first
    return rows, start


def _lines(batch: Batch, rows: Sequence[int]) -> list[Line]:
    recipe, shape, cells = recipe_of(batch), shape_of(batch.shape), batch.dataset.pick(rows)
    found = Result.objects.filter(batch_id=batch.pk, row__in=rows).defer("earlier", *([] if shape else ["answer"]))
    results = {result.row: result for result in found.annotate(short=Left("answer", CLIP))}
    return [_line(recipe, shape, row, cells[row], results.get(row)) for row in rows]


def _line(recipe: Recipe, shape: Shape | None, row: int, cells: Row, result: Any) -> Line:
    state = RowState(result.state) if result else RowState.PENDING
    fields = [cell[:CLIP] for cell in shape.cells(result.answer if result else "")] if shape else ()
    return Line(row, excerpt(recipe.prompt, cells), result.short if result else "", state, result, fields)


def field_names(batch: Batch) -> Sequence[str]:
    """The fields of an answer, in order; none where answers are text."""
    shape = shape_of(batch.shape)
    return shape.fields if shape else ()


def excerpt(prompt: Template, cells: Row) -> str:
    """The rendered prompt from just before the row's own words: what all rows share says nothing in a table."""
    shared = prompt.parts[0] if prompt.parts and isinstance(prompt.parts[0], str) else ""
    text = prompt.beginning(cells, len(shared) + CLIP)
    if len(shared) < SHARED or len(prompt.parts) == 1:
        return text[:CLIP]
    start = max(shared.rfind(" ", 0, len(shared) - SHARED // 2), shared.rfind("\n")) + 1
    return f"… {text[start : start + CLIP]}"


def _tokens(result: Result | None) -> int | None:
    if result is None:
        return None
    return (result.prompt_tokens + result.completion_tokens + result.reasoning_tokens) or None


# ---- one row -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """An earlier try of a row."""

    number: int
    state: str
    answer: str
    error: str
    cause: str
    submission: int | None
    """None where it was answered when it was tried."""
    until: str
    """When it was tried again, ISO 8601; may be empty."""
    raw: str

    @property
    def tone(self) -> str:
        return ROW_TONES[RowState(self.state)]


@dataclass(frozen=True)
class RowDetail(_Became):
    """Everything about one row of a batch."""

    row: int
    request_id: str
    messages: Sequence[Message]
    state: RowState
    result: Result | None
    reasoning: str
    raw: str
    """What the provider sent for it, as indented JSON; empty where it sent nothing."""
    fields: Sequence[tuple[str, str]]
    """(name, cell) of each field of the answer; none where answers are text."""
    earlier: Sequence[Attempt]
    previous: int | None
    next: int | None

    @property
    def was_tried(self) -> bool:
        """Answered when it was tried, before the batch was submitted."""
        return self.result is not None and self.result.submission_id is None

    @property
    def is_cut(self) -> bool:
        """The answer ended because of the limit of tokens."""
        return self.result is not None and self.result.finish_reason == "length"

    @property
    def can_be_retried(self) -> bool:
        ended = {RowState.FAILED, RowState.CANCELLED, RowState.MISSING, RowState.SKIPPED}
        return self.state in ended or (self.state == RowState.SUCCEEDED and bool(self.misfit))


def row_detail(batch: Batch, row: int, wanted: Wanted) -> RowDetail | None:
    """One row, with its neighbours among the wanted ones; None for a draft, and if the batch has no such row."""
    if batch.state == State.DRAFT or row not in batch.rows:
        return None
    recipe, cells = recipe_of(batch), batch.dataset.row(row)
    request_id = recipe.request_id(row, cells)
    result = Result.objects.select_related("submission").filter(batch_id=batch.pk, row=row).first()
    raw = _raw(batch, result.raw_page_id, request_id) if result else None
    shape = shape_of(batch.shape)
    cells_of_answer = shape.cells(result.answer if result else "") if shape else ()
    return RowDetail(
        row=row,
        request_id=request_id,
        messages=recipe.messages(cells),
        state=RowState(result.state) if result else RowState.PENDING,
        result=result,
        reasoning=read_result(raw).reasoning if raw else "",
        raw=_pretty(raw),
        fields=list(zip(shape.fields, cells_of_answer, strict=True)) if shape else [],
        earlier=[_attempt(batch, request_id, one) for one in reversed((result.earlier if result else None) or [])],
        previous=next(iter(find(batch, wanted, row, -1, 1)[0]), None),
        next=next(iter(find(batch, wanted, row, 1, 1)[0]), None),
    )


def _attempt(batch: Batch, request_id: str, kept: dict[str, Any]) -> Attempt:
    return Attempt(
        number=kept["attempt"],
        state=kept["state"],
        answer=kept.get("answer", ""),
        error=kept["error"],
        cause=kept["cause"],
        submission=kept["submission"],
        until=kept.get("until", ""),
        raw=_pretty(_raw(batch, kept["raw_page"], request_id)),
    )


def _raw(batch: Batch, page_id: int | None, request_id: str) -> dict[str, Any] | None:
    """The raw row of that id on a raw page."""
    mine = Q(submission__batch_id=batch.pk) | Q(batch_id=batch.pk)
    page = RawPage.objects.filter(mine, pk=page_id).first() if page_id else None
    rows = page.rows() if page else []
    return next((raw for raw in rows if str(raw.get("batch_request_id", "")) == request_id), None)


def _pretty(raw: dict[str, Any] | None) -> str:
    return orjson.dumps(raw, option=orjson.OPT_INDENT_2).decode() if raw else ""


# ---- why rows failed ---------------------------------------------------------------------------------------


def causes(batch: Batch) -> list[tuple[str, int]]:
    """(cause, rows) of the rows without an answer, the most frequent first. Counted again only when they change."""
    if not (batch.failed or batch.cancelled or batch.missing):
        return []
    attempts = batch.submissions.count()  # the same counts after a retry may have other causes
    key = f"causes-{batch.pk}-{attempts}-{batch.succeeded}-{batch.failed}-{batch.cancelled}-{batch.missing}"
    found: list[tuple[str, int]] | None = cache.get(key)
    if found is None:
        counted = Result.objects.filter(batch_id=batch.pk).exclude(cause="").values("cause")
        found = [(one["cause"], one["rows"]) for one in counted.annotate(rows=Count("row")).order_by("-rows", "cause")]
        cache.set(key, found, 600)
    return found


MOST_MISFITS = 5
"""Reasons that are shown of answers that do not fit; they name values, so there may be as many as rows."""


def misfits(batch: Batch) -> list[tuple[str, int]]:
    """(why, rows) of the answers that do not fit the shape, the most frequent first.

    Counted again when they change; while the batch runs, and they do all the time, twice a minute.
    """
    if not batch.misfits:
        return []
    seen = "running" if batch.is_running else f"{batch.succeeded}-{batch.misfits}"
    key = f"misfits-{batch.pk}-{batch.submissions.count()}-{seen}"
    found: list[tuple[str, int]] | None = cache.get(key)
    if found is None:
        counted = Result.objects.filter(batch_id=batch.pk).exclude(misfit="").values("misfit")
        several = counted.annotate(rows=Count("row")).order_by("-rows", "misfit")[:MOST_MISFITS]
        found = [(one["misfit"], one["rows"]) for one in several]
        cache.set(key, found, 30 if batch.is_running else 600)
    return found
