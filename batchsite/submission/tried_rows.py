"""Answers from before the submit: rows that were tried and kept are neither sent nor paid for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import F
from django.utils import timezone

from batchsite.batches.answer_flaws import flaw_of
from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, RawPage, Result
from batchsite.batches.states import RowState, State
from batchsite.recipes.answer_shape import shape_of
from batchsite.submission import result_records
from batchsite.xai.results import read_completion, with_call_as_answer
from batchsite.xai.types import ResultRow


@dataclass(frozen=True)
class Tried:
    """The answer to a row that was tried with exactly what the batch will send."""

    row: int
    completion: dict[str, Any]
    """The chat completion as the provider sent it: answer, tokens and model are read from it, and it is kept."""
    cost_ticks: int
    """What it cost. It becomes part of the batch's cost; what the team spent includes it already."""
    misfit: str = ""
    """Why the answer does not fit its shape, as it was found when it came: nothing is checked under the lock."""


def keep_tried(batch: Batch, tried: Sequence[Tried]) -> int:
    """Stores answers as results of a batch that is just being queued. Returns how many were stored.

    Call it from a listener of `batch_starting`, in its transaction. Left out are rows that are not the batch's, are
    named twice, have a result already, or hold no answer.
    """
    if batch.state != State.QUEUED or batch.submissions.exists():
        raise RuntimeError(f"{batch} is on its way: an answer that is kept now would be paid twice.")
    rows = batch.rows
    known = set(
        Result.objects.filter(batch_id=batch.pk, row__in=[one.row for one in tried]).values_list("row", flat=True)
    )
    fresh = {one.row: one for one in tried if one.row in rows and one.row not in known}
    read = {row: _read(batch, one) for row, one in fresh.items()}
    fresh = {row: one for row, one in fresh.items() if read[row].content}
    if not fresh:
        return 0
    raws = map(orjson.dumps, _raw_rows(batch, list(fresh.values())))
    page = RawPage.objects.create(batch=batch, data=result_records.packed(raws)).pk
    records = [_record(batch, one, read[row], page) for row, one in fresh.items()]
    result_records.write(records)
    sums = result_records.sums_over(records) | {"cost_ticks": sum(one.cost_ticks for one in records)}
    sums["cached_tokens"] = sum(one.cached_tokens or 0 for one in records)
    sums |= {"succeeded": len(records), **result_records.flaws_in(records)}
    Batch.objects.filter(pk=batch.pk).update(
        first_result_at=timezone.now(), **{name: F(name) + value for name, value in sums.items()}
    )
    return len(records)


def _raw_rows(batch: Batch, tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """Returns raw rows in the form in which a batch returns them (facts 2.7)."""
    recipe, cells = recipe_of(batch), batch.dataset.pick(one.row for one in tried)
    return [
        {
            "batch_request_id": recipe.request_id(one.row, cells[one.row]),
            "batch_result": {"response": {"chat_get_completion": one.completion}},
        }
        for one in tried
    ]


def _read(batch: Batch, one: Tried) -> ResultRow:
    shape = shape_of(batch.shape)
    return with_call_as_answer(read_completion(one.completion), shape.function if shape else "")


def _record(batch: Batch, one: Tried, result: ResultRow, page: int) -> result_records.Record:
    usage, answer = result.usage, result_records.clean(result.content)
    return result_records.Record(
        batch_id=batch.pk,
        row=one.row,
        submission_id=None,
        state=str(RowState.SUCCEEDED),
        attempt=1,
        answer=answer,
        error="",
        cause=flaw_of(result.content, result.refusal, result.finish_reason),
        misfit=one.misfit,
        others=result_records.others_of(result),
        finish_reason=result.finish_reason[:40],
        answered_by=result_records.clean(result.model)[:100],
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        reasoning_tokens=usage.reasoning_tokens if usage else 0,
        cost_ticks=one.cost_ticks,
        raw_page_id=page,
        earlier=None,
        tool_use=result_records.tools_of(result),
        cached_tokens=usage.cached_tokens if usage else None,
    )
