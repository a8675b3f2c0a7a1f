"""Charts that `templates/charts` draws as SVG, with words for screen readers and a table behind each. Pure.

    columns(key, title, labels, series)      stacked bars, one per label (days)
    histogram(key, title, edges, counts)     bars side by side, between edges
    area(key, title, points)                 a line with its area, over time
    ranks(key, title, entries)               rows with a bar each, in the given order

`{% include "charts/chart.html" with chart=… %}` for the first three, `"charts/ranks.html" with ranks=…` for the last.
Positions are per cent of the plot as text, from the top left, so that a chart fits any width. `key` is unique on the
page and becomes part of ids; `show` turns a value into words, `axis` into the shorter words beside an axis. `tone`
is a class of the stylesheet: good, bad, warn and rest for what became of rows, s1 to s6 for anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from batchsite.charts.scales import thinned, ticks

Show = Callable[[float], str]
LABELS = 6
"""Most labels below the axis: more would overlap on a phone."""
LETTERS = 32
"""Most letters of all labels below a histogram, about what fits on a phone."""
POINTS = 200


def plain(value: float) -> str:
    """Returns 7166 as 7,166, and a fraction with three significant digits."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.3g}"


@dataclass(frozen=True)
class Series:
    """One value per label of a chart."""

    name: str
    values: Sequence[float]
    tone: str = "s1"


@dataclass(frozen=True)
class BarPart:
    """A rectangle of a bar."""

    tone: str
    y: str
    height: str


@dataclass(frozen=True)
class Bar:
    """A position on the axis with its parts, its words and its link."""

    x: str
    width: str
    parts: Sequence[BarPart]
    words: str
    href: str = ""


@dataclass(frozen=True)
class Tick:
    """A label beside an axis, at a position in per cent."""

    at: str
    words: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Chart:
    """What the template draws. `line` and `area` are paths in a box of 100 by 100; empty if there are none."""

    key: str
    title: str
    summary: str
    """What the chart shows, in one sentence for screen readers."""
    bars: Sequence[Bar]
    rules: Sequence[Tick]
    labels: Sequence[Tick]
    legend: Sequence[tuple[str, str]]
    """(tone, name)."""
    head: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str], str]]
    """(label, values in words, href) of the table."""
    line: str = ""
    area: str = ""

    @property
    def leads(self) -> bool:
        """Whether its bars are links."""
        return any(bar.href for bar in self.bars)

    @property
    def is_empty(self) -> bool:
        return not self.line and not any(bar.parts for bar in self.bars)


def columns(
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    show: Show = plain,
    axis: Show | None = None,
    first: str = "Day",
    hrefs: Sequence[str] = (),
) -> Chart:
    """Stacked bars, one per label. `first` is the header of the table's first column."""
    sums = [sum(part.values[place] for part in series) for place in range(len(labels))]
    scale = ticks(max(sums, default=0.0))
    bars = []
    for place, label in enumerate(labels):
        values = [(part.tone, part.values[place]) for part in series]
        shown = [f"{show(part.values[place])} {part.name}" for part in series if part.values[place]]
        words = f"{label}: {', '.join(shown) if len(series) > 1 and shown else show(sums[place])}"
        href = hrefs[place] if hrefs else ""
        bars.append(Bar(*_place(place, len(labels), 0.28), _stack(values, scale[-1]), words, href))
    names = [part.name for part in series]
    table = [
        (label, [show(part.values[place]) for part in series], hrefs[place] if hrefs else "")
        for place, label in enumerate(labels)
    ]
    legend = [(part.tone, part.name) for part in series] if len(series) > 1 else []
    return Chart(
        key,
        title,
        _summary(title, labels, sums, show),
        bars,
        _rules(scale, axis or show),
        _below(labels),
        legend,
        [first, *names],
        table,
    )


def histogram(
    key: str,
    title: str,
    edges: Sequence[float],
    counts: Sequence[float],
    *,
    show_edge: Show = plain,
    tone: str = "s1",
    hrefs: Sequence[str] = (),
    what: str = "rows",
    first: str = "From – to",
) -> Chart:
    """Counts between edges: one more edge than counts. The axis has whole numbers."""
    scale = ticks(max(counts, default=0.0), whole=True)
    names = [f"{show_edge(low)} – {show_edge(high)}" for low, high in pairwise(edges)]
    bars = [
        Bar(
            *_place(place, len(counts), 0.06),
            _stack([(tone, count)], scale[-1]),
            f"{names[place]}: {plain(count)} {what}",
            hrefs[place] if hrefs else "",
        )
        for place, count in enumerate(counts)
    ]
    longest = max((len(show_edge(edge)) for edge in edges), default=1)
    every = -(-len(edges) // max(2, min(LABELS, LETTERS // longest)))
    below = [
        Tick(_percent(place / max(1, len(counts))), show_edge(edge), _anchor(place, len(edges)))
        for place, edge in enumerate(edges)
        if place % every == 0
    ]
    table = [(name, [plain(counts[place])], hrefs[place] if hrefs else "") for place, name in enumerate(names)]
    summary = _summary(title, names, counts, plain)
    return Chart(key, title, summary, bars, _rules(scale, plain), below, [], [first, what.capitalize()], table)


def area(
    key: str,
    title: str,
    points: Sequence[tuple[float, float]],
    *,
    show_x: Show = plain,
    show: Show = plain,
    head: tuple[str, str] = ("Time", "Rows"),
    tone: str = "s1",
    most: float = 0.0,
) -> Chart:
    """A line through (x, y), ascending in x, with the area below it. Draws at most 200 points.

    The plot ends at the greatest y, or at `most` if that is more.
    """
    drawn = thinned(points, POINTS)
    first, last = (drawn[0][0], drawn[-1][0]) if drawn else (0.0, 0.0)
    top = max([most, *(value for _, value in drawn)]) or 1.0
    scale = [value for value in ticks(top) if value <= top]
    width = (last - first) or 1.0
    places = [(100 * (x - first) / width, 100 - 100 * y / top) for x, y in drawn]
    if last == first and places:  # all at the same moment: the value did not change afterwards
        places.append((100.0, places[-1][1]))
    line = "M" + " L".join(f"{x:.2f} {y:.2f}" for x, y in places) if len(places) > 1 else ""
    below = [
        Tick(_percent(share), show_x(first + share * width), anchor)
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    ]
    table = [(show_x(x), [show(y)], "") for x, y in thinned(drawn, 24)]
    summary = _summary(title, [show_x(x) for x, _ in drawn], [y for _, y in drawn], show)
    return Chart(
        key, title, summary, [], _rules(scale, show, top), below if line else [], [(tone, head[1])], head, table, line,
        f"{line} L100 100 L0 100 Z" if line else "",
    )  # fmt: skip


# ---- rows with a bar ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """A row of `ranks`; `extra` is text after the value."""

    label: str
    value: float
    href: str = ""
    tone: str = "s1"
    current: bool = False
    extra: str = ""


@dataclass(frozen=True)
class Rank:
    """An entry with the width of its bar in per cent and its value in words."""

    entry: Entry
    width: str
    words: str


@dataclass(frozen=True)
class Ranks:
    """What `charts/ranks.html` draws: a list, which needs no table behind it."""

    key: str
    title: str
    rows: Sequence[Rank]


def ranks(key: str, title: str, entries: Sequence[Entry], *, show: Show = plain, most: float | None = None) -> Ranks:
    """Rows in the given order; the widest bar is `most`, or the greatest value."""
    top = most or max((entry.value for entry in entries), default=0.0) or 1.0
    rows = [Rank(entry, _percent(min(1.0, max(0.0, entry.value / top))), show(entry.value)) for entry in entries]
    return Ranks(key, title, rows)


# ---- geometry ----------------------------------------------------------------------------------------


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"


def _place(number: int, count: int, gap: float) -> tuple[str, str]:
    """Returns (x, width) of a bar by its number; `gap` is the share of its room left free."""
    room = 1 / max(1, count)
    return _percent(room * (number + gap / 2)), _percent(room * (1 - gap))


def _stack(values: Sequence[tuple[str, float]], top: float) -> list[BarPart]:
    """Returns rectangles from the bottom up, none thinner than half a per cent."""
    parts, below = [], 0.0
    for tone, value in values:
        if value > 0:
            share = max(value / top, 0.005)
            parts.append(BarPart(tone, _percent(max(0.0, 1 - below - share)), _percent(share)))
            below += share
    return parts


def _rules(scale: Sequence[float], show: Show, top: float | None = None) -> list[Tick]:
    return [Tick(_percent(1 - value / (top or scale[-1])), show(value)) for value in scale]


def _below(labels: Sequence[str]) -> list[Tick]:
    """Returns labels at the middle of their bars, as many as fit, including the last one."""
    every = max(1, -(-len(labels) // LABELS))
    start = (len(labels) - 1) % every
    return [
        Tick(_percent((place + 0.5) / len(labels)), label)
        for place, label in enumerate(labels)
        if place % every == start
    ]


def _anchor(place: int, count: int) -> str:
    return "start" if place == 0 else "end" if place == count - 1 else "middle"


def _summary(title: str, labels: Sequence[str], values: Sequence[float], show: Show) -> str:
    """Returns a sentence such as `Spend by day: 12 values, the highest $1.20 at 3 Nov.`"""
    if not any(values):
        return f"{title}: nothing yet."
    place = max(range(len(values)), key=lambda number: values[number])
    return f"{title}: {len(values)} values, the highest {show(values[place])} at {labels[place]}."
