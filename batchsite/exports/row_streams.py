"""The rows of a batch with their outcomes, in dataset order; one block of rows in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from batchsite.batches.answer_flaws import WARNINGS, warning_of
from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.datasets.models import BLOCK_ROWS
from batchsite.exports import further_cells
from batchsite.exports.text_writers import RowOutcome
from batchsite.recipes.answer_shape import Shape, shape_of
from batchsite.recipes.download_columns import free_names
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
    "cause",
    "others",
)
_ANSWER, _MISFIT = _COLUMNS.index("answer"), _COLUMNS.index("misfit")
ORDERED_BYTES, MOST_ORDERED = 32_000_000, 20_000
"""Cells and rows that are in memory at once, if rows are not wanted in the order of the dataset."""
FileRow = tuple[Sequence[str], RowOutcome]
GROUP = 100
"""Most scattered rows that are looked up at once."""
BLOCKS = 4
"""Most full blocks that are looked up at once."""


def file_rows(
    batch: Batch,
    states: frozenset[str] | None = None,
    *,
    within: RowSet | None = None,
    misfits: bool = False,
    judged: bool = False,
    keep_alive: Callable[[], None] = lambda: None,
) -> Iterator[FileRow]:
    """Yields (cells, outcome) of the rows of a batch: those in one of `states`, in `within`, or the misfits.

    With `judged`, the judgement of a row follows its cells. `keep_alive` is called repeatedly, even while no row is
    wanted.
    """
    id_column = batch.dataset.columns.index(batch.id_column) if batch.id_column else None
    head, shape = f"{batch.id_prefix}-row-", shape_of(batch.shape)
    nothing = (None,) * len(shape.fields) if shape else ()
    blanks = ("",) * len(further_cells.columns_of(batch))
    takes_all = states is None and not misfits and not judged and not blanks
    for group in _groups(batch, batch.rows if within is None else within):
        keep_alive()
        results = _results(batch, [number for number, _ in group], shape, misfits=misfits)
        judgements = judgement_columns.cells_of(batch, group[0][0], group[-1][0]) if judged else {}
        further = further_cells.cells_of(batch, group[0][0], group[-1][0])
        for number, cells in group:
            request_id = f"{head}{number}" if id_column is None else cells[id_column]
            result = results.get(number)
            if misfits and not result:
                continue
            outcome = RowOutcome._make((request_id, *result)) if result else _pending(request_id, nothing)
            if takes_all:
                yield cells, outcome
            elif states is None or outcome.state in states:
                more = judgements.get(number, judgement_columns.NOTHING) if judged else ()
                yield [*cells, *more, *further.get(number, blanks)], outcome


def rows_in_order(
    batch: Batch, rows: Sequence[int], *, judged: bool, keep_alive: Callable[[], None]
) -> Iterator[FileRow]:
    """Like `file_rows`, for some rows in any order. Reads as many at once as fit into `ORDERED_BYTES`."""
    of_a_row = max(1, batch.dataset.size // max(1, batch.dataset.row_count))
    at_once = max(GROUP, min(MOST_ORDERED, ORDERED_BYTES // of_a_row))
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        within = RowSet((row, row) for row in some)
        read = dict(zip(within, file_rows(batch, within=within, judged=judged, keep_alive=keep_alive), strict=True))
        for row in some:
            yield read[row]


def columns_of(batch: Batch) -> list[str]:
    """Returns the dataset's columns, followed by those of judgements and of `further_cells` if there are any."""
    columns = batch.dataset.columns
    more = [*judgement_columns.columns_of(batch), *further_cells.columns_of(batch)]
    return [*columns, *free_names(more, set(columns))]


def comment_column(batch: Batch) -> str:
    """Returns the name of the column of reviewers' comments. Blank if there is none."""
    judged = len(judgement_columns.columns_of(batch))
    return columns_of(batch)[len(batch.dataset.columns) + judged - 1] if judged else ""


def _groups(batch: Batch, rows: RowSet) -> Iterator[list[tuple[int, Sequence[str]]]]:
    """Yields groups of (number, cells): a few consecutive full blocks, or `GROUP` single rows."""
    group: list[tuple[int, Sequence[str]]] = []
    for start, cells in batch.dataset.slices_in(rows.spans):
        follows = group and len(cells) == BLOCK_ROWS and start - group[0][0] == len(group)
        if len(group) >= (BLOCKS * BLOCK_ROWS if follows else GROUP):
            yield group
            group = []
        group += enumerate(cells, start)
    if group:
        yield group


def _results(batch: Batch, rows: Sequence[int], shape: Shape | None, *, misfits: bool) -> dict[int, tuple[Any, ...]]:
    """Returns {row: values of its result}, in the order of the fields of a RowOutcome, without the request id."""
    known = Result.objects.filter(batch_id=batch.pk, row__gte=rows[0], row__lte=rows[-1])
    known = known if rows[-1] - rows[0] < 2 * len(rows) else known.filter(row__in=rows)
    known = known.exclude(misfit="") if misfits else known
    stored = known.values_list(*_COLUMNS)
    if shape is None:
        return {record[0]: (*record[1:_MISFIT], _warning(record), ()) for record in stored}
    values, names, nothing = shape.values, shape.fields, dict[str, Any]()
    with_values = ((record, values(record[_ANSWER]) if record[_ANSWER] else nothing) for record in stored)
    return {
        record[0]: (*record[1:_MISFIT], _warning(record), tuple([found.get(name) for name in names]))
        for record, found in with_values
    }


def _warning(record: tuple[Any, ...]) -> str:
    misfit, cause, others = record[_MISFIT:]
    return warning_of(misfit, cause, bool(others)) if misfit or others or cause in WARNINGS else ""


def _pending(request_id: str, nothing: tuple[None, ...]) -> RowOutcome:
    return RowOutcome(request_id, str(RowState.PENDING), "", "", "", "", None, None, None, None, "", nothing)
