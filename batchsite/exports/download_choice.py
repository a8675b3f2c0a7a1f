"""What a person takes home: which form, which rows, which columns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from batchsite.batches.models import Batch
from batchsite.exports.row_streams import columns_of
from batchsite.exports.text_writers import column_names
from batchsite.recipes.row_set import RowSet, parse_rows
from batchsite.results import filtered_rows, judgement_columns
from batchsite.results.result_rows import field_names

ROWS: dict[str, str] = {
    "all": "All rows, in the order of the dataset",
    "succeeded": "Rows with an answer",
    "failed": "Rows that ended without one: failed, cancelled, missing, skipped",
    "misfit": "Rows whose answer does not fit the shape",
    "pending": "Rows that are still pending",
    "filter": "The rows of this filter",
}
STATES: dict[str, frozenset[str] | None] = {
    "all": None,
    "succeeded": frozenset({"succeeded"}),
    "failed": frozenset({"failed", "cancelled", "missing", "skipped"}),
    "misfit": None,
    "pending": frozenset({"pending"}),
    "filter": None,
}


@dataclass(frozen=True)
class Choice:
    """Which rows and columns of a batch; all of both where nothing is said."""

    rows: str = "all"
    ranges: str = ""
    """Only these rows of the dataset, as a person writes them: "1-100, 205"."""
    columns: tuple[str, ...] = ()
    filter: str = ""
    """With the rows `filter`: which ones, as `review.asking.kept` writes it."""

    @property
    def only(self) -> frozenset[str] | None:
        return frozenset(self.columns) or None

    @property
    def query(self) -> str:
        """As an address has it, without the form."""
        given = [("rows", self.rows)] if self.rows != "all" else []
        given += parse_qsl(self.filter) + ([("ranges", self.ranges)] if self.ranges else [])
        return urlencode(given + [("column", name) for name in self.columns])

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "ranges": self.ranges, "columns": list(self.columns), "filter": self.filter}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Choice:
        return cls(
            kept.get("rows", "all"), kept.get("ranges", ""), tuple(kept.get("columns", ())), kept.get("filter", "")
        )

    def count(self, batch: Batch) -> int | None:
        """How many rows these are; None where only looking at them would tell. Raises ValueError, in words."""
        within = self.within(batch)
        if self.rows == "all":
            return batch.total if within is None else len(within)
        if within is not None or self.rows == "filter":
            return None
        return {
            "succeeded": batch.succeeded,
            "failed": batch.unanswered + batch.skipped,
            "misfit": batch.misfits,
            "pending": batch.pending,
        }[self.rows]

    def within(self, batch: Batch) -> RowSet | None:
        """The rows of the ranges that belong to the batch; None for all. Raises ValueError, in words."""
        if not self.ranges.strip():
            return None
        asked = parse_rows(self.ranges, batch.dataset.row_count)
        found = [span for first, last in asked.spans for span in batch.rows.within(first, last).spans]
        return RowSet(found)


def names_of(batch: Batch) -> Sequence[str]:
    """The columns of the whole file."""
    return column_names(columns_of(batch), field_names(batch) if batch.shape else None)


def mark_of(batch: Batch, form: str, choice: Choice) -> str:
    """Changes when the file would: the state, every sum, and what was chosen. An ETag."""
    sums = (batch.succeeded, batch.failed, batch.cancelled, batch.missing, batch.skipped, batch.misfits)
    seen = (batch.pk, batch.state, batch.ended_at, sums, batch.cost_ticks, batch.completion_tokens, form, choice)
    said = (judgement_columns.mark_of(batch), filtered_rows.mark_of(batch) if choice.filter else ())
    return hashlib.sha256(repr((seen, said)).encode()).hexdigest()[:32]
