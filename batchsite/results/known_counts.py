"""How many rows pass a filter, if counters or the summary tell: at any size, without reading a row."""

from __future__ import annotations

from dataclasses import replace

from batchsite.batches.models import Batch
from batchsite.batches.states import RowState
from batchsite.results import answer_fields, summaries, tallies
from batchsite.results.cause_counts import causes
from batchsite.results.models import Summary
from batchsite.results.row_filter import RowFilter
from batchsite.results.tallies import OTHER, Tally, Values


def known_count(batch: Batch, row_filter: RowFilter, summary: Summary) -> int | None:
    """Returns the number of rows. None if neither a counter nor the summary tells, or the summary is out of date."""
    asked = replace(row_filter, sort="")
    if not asked:
        return batch.total
    known = _of_counters(batch, asked)
    if known is None and asked.is_coded and summary.shown and summaries.is_current(batch, summary):
        known = _of_tally(tallies.load(summary.shown), asked)
    return known


def _of_counters(batch: Batch, asked: RowFilter) -> int | None:
    if asked.state and asked == RowFilter(state=asked.state):
        state = RowState(asked.state)
        return batch.pending if state == RowState.PENDING else int(getattr(batch, asked.state))
    if asked == RowFilter(fit="copy"):
        return batch.copies
    if asked == RowFilter(fit="misfit"):
        return batch.misfits
    if asked.cause and asked == RowFilter(cause=asked.cause):
        return dict(causes(batch)).get(asked.cause)
    return None


def _of_tally(tally: Tally, asked: RowFilter) -> int | None:
    """Returns the count of a filter with one part, or with an expected and an answered value."""
    if len(asked.values) == 1 and asked == RowFilter(values=asked.values):
        name, value = asked.values[0]
        return _rows_with(tally.fields[name], value) if name in tally.fields else 0
    if asked.agrees and asked == RowFilter(agrees=asked.agrees):
        return tally.right if asked.agrees == "right" else tally.counted - tally.right
    if asked == RowFilter(expected=asked.expected, answered=asked.answered):
        return _rows_of_pairs(tally, asked.expected, asked.answered)
    return None


def _rows_with(values: Values, value: str) -> int | None:
    code = values.codes.get(value)
    if code is None:
        return None if values.counts[OTHER] else 0
    return values.counts[code]


def _rows_of_pairs(tally: Tally, expected: str, answered: str) -> int | None:
    """Returns the rows with an expected and an answered value, either of which may be any (blank)."""
    codes = [tally.labels.codes.get(answer_fields.label(text)) if text else 0 for text in (expected, answered)]
    if None in codes:
        return None if len(tally.labels.codes) >= tallies.MOST else 0
    return sum(rows for (one, other), rows in tally.pairs.items() if codes[0] in (0, one) and codes[1] in (0, other))
