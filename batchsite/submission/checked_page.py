"""A page of results, read and checked against the answer shape before any transaction.

Checking answers computes on what people and models wrote, so it may take long; the database's write lock never waits
for it. All rows of a page share one limit of work (see recipes.answer_shape); a row beyond it says that it was not
checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batchsite.batches.models import Submission
from batchsite.recipes.answer_shape import Effort, shape_of
from batchsite.submission.result_records import clean
from batchsite.xai.results import read_result
from batchsite.xai.types import ResultRow


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A raw result row, what it says, and why its answer does not fit."""

    raw: dict[str, Any]
    result: ResultRow
    misfit: str


def check_page(submission: Submission, raw_rows: Sequence[dict[str, Any]]) -> list[CheckedRow]:
    """Returns the rows of a page, read and checked. Call it outside of any transaction."""
    shape, effort = shape_of(submission.batch.shape), Effort()
    rows = []
    for raw in raw_rows:
        result, misfit = read_result(raw), ""
        if shape and result.outcome == "succeeded":
            misfit = shape.misfit(clean(result.content or result.refusal), result.finish_reason, effort)
        rows.append(CheckedRow(raw, result, misfit))
    return rows
