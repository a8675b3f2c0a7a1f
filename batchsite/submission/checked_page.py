"""A page of results, read and checked against the answer shape before any transaction.

Checking takes time that depends on what people and models wrote, so it never happens under the database's write
lock. All rows of a page share one limit of work (see recipes.answer_shape); a row beyond it says that it was not
checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from batchsite.batches.models import Submission
from batchsite.recipes.answer_shape import Effort, shape_of
from batchsite.submission.result_records import clean
from batchsite.xai.result_page import RawRow
from batchsite.xai.results import with_call_as_answer, with_calls_as_answers


class CheckedRow(msgspec.Struct, frozen=True, gc=False):
    """A result row, and why its answer does not fit."""

    raw: RawRow
    misfit: str


def check_page(submission: Submission, rows: Iterable[RawRow]) -> list[CheckedRow]:
    """Returns the rows of a page, checked. Call it outside of any transaction."""
    shape, effort = shape_of(submission.batch.shape), Effort()
    if submission.batch.dataset.holds_requests:  # they may offer any functions
        rows = [msgspec.structs.replace(row, result=with_calls_as_answers(row.result)) for row in rows]
    elif shape and shape.function:
        called = partial(with_call_as_answer, function=shape.function)
        rows = [msgspec.structs.replace(row, result=called(row.result)) for row in rows]
    if not shape:
        return [CheckedRow(row, "") for row in rows]
    checked = []
    for row in rows:
        result, misfit = row.result, ""
        if result.outcome == "succeeded":
            misfit = shape.misfit(clean(result.content or result.refusal), result.finish_reason, effort)
        checked.append(CheckedRow(row, misfit))
    return checked
