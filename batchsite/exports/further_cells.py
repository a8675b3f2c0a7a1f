"""The columns of a download that only some batches have: further answers, what copies repeat, sources of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.db.models import Q

from batchsite.batches.models import Batch, Result
from batchsite.batches.tool_use import ToolUse

OTHERS = "other_answers"
"""The column with the further answers of rows that have several, as a JSON array."""
SAME_AS = "same_as_row"
"""The column with the row whose answer a row got, where identical requests were sent once."""
TOOL_COLUMNS = ("sources", "sources_used", "tool_calls")
"""Addresses that an answer cites, one a line; how many xAI says were used; calls of its own tools."""


def columns_of(batch: Batch) -> list[str]:
    """Returns the columns that the batch has."""
    return [
        *([OTHERS] if batch.several else ()),
        *([SAME_AS] if batch.copies else ()),
        *(TOOL_COLUMNS if batch.has_sources else ()),
    ]


def cells_of(batch: Batch, first: int, last: int) -> dict[int, Sequence[str]]:
    """Returns {row: cells of `columns_of`} of those of rows `first` to `last` that have any."""
    if not columns_of(batch):
        return {}
    has_any = Q(others__isnull=False) | Q(copy_of__isnull=False) | Q(tool_use__isnull=False)
    found = Result.objects.filter(has_any, batch_id=batch.pk, row__gte=first, row__lte=last)
    values = found.values_list("row", "others", "copy_of", "tool_use")
    return {row: _cells(batch, others, copy_of, use) for row, others, copy_of, use in values}


def _cells(batch: Batch, others: Any, copy_of: int | None, stored: Any) -> list[str]:
    use = ToolUse.of(stored)
    return [
        *([orjson.dumps(others).decode() if others else ""] if batch.several else ()),
        *(["" if copy_of is None else str(copy_of)] if batch.copies else ()),
        *(_tool_cells(use) if batch.has_sources else ()),
    ]


def _tool_cells(use: ToolUse) -> tuple[str, str, str]:
    return (use.column, str(use.sources_used), str(use.count)) if use else ("", "", "")
