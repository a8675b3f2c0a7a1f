"""The rows of a batch with what came back for each, in dataset order; a block of rows in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.datasets.models import BLOCK_ROWS
from batchsite.exports.text_writers import Outcome, free_names
from batchsite.recipes.answer_shape import Shape, shape_of
from batchsite.recipes.row_set import RowSet
from batchsite.results import judgement_columns

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
    "misfit",
)
_ANSWER = _COLUMNS.index("answer")
Line = tuple[Sequence[str], Outcome]
GROUP = 100
"""Rows that lie apart are looked up so many at a time."""
BLOCKS = 4
"""Full blocks that are looked up at once."""


def lines(
    batch: Batch,
    states: frozenset[str] | None = None,
    *,
    within: RowSet | None = None,
    misfits: bool = False,
    judged: bool = False,
    pulse: Callable[[], None] = lambda: None,
) -> Iterator[Line]:
    """(cells, outcome) of every row of the batch: of those in one of `states`, of those in `within`, of misfits.

    With `judged`, what people said of a row stands behind its cells. `pulse` is called again and again, also while
    no row is wanted.
    """
    id_column = batch.dataset.columns.index(batch.id_column) if batch.id_column else None
    head, shape = f"{batch.id_prefix}-row-", shape_of(batch.shape)
    nothing = (None,) * len(shape.fields) if shape else ()
    takes_all = states is None and not misfits and not judged
    for some in _groups(batch, batch.rows if within is None else within):
        pulse()
        found = _results(batch, [number for number, _ in some], shape)
        said = judgement_columns.cells_of(batch, some[0][0], some[-1][0]) if judged else {}
        for number, cells in some:
            request_id = f"{head}{number}" if id_column is None else cells[id_column]
            result = found.get(number)
            outcome = Outcome._make((request_id, *result)) if result else _pending(request_id, nothing)
            if takes_all:
                yield cells, outcome
            elif (states is None or outcome.state in states) and (not misfits or outcome.warning):
                yield ([*cells, *said.get(number, judgement_columns.NOTHING)] if judged else cells), outcome


def columns_of(batch: Batch) -> list[str]:
    """The dataset's columns, and behind them those of judgements, where somebody judged."""
    columns = batch.dataset.columns
    return [*columns, *free_names(judgement_columns.columns_of(batch), set(columns))]


def _groups(batch: Batch, rows: RowSet) -> Iterator[list[tuple[int, Sequence[str]]]]:
    """(number, cells) of the batch's rows: a few full blocks that follow one another, or `GROUP` single rows."""
    group: list[tuple[int, Sequence[str]]] = []
    for start, cells in batch.dataset.slices_in(rows.spans):
        follows = group and len(cells) == BLOCK_ROWS and start - group[0][0] == len(group)
        if len(group) >= (BLOCKS * BLOCK_ROWS if follows else GROUP):
            yield group
            group = []
        group += enumerate(cells, start)
    if group:
        yield group


def _results(batch: Batch, rows: Sequence[int], shape: Shape | None) -> dict[int, tuple[Any, ...]]:
    """What is known of these rows, in the order of an Outcome's fields."""
    known = Result.objects.filter(batch_id=batch.pk, row__gte=rows[0], row__lte=rows[-1])
    known = known if rows[-1] - rows[0] < 2 * len(rows) else known.filter(row__in=rows)
    found = known.values_list(*_COLUMNS)
    if shape is None:
        return {one[0]: (*one[1:], ()) for one in found}
    values, names, nothing = shape.values, shape.fields, dict[str, Any]()
    found_values = ((one, values(one[_ANSWER]) if one[_ANSWER] else nothing) for one in found)
    return {one[0]: (*one[1:], tuple([held.get(name) for name in names])) for one, held in found_values}


def _pending(request_id: str, nothing: tuple[None, ...]) -> Outcome:
    return Outcome(request_id, str(RowState.PENDING), "", "", "", "", None, None, None, None, "", nothing)
