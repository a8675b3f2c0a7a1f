"""The counts of a batch as charts whose bars are links to the filtered rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.charts.chart import Chart, Entry, Ranks, histogram, plain, ranks
from batchsite.results import agreement, answer_fields, tallies
from batchsite.results.agreement import Agreement
from batchsite.results.models import Summary
from batchsite.results.row_filter import RowFilter, without
from batchsite.results.tallies import MOST, NO_VALUE, OTHER, Tally, Values, bin_of
from batchsite.wording import exact

BARS = 18
TOP, ALL = 10, 253
"""Most values of a field that are shown at once, and behind "show all"."""
MOST_FIELDS = 8
TITLES = {"tokens": "Tokens of a row", "cost": "Cost of a row", "length": "Characters of an answer"}


@dataclass(frozen=True)
class FieldPicture:
    """The values of one field: the most frequent ones, and the others to unfold."""

    top: Ranks
    rest: Ranks | None
    note: str = ""

    @property
    def count(self) -> int:
        return len(self.top.rows) + (len(self.rest.rows) if self.rest else 0)


@dataclass(frozen=True)
class Picture:
    """All charts of a batch. `rows` were counted."""

    fields: Sequence[FieldPicture]
    charts: Sequence[Chart]
    agreement: Agreement | None
    rows: int


def picture_of(batch: Batch, summary: Summary, row_filter: RowFilter, query: QueryDict) -> Picture | None:
    """Returns the charts. None if nothing was counted yet."""
    stored = summary.shown or summary.tally
    if not stored:
        return None
    tally = tallies.load(stored)
    pictures = [
        picture
        for place, (name, values) in enumerate(tally.fields.items())
        if place < MOST_FIELDS and (picture := _field(place, name, values, tally, row_filter, query))
    ]
    charts = [chart for name in tallies.MEASURES if (chart := _histogram(name, tally.bins[name], query)) is not None]
    return Picture(pictures, charts, agreement.agreement(tally), tally.rows)


# ---- values ------------------------------------------------------------------------------------------


def _field(
    place: int, name: str, values: Values, tally: Tally, row_filter: RowFilter, query: QueryDict
) -> FieldPicture | None:
    """Returns bars of the values. None if there are no values to tell apart."""
    ranked = values.ranked
    is_text = len(ranked) >= MOST or values.counts[OTHER] > tally.answers / 2
    if is_text:
        ranked = [(value, rows) for value, rows in ranked[:TOP] if rows * 200 > tally.answers]
    if not ranked:
        return None
    chosen = dict(row_filter.values).get(name)
    most = ranked[0][1]
    title = "Answers" if name == answer_fields.WHOLE and len(tally.fields) == 1 else name
    entries = [_entry(name, value, rows, tally, chosen, query) for value, rows in ranked]
    top = ranks(f"field-{place}", title, entries[:TOP], most=most)
    rest = ranks(f"field-{place}-rest", "The others", entries[TOP:ALL], most=most) if entries[TOP:] else None
    return FieldPicture(top, rest, _note(values, is_text=is_text))


def _entry(name: str, value: str, rows: int, tally: Tally, chosen: str | None, query: QueryDict) -> Entry:
    current = value == chosen
    href = without(query, f"f.{name}") if current else without(query, **{f"f.{name}": value})
    share = f"{100 * rows / tally.answers:.1f} %"
    return Entry(value, rows, f"{href}#results", "s1", current, share)


def _note(values: Values, *, is_text: bool) -> str:
    words = []
    if is_text:
        words.append("The other answers are too many and too varied to list.")
    elif values.counts[OTHER]:
        words.append(f"{plain(values.counts[OTHER])} rows hold longer texts.")
    if values.counts[NO_VALUE]:
        words.append(f"{plain(values.counts[NO_VALUE])} answers have no value here.")
    return " ".join(words)


# ---- numbers -----------------------------------------------------------------------------------------


def _histogram(name: str, bins: dict[int, int], query: QueryDict) -> Chart | None:
    """Returns rows by a number, in bars of equal width; the last bar takes the few outliers."""
    if not bins:
        return None
    edges = edges_of(bins)
    counts = [0] * (len(edges) - 1)
    for value, rows in bins.items():
        place = min((value - edges[0]) // (edges[1] - edges[0]), len(counts) - 1)
        counts[place] += rows
    show: Callable[[float], str] = (lambda value: exact(int(value))) if name == "cost" else plain
    hrefs = [
        without(query, f"{name}-from", f"{name}-to", **{name: f"{low}-{high - 1}"}) + "#results"
        for low, high in pairwise(edges)
    ]
    return histogram(name, TITLES[name], edges, counts, show_edge=show, hrefs=hrefs)


def edges_of(bins: dict[int, int]) -> list[int]:
    """Returns round edges for about `BARS` bars: equal steps up to the 99th percentile, then one bar for the rest."""
    values = sorted(bins)
    total, seen, high = sum(bins.values()), 0, values[-1]
    for value in values:
        seen += bins[value]
        if seen >= 0.99 * total:
            high = value
            break
    step = _round_step(max(1, ceil((high - values[0] + 1) / BARS)))
    step = max(step, _width(high))
    low = values[0] - values[0] % step
    edges = list(range(low, high + step + 1, step))
    if edges[-1] <= high:
        edges.append(edges[-1] + step)
    last = values[-1] + _width(values[-1])
    return [*edges[:-1], max(edges[-1], last)] if len(edges) > 1 else [low, max(low + step, last)]


def _round_step(step: int) -> int:
    """Returns the next of 1, 2, 5, 10, 20, 50, … from `step` up."""
    power: int = 10 ** (len(str(step)) - 1)
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step)


def _width(value: int) -> int:
    """Returns the width of the bin around a value (see `tallies.bin_of`)."""
    width = 1
    while bin_of(value + width) == bin_of(value):
        width *= 10
    return width
