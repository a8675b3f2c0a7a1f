"""What the rows of a batch can be sorted by, and how values of that kind follow each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.functions import Left, Length

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.recipes.row_set import RowSet
from batchsite.results import answer_fields

NUMBERS: dict[str, Any] = {
    "cost": F("cost_ticks"),
    "tokens": F("prompt_tokens") + F("completion_tokens") + F("reasoning_tokens"),
    "length": Length("answer"),
    "attempt": F("attempt"),
    "state": Case(
        *(When(state=state, then=Value(rank)) for rank, state in enumerate(sorted(RowState.values))),
        output_field=IntegerField(),
    ),
}
"""{key: what the database sorts by}."""
READ = 2_000
"""Characters of an answer without fields that are read."""
LONGEST = 200
"""Characters by which texts are told apart."""
_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(\.[0-9]{1,15})?")
_COLUMNS: dict[str, Any] = {"finish": F("finish_reason"), "model": F("answered_by"), "answer": Left("answer", READ)}

SortValue = tuple[int, float, str]


def sort_value(text: str) -> SortValue:
    """Returns what a text is sorted by, as a spreadsheet does: numbers, then texts, then what is empty.

    Case and accents make no difference.
    """
    text = text.strip()
    if not text:
        return 2, 0.0, ""
    if _NUMBER.fullmatch(text):
        return 0, float(text), ""
    folded = text[:LONGEST].casefold()
    if not folded.isascii():
        folded = "".join(one for one in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(one))
    return 1, 0.0, folded


def is_known(batch: Batch, key: str) -> bool:
    """Returns whether the rows of a batch can be sorted by a key."""
    if key[:2] == "c.":
        return key[2:] in batch.dataset.columns
    if key[:2] == "f.":
        return answer_fields.shape_in(batch) is not None and key[2:] in answer_fields.field_names(batch)
    return key in NUMBERS or key in _COLUMNS


def texts_of(batch: Batch, key: str, within: RowSet) -> Iterator[tuple[int, str]]:
    """Yields (row, text) of those of some rows that have a result, ascending."""
    known = Result.objects.filter(batch_id=batch.pk, row__gte=within.first, row__lte=within.last).order_by("row")
    if key[:2] == "c.":
        return _cells(batch, key[2:], within, set(known.values_list("row", flat=True)))
    if key[:2] == "f.":
        return _fields(batch, key[2:], known)
    return iter(known.values_list("row", _COLUMNS[key]))


def _cells(batch: Batch, column: str, within: RowSet, rows: set[int]) -> Iterator[tuple[int, str]]:
    place = batch.dataset.columns.index(column)
    for first, block in batch.dataset.slices_in(within.spans):
        yield from ((row, cells[place]) for row, cells in enumerate(block, first) if row in rows)


def _fields(batch: Batch, field: str, known: Any) -> Iterator[tuple[int, str]]:
    shape = answer_fields.shape_in(batch)
    for row, state, answer in known.values_list("row", "state", "answer"):
        yield row, answer_fields.values_in(shape, answer).get(field, "") if state == RowState.SUCCEEDED else ""
