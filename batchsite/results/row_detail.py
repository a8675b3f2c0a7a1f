"""One row of a batch: its prompt, what came back, its earlier attempts and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, RawPage, Result
from batchsite.batches.states import ROW_TONES, RowState, State
from batchsite.batches.tool_use import ToolUse
from batchsite.recipes.answer_shape import shape_of
from batchsite.recipes.cut_answers import is_cut_off
from batchsite.recipes.parameters import MAX_TOKENS
from batchsite.recipes.recipe import Recipe
from batchsite.results.prompt_excerpt import excerpt
from batchsite.xai.bodies import Message
from batchsite.xai.results import read_result
from batchsite.xai.wire_json import encode_json

COPIES_SHOWN = 5


@dataclass(frozen=True)
class EarlierAttempt:
    """An earlier attempt at a row."""

    number: int
    state: str
    answer: str
    error: str
    cause: str
    submission: int | None
    """None if it was answered in a trial."""
    until: str
    """When the row was retried, ISO 8601; may be empty."""
    raw: str

    @property
    def tone(self) -> str:
        return ROW_TONES[RowState(self.state)]


@dataclass(frozen=True)
class RowDetail:
    """Everything about one row of a batch."""

    row: int
    request_id: str
    messages: Sequence[Message]
    asked: str
    """What tells its prompt from those of other rows, as in the table."""
    state: RowState
    result: Result | None
    reasoning: str
    raw: str
    """What the provider sent for the row, as indented JSON; empty if it sent nothing."""
    cells: Sequence[tuple[str, str]]
    """(column, cell) of the whole row of the dataset."""
    copies: Sequence[int]
    """The first rows that have its answer, as they repeat its request."""
    copy_count: int
    place: int | None
    """Which row it is of those that one walks through, counted from 1; of the whole batch without a filter. None if
    telling would take too long."""
    is_being_retried: bool
    fields: Sequence[tuple[str, str]]
    """(name, cell) of each field of the answer; empty if answers are text."""
    earlier: Sequence[EarlierAttempt]
    previous: int | None
    next: int | None

    @property
    def tone(self) -> str:
        return ROW_TONES[self.state]

    @property
    def tokens(self) -> int | None:
        """All tokens of the row. None if it has no result, or used none."""
        result = self.result
        return (result.prompt_tokens + result.completion_tokens + result.reasoning_tokens) or None if result else None

    @property
    def tool_use(self) -> ToolUse:
        """Calls of tools and sources of the answer."""
        return ToolUse.of(self.result.tool_use if self.result else None)

    @property
    def misfit(self) -> str:
        """Why the answer does not fit its shape; blank if it does."""
        return self.result.misfit if self.result else ""

    @property
    def flaw(self) -> str:
        """What is wrong with the answer of a succeeded row, see `answer_flaws`; blank if nothing is."""
        return self.result.cause if self.result and self.state == RowState.SUCCEEDED else ""

    @property
    def was_tried(self) -> bool:
        """Whether the answer comes from a trial, before the batch was submitted."""
        return self.result is not None and self.result.submission_id is None

    @property
    def is_cut(self) -> bool:
        """Whether the answer stopped at the token limit."""
        return self.result is not None and is_cut_off(self.result.finish_reason)

    @property
    def output_cap(self) -> int | None:
        """The cap on output tokens that the answer was asked for with. None if there was none."""
        submission = self.result.submission if self.result else None
        retry = (submission.retry_of if submission else None) or {}
        cap: int | None = retry.get("output_cap") or (
            self.result.batch.params.get(MAX_TOKENS.name) if self.result else None
        )
        return cap

    @property
    def is_good(self) -> bool:
        """Whether it has an answer with nothing wrong about it."""
        return self.state == RowState.SUCCEEDED and not (self.misfit or self.flaw)

    @property
    def can_be_retried(self) -> bool:
        """Whether its fate is known. A succeeded row may be run again, too: its answer is kept as an attempt."""
        return self.state != RowState.PENDING and not self.is_being_retried

    @property
    def copy_of(self) -> int | None:
        """The row that was sent in the place of this one. None if it was sent itself."""
        return self.result.copy_of if self.result else None


def row_detail(batch: Batch, row: int) -> RowDetail | None:
    """Returns one row with its neighbours in the batch. None for a draft, and if the batch does not contain it."""
    if batch.state == State.DRAFT or row not in batch.rows:
        return None
    recipe, cells = recipe_of(batch), batch.dataset.row(row)
    request_id = recipe.request_id(row, cells)
    result = Result.objects.select_related("submission", "batch").filter(batch_id=batch.pk, row=row).first()
    sent_as = _sent_as(batch, recipe, result) or request_id
    raw = _raw(batch, result.raw_page_id, sent_as) if result else None
    copies = Result.objects.filter(batch_id=batch.pk, copy_of=row)
    shape = shape_of(batch.shape)
    answer_cells = shape.cells(result.answer if result else "") if shape else ()
    earlier = (result.earlier if result else None) or []
    return RowDetail(
        row=row,
        request_id=request_id,
        messages=recipe.messages(cells),
        asked=excerpt(recipe.prompt, cells),
        state=RowState(result.state) if result else RowState.PENDING,
        result=result,
        reasoning=read_result(raw).reasoning if raw else "",
        raw=_indented(raw),
        cells=list(zip(batch.dataset.columns, cells, strict=False)),
        copies=list(copies.order_by("row").values_list("row", flat=True)[:COPIES_SHOWN]),
        copy_count=copies.count(),
        place=batch.rows.rank(row) + 1,
        is_being_retried=_is_being_retried(batch, row),
        fields=list(zip(shape.fields, answer_cells, strict=True)) if shape else [],
        earlier=[_attempt(batch, sent_as, stored) for stored in reversed(earlier)],
        previous=next(iter(batch.rows.before(row, 1)), None),
        next=next(iter(batch.rows.after(row, 1)), None),
    )


def _sent_as(batch: Batch, recipe: Recipe, result: Result | None) -> str:
    """Returns the request id of the row whose answer a copy has. Empty for a row that was sent itself."""
    original = result.copy_of if result else None
    return recipe.request_id(original, batch.dataset.row(original)) if original is not None else ""


def _is_being_retried(batch: Batch, row: int) -> bool:
    """Returns whether somebody asked for this row again, and no answer came since."""
    asked = batch.submissions.filter(ended_at=None).exclude(retry_of=None).values_list("retry_of", flat=True)
    return any(row in (retry.get("rows") or ()) for retry in asked if retry)


def _attempt(batch: Batch, request_id: str, stored: dict[str, Any]) -> EarlierAttempt:
    return EarlierAttempt(
        number=stored["attempt"],
        state=stored["state"],
        answer=stored.get("answer", ""),
        error=stored["error"],
        cause=stored["cause"],
        submission=stored["submission"],
        until=stored.get("until", ""),
        raw=_indented(_raw(batch, stored["raw_page"], request_id)),
    )


def _raw(batch: Batch, page_id: int | None, request_id: str) -> dict[str, Any] | None:
    """Returns the raw row with that request id from a raw page. None if there is none."""
    of_batch = Q(submission__batch_id=batch.pk) | Q(batch_id=batch.pk)
    page = RawPage.objects.filter(of_batch, pk=page_id).first() if page_id else None
    raw_rows = page.rows() if page else []
    return next((raw for raw in raw_rows if str(raw.get("batch_request_id", "")) == request_id), None)


def _indented(raw: dict[str, Any] | None) -> str:
    return encode_json(raw, indent=True).decode() if raw else ""
