"""The choice of rows and columns for a download."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from batchsite.batches.models import Batch
from batchsite.exports.row_streams import columns_of
from batchsite.recipes.download_columns import column_names
from batchsite.recipes.row_set import RowSet, parse_rows
from batchsite.results import filtered_rows, judgement_columns
from batchsite.results.answer_fields import shape_fields

ROWS: dict[str, str] = {
    "all": "All rows, in the order of the dataset",
    "succeeded": "Rows with an answer",
    "failed": "Rows that ended without one: failed, cancelled, missing, skipped",
    "misfit": "Rows whose answer doesn’t match the format",
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
class DownloadChoice:
    """Which rows and columns of a batch; by default all of both."""

    rows: str = "all"
    ranges: str = ""
    """Only these rows of the dataset, as a person types them: "1-100, 205"."""
    columns: tuple[str, ...] = ()
    filter: str = ""
    """The filter, if `rows` is `filter`, as `row_filter.query_of` writes it."""
    sort: str = ""
    """The order of the rows of the filter, as in `row_filter.SORTS`; blank: that of the dataset."""

    @property
    def only(self) -> frozenset[str] | None:
        return frozenset(self.columns) or None

    @property
    def query(self) -> str:
        """The query of an address for this choice, without the form."""
        given = [("rows", self.rows)] if self.rows != "all" else []
        given += parse_qsl(self.filter) + ([("sort", self.sort)] if self.sort else [])
        given += [("ranges", self.ranges)] if self.ranges else []
        return urlencode(given + [("column", name) for name in self.columns])

    def as_json(self) -> dict[str, Any]:
        kept = {"rows": self.rows, "ranges": self.ranges, "columns": list(self.columns), "filter": self.filter}
        return kept | ({"sort": self.sort} if self.sort else {})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> DownloadChoice:
        columns, row_filter = tuple(kept.get("columns", ())), kept.get("filter", "")
        return cls(kept.get("rows", "all"), kept.get("ranges", ""), columns, row_filter, kept.get("sort", ""))

    def count(self, batch: Batch) -> int | None:
        """Returns the number of rows. None if only reading them would tell. Raises ValueError for bad ranges."""
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
        """Returns the rows of the ranges that are in the batch. None for all. Raises ValueError for bad ranges."""
        if not self.ranges.strip():
            return None
        typed = parse_rows(self.ranges, batch.dataset.row_count)
        return RowSet(span for first, last in typed.spans for span in batch.rows.within(first, last).spans)


def names_of(batch: Batch) -> Sequence[str]:
    """Returns the columns of the whole file."""
    return column_names(columns_of(batch), shape_fields(batch) if batch.shape else None)


def fingerprint(batch: Batch, form: str, choice: DownloadChoice) -> str:
    """Changes when the file would: an ETag of the state, all counters, judgements and the choice."""
    sums = (
        batch.succeeded,
        batch.failed,
        batch.cancelled,
        batch.missing,
        batch.skipped,
        batch.misfits,
        batch.flawed,
        batch.copies,
    )
    seen = (batch.pk, batch.state, batch.ended_at, sums, batch.cost_ticks, batch.completion_tokens, form, choice)
    others = (judgement_columns.fingerprint(batch), filtered_rows.fingerprint(batch) if choice.filter else ())
    return hashlib.sha256(repr((seen, others)).encode()).hexdigest()[:32]
