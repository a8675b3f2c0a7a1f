"""The lists to choose from above the table of rows: those that say something about this batch."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.batches.states import RowState
from batchsite.results import answer_fields, row_filter
from batchsite.results.models import Summary
from batchsite.results.row_filter import Asked

MOST_FIELDS, MOST_VALUES = 8, 253


@dataclass(frozen=True)
class Choice:
    """A list with a name in the address; `all` is what it says while nothing is chosen."""

    name: str
    all: str
    options: dict[str, str]
    chosen: str


@dataclass(frozen=True)
class ValueList:
    """The values of one field, with how many rows have each."""

    name: str
    values: list[tuple[str, str]]
    """(value, words)."""
    chosen: str


def short_lists(batch: Batch, asked: Asked) -> list[Choice]:
    found = [
        Choice("state", "All states", dict(RowState.choices), asked.state),
        Choice("judged", "Judged or not", row_filter.JUDGED, asked.judged),
    ]
    if batch.shape:
        found.append(Choice("fit", "Fits or not", row_filter.FITS, asked.fit))
    if batch.expected_column:
        found.append(Choice("agrees", "As expected or not", row_filter.AGREES, asked.agrees))
    return found


def value_lists(batch: Batch, asked: Asked, summary: Summary) -> list[ValueList]:
    """For each field the values that were counted, or that the shape names; the one that is asked for in any case."""
    chosen, named = dict(asked.values), answer_fields.kinds_of(batch)
    counted = {name: (codes, counts) for name, codes, counts in (summary.shown or {}).get("fields", [])}
    lists = []
    for name in answer_fields.field_names(batch)[:MOST_FIELDS]:
        codes, counts = counted.get(name, ((), ()))
        rows: dict[str, int] = dict(zip(codes, counts[3:], strict=False)) if len(codes) < MOST_VALUES else {}
        known: list[str] = sorted(rows, key=lambda value: -rows[value]) or named.get(name, [])
        values = [(value, f"{value} ({rows[value]:,})" if value in rows else value) for value in known]
        if name in chosen and chosen[name] not in known:
            values.append((chosen[name], chosen[name]))
        if values:
            lists.append(ValueList(name, values, chosen.get(name, "")))
    return lists


def held(query: QueryDict, asked: Asked) -> list[tuple[str, str]]:
    """What the address asks for and the form has no field for: it stays when the form is sent."""
    found = [(name, str(between)) for name, between in asked.between.items() if name != "length"]
    return found + [(name, str(query[name])) for name in ("expected", "answered") if query.get(name)]
