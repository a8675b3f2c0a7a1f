"""The filter of a batch's rows, between the query of an address and the words of its chips. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict
from django.utils.http import urlencode

from batchsite.batches.states import RowState
from batchsite.http import clean_text
from batchsite.wording import dollars, number

SORTS = {
    "": "Row, from the first",
    "-row": "Row, from the last",
    "-cost": "Cost, highest first",
    "cost": "Cost, lowest first",
    "-tokens": "Tokens, most first",
    "tokens": "Tokens, fewest first",
    "-length": "Answer, longest first",
    "length": "Answer, shortest first",
}
JUDGED = {
    "any": "Judged",
    "none": "Not judged",
    "good": "Judged good",
    "bad": "Judged bad",
    "corrected": "Corrected",
    "comment": "With a comment",
}
FITS = {
    "empty": "Without an answer",
    "fits": "Matches the format",
    "misfit": "Doesn’t match",
    "copy": "Repeats another row",
}
AGREES = {"right": "As expected", "wrong": "Not as expected"}
SORTED = frozenset({"cost", "tokens", "length", "attempt", "state", "answer", "finish", "model"})
"""What rows are sorted by besides fields (`f.`) and columns (`c.`)."""
LONGEST_SORT = 310
MEASURES = {"tokens": "Tokens", "cost": "Cost", "length": "Characters of the answer"}
LONGEST_VALUE = 10_000
"""Characters of a value; SQLite takes up to 50,000 bytes."""
MOST_VALUES = 20
PLACES = ("after", "before", "at", "rows")
"""Parameters that only say which page of the rows is shown."""


@dataclass(frozen=True)
class Between:
    """A range from `low` to `high`, both included; None: no upper end."""

    low: int = 0
    high: int | None = None

    def __str__(self) -> str:
        return f"{self.low}-{'' if self.high is None else self.high}"


@dataclass(frozen=True)
class RowFilter:
    """Which rows are shown, and in which order; not which page of them."""

    text: str = ""
    state: str = ""
    cause: str = ""
    fit: str = ""
    finish: str = ""
    judged: str = ""
    agrees: str = ""
    expected: str = ""
    answered: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """(field, value)."""
    cells: tuple[tuple[str, str], ...] = ()
    """(column of the dataset, value)."""
    between: dict[str, Between] = field(default_factory=dict)
    """By measure."""
    sort: str = ""

    def __bool__(self) -> bool:
        """Whether rows are left out."""
        return replace(self, sort="") != RowFilter()

    @property
    def measure(self) -> str:
        """What the rows are sorted by, as in `sort_keys`; blank: their number."""
        return "" if self.is_by_row else self.sort.removeprefix("-")

    @property
    def is_by_row(self) -> bool:
        return self.sort in {"", "-row"}

    @property
    def direction(self) -> int:
        return -1 if self.sort.startswith("-") else 1

    @property
    def reads_cells(self) -> bool:
        """Whether it filters by what stands in the dataset, which has no index."""
        return bool(self.text or self.cells)

    @property
    def is_coded(self) -> bool:
        """Whether it filters by the content of answers, which codes answer."""
        return bool(self.values or self.agrees or self.expected or self.answered)


def filter_in(query: QueryDict) -> RowFilter:
    """Returns the filter in the query of an address. Unknown values are ignored."""

    def choice_of(name: str, known: Sequence[str]) -> str:
        return value if (value := query.get(name, "")) in known else ""

    values, cells = (
        [(name[2:], clean_text(query.get(name))[:LONGEST_VALUE]) for name in sorted(query) if name.startswith(kind)]
        for kind in ("f.", "c.")
    )
    between = {name: range_ for name in MEASURES if (range_ := _between(query, name))}
    return RowFilter(
        text=clean_text(query.get("search"))[:400],
        state=choice_of("state", RowState.values),
        cause=clean_text(query.get("cause"))[:60],
        fit=choice_of("fit", [*FITS]),
        finish=clean_text(query.get("finish"))[:40],
        judged=choice_of("judged", [*JUDGED]),
        agrees=choice_of("agrees", [*AGREES]),
        expected=clean_text(query.get("expected"))[:300],
        answered=clean_text(query.get("answered"))[:300],
        values=tuple((name, value) for name, value in values if name and value)[:MOST_VALUES],
        cells=tuple((name, value) for name, value in cells if name and value)[:MOST_VALUES],
        between=between,
        sort=_sort(clean_text(query.get("sort"))),
    )


def _sort(text: str) -> str:
    """Returns the order if there may be one of that name; whether a batch has it, `sort_keys` knows."""
    key = text.removeprefix("-")
    is_one = key in SORTED or (key[:2] in {"f.", "c."} and len(key) > 2)
    return text if text == "-row" or (is_one and len(text) <= LONGEST_SORT) else ""


def pairs_of(row_filter: RowFilter) -> list[tuple[str, str]]:
    """Returns (name, value) of every part that leaves rows out, as in an address; `filter_in` reads them back."""
    names = ("state", "cause", "fit", "finish", "judged", "agrees", "expected", "answered")
    parts = [("search", row_filter.text), *((name, getattr(row_filter, name)) for name in names)]
    parts += [(f"f.{name}", value) for name, value in row_filter.values]
    parts += [(f"c.{name}", value) for name, value in row_filter.cells]
    parts += [(name, str(between)) for name, between in row_filter.between.items()]
    return [(name, value) for name, value in parts if value]


def query_of(row_filter: RowFilter) -> str:
    """Returns the query for the same rows. Blank if none is left out."""
    return urlencode(pairs_of(row_filter))


def table_query(row_filter: RowFilter) -> str:
    """Returns the query for the same rows in the same order. Blank if it is that of all rows."""
    return urlencode([*pairs_of(row_filter), *([("sort", row_filter.sort)] if row_filter.sort else [])])


def unknown_filter(query: QueryDict, row_filter: RowFilter) -> str:
    """Returns a filter in the address that means nothing, such as `state=faild`. Blank if there is none."""
    chosen = ("state", "fit", "judged", "agrees", "sort")
    wrong = [name for name in chosen if query.get(name) and not getattr(row_filter, name)]
    wrong += [name for name in MEASURES if query.get(name) and name not in row_filter.between]
    return next((f"{name}={query[name][:40]}" for name in wrong), "")


def _between(query: QueryDict, name: str) -> Between | None:
    """Reads `tokens=10-20`, or the two fields of a form, `tokens-from` and `tokens-to`."""
    low, _, high = query.get(name, "").partition("-")
    low, high = query.get(f"{name}-from") or low, query.get(f"{name}-to") or high
    first, last = _whole(low), _whole(high)
    return None if not first and last is None else Between(first or 0, last)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def without(query: QueryDict, *names: str, **values: str) -> str:
    """Returns the query without these names and without the page, and with some values added: `?a=b`."""
    kept = query.copy()
    for name in (*names, *PLACES, *values):
        kept.pop(name, None)
    for name in [name for name in kept if not kept[name]]:
        kept.pop(name)
    for name, value in values.items():
        kept[name] = value
    return f"?{kept.urlencode()}" if kept else "?"


def chips(row_filter: RowFilter, query: QueryDict) -> list[tuple[str, str]]:
    """Returns (words, query without it) of every part that leaves rows out."""
    parts: list[tuple[str, tuple[str, ...]]] = []
    if row_filter.text:
        parts.append((f"“{row_filter.text}”", ("search",)))
    if row_filter.state:
        parts.append((RowState(row_filter.state).label, ("state",)))
    if row_filter.cause:
        parts.append((row_filter.cause, ("cause",)))
    for chosen, words, name in (
        (row_filter.fit, FITS, "fit"),
        (row_filter.judged, JUDGED, "judged"),
        (row_filter.agrees, AGREES, "agrees"),
    ):
        parts += [(words[chosen], (name,))] if chosen else []
    parts += [(f"finish reason {row_filter.finish}", ("finish",))] if row_filter.finish else []
    parts += [(f"{name} is {value}", (f"f.{name}",)) for name, value in row_filter.values]
    parts += [(f"{name} is {value}", (f"c.{name}",)) for name, value in row_filter.cells]
    parts += [(f"expected {row_filter.expected}", ("expected",))] if row_filter.expected else []
    parts += [(f"answered {row_filter.answered}", ("answered",))] if row_filter.answered else []
    for name, between in row_filter.between.items():
        parts.append((_range_words(name, between), (name, f"{name}-from", f"{name}-to")))
    return [(words, without(query, *names)) for words, names in parts]


def _range_words(name: str, between: Between) -> str:
    show = dollars if name == "cost" else number
    if between.high is None:
        return f"{MEASURES[name]} from {show(between.low)}"
    return f"{MEASURES[name]} {show(between.low)} to {show(between.high)}"
