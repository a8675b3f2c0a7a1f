"""The lists to filter by above the table of results, as far as they apply to a batch."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.batches.states import RowState
from batchsite.results import answer_fields
from batchsite.results.models import Summary
from batchsite.results.row_filter import AGREES, FITS, JUDGED, RowFilter

MOST_FIELDS, MOST_VALUES = 8, 253
LONGEST = 100
"""Characters of a value that a list offers."""


@dataclass(frozen=True)
class FilterList:
    """A list with its name in the address; `all` is its text while nothing is chosen."""

    name: str
    label: str
    all: str
    options: dict[str, str]
    chosen: str


@dataclass(frozen=True)
class ValueList:
    """The values of a field of the answers, with the number of rows for each, or of a column of the dataset."""

    key: str
    """Its name in the address: `f.<field>` or `c.<column>`."""
    values: list[tuple[str, str]]
    """(value, words)."""
    chosen: str

    @property
    def name(self) -> str:
        return self.key[2:]

    @property
    def is_of_dataset(self) -> bool:
        return self.key[:2] == "c."


def short_lists(batch: Batch, row_filter: RowFilter) -> list[FilterList]:
    lists = [
        FilterList("state", "State", "All states", dict(RowState.choices), row_filter.state),
        FilterList("judged", "Judgement", "Judged or not", JUDGED, row_filter.judged),
    ]
    fits = {name: words for name, words in FITS.items() if (batch.copies if name == "copy" else _is_flawed(batch))}
    if fits:
        lists.append(FilterList("fit", "Format", "Any format", fits, row_filter.fit))
    if batch.expected_column:
        lists.append(FilterList("agrees", "Agreement", "As expected or not", AGREES, row_filter.agrees))
    return lists


def _is_flawed(batch: Batch) -> bool:
    """Whether its answers can have another format than the one asked for."""
    return bool(batch.shape or batch.no_answer)


def value_lists(batch: Batch, row_filter: RowFilter, summary: Summary) -> list[ValueList]:
    """Returns the counted values of each field, or those that the shape names, always with the chosen value."""
    chosen, named = dict(row_filter.values), answer_fields.kinds_of(batch)
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
            lists.append(ValueList(f"f.{name}", values, chosen.get(name, "")))
    return lists


def cell_lists(batch: Batch, row_filter: RowFilter) -> list[ValueList]:
    """Returns the values of each column of the dataset that has few and repeats them, always with the chosen value."""
    chosen = dict(row_filter.cells)
    lists: list[ValueList] = []
    for column in batch.dataset.profile.get("columns") or []:
        values = [str(value) for value, _ in column.get("values") or () if len(value) <= LONGEST]
        repeats = bool(values) and column["distinct"] * 2 <= column["filled"]
        picked = chosen.get(column["name"], "")
        if not (repeats and len(lists) < MOST_FIELDS) and not picked:
            continue
        values += [picked] if picked and picked not in values else []
        lists.append(ValueList(f"c.{column['name']}", [(value, value) for value in values], picked))
    return lists


def held(query: QueryDict, row_filter: RowFilter) -> list[tuple[str, str]]:
    """Returns the parts of the filter for which the form has no field; it sends them along."""
    ranges = [(name, str(between)) for name, between in row_filter.between.items() if name != "length"]
    ranges += [("col", key) for key in query.getlist("col")]
    return ranges + [(name, str(query[name])) for name in ("expected", "answered") if query.get(name)]
