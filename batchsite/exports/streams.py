"""The rows of a batch with what came back for each, in dataset order; a block of rows in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.exports.writers import Outcome

_COLUMNS = (
    "row",
    "state",
    "answer",
    "error",
    "finish_reason",
    "answered_by",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cost_ticks",
)
Line = tuple[Sequence[str], Outcome]


def lines(batch: Batch, states: frozenset[str] | None = None) -> Iterator[Line]:
    """(cells, outcome) of every row of the batch, or of those in one of `states`."""
    id_column = batch.dataset.columns.index(batch.id_column) if batch.id_column else None
    head = f"{batch.id_prefix}-row-"
    for start, rows in batch.dataset.slices(1, batch.total):
        found = _results(batch, start, start + len(rows) - 1)
        for number, cells in enumerate(rows, start):
            request_id = f"{head}{number}" if id_column is None else cells[id_column]
            result = found.get(number)
            outcome = Outcome(request_id, *result) if result else _pending(request_id)
            if states is None or outcome.state in states:
                yield cells, outcome


def _results(batch: Batch, first: int, last: int) -> dict[int, tuple[str, str, str, str, str, int, int, int, int]]:
    """What is known of these rows, in the order of an Outcome's fields."""
    found = Result.objects.filter(batch_id=batch.pk, row__gte=first, row__lte=last).values_list(*_COLUMNS)
    return {row: tuple(rest) for row, *rest in found}


def _pending(request_id: str) -> Outcome:
    return Outcome(request_id, str(RowState.PENDING), "", "", "", "", None, None, None, None)
