"""What an address asks of the rows of a batch: which ones, in which order, with which columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict
from django.utils.http import urlencode

from batchsite.batches.states import RowState
from batchsite.http import words_of
from batchsite.wording import dollars, number

SORTS = {
    "": "Row, from the first",
    "-row": "Row, from the last",
    "-cost": "Cost, dearest first",
    "cost": "Cost, cheapest first",
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
FITS = {"fits": "Fits the shape", "misfit": "Does not fit"}
AGREES = {"right": "As expected", "wrong": "Not as expected"}
MEASURES = {"tokens": "Tokens", "cost": "Cost", "length": "Characters of the answer"}
MOST_VALUES = 20
PLACES = ("after", "before", "at", "rows")
"""What only says where one is on the way through the rows."""


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included; None: no end."""

    low: int = 0
    high: int | None = None

    def __str__(self) -> str:
        return f"{self.low}-{'' if self.high is None else self.high}"


@dataclass(frozen=True)
class Asked:
    """Which rows, and in which order. `after` and `before` are not part of it."""

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
    between: dict[str, Between] = field(default_factory=dict)
    """By measure."""
    sort: str = ""

    def __bool__(self) -> bool:
        """Whether rows are left out."""
        return replace(self, sort="") != Asked()

    @property
    def measure(self) -> str:
        """What the rows are sorted by; blank: by their number."""
        name = self.sort.removeprefix("-")
        return name if name in MEASURES else ""

    @property
    def direction(self) -> int:
        return -1 if self.sort.startswith("-") else 1

    @property
    def is_coded(self) -> bool:
        """Whether it is about the content of answers, which codes know."""
        return bool(self.values or self.agrees or self.expected or self.answered)


def asked_in(query: QueryDict) -> Asked:
    """What the address asks for; what it does not know counts as not asked."""

    def one_of(name: str, known: Sequence[str]) -> str:
        return value if (value := query.get(name, "")) in known else ""

    values = [(name[2:], words_of(query.get(name))) for name in sorted(query) if name.startswith("f.")]
    between = {name: found for name in MEASURES if (found := _between(query, name))}
    return Asked(
        text=words_of(query.get("search"))[:400],
        state=one_of("state", RowState.values),
        cause=words_of(query.get("cause"))[:60],
        fit=one_of("fit", [*FITS]),
        finish=words_of(query.get("finish"))[:40],
        judged=one_of("judged", [*JUDGED]),
        agrees=one_of("agrees", [*AGREES]),
        expected=words_of(query.get("expected"))[:300],
        answered=words_of(query.get("answered"))[:300],
        values=tuple((name, value) for name, value in values if name and value)[:MOST_VALUES],
        between=between,
        sort=one_of("sort", [*SORTS]),
    )


def pairs(asked: Asked) -> list[tuple[str, str]]:
    """(name, value) of all that leaves rows out, as an address has it: `asked_in` reads it as the same again."""
    names = ("state", "cause", "fit", "finish", "judged", "agrees", "expected", "answered")
    found = [("search", asked.text), *((name, getattr(asked, name)) for name in names)]
    found += [(f"f.{name}", value) for name, value in asked.values]
    found += [(name, str(between)) for name, between in asked.between.items()]
    return [(name, value) for name, value in found if value]


def kept(asked: Asked) -> str:
    """The query that asks for the same rows; blank where none is left out."""
    return urlencode(pairs(asked))


def unread(query: QueryDict, asked: Asked) -> str:
    """A filter of the address that means nothing, `state=faild`; blank where there is none."""
    chosen = ("state", "fit", "judged", "agrees")
    wrong = [name for name in chosen if query.get(name) and not getattr(asked, name)]
    wrong += [name for name in MEASURES if query.get(name) and name not in asked.between]
    return next((f"{name}={query[name][:40]}" for name in wrong), "")


def _between(query: QueryDict, name: str) -> Between | None:
    """`tokens=10-20`, or the two fields of a form, `tokens-from` and `tokens-to`."""
    low, _, high = query.get(name, "").partition("-")
    low, high = query.get(f"{name}-from") or low, query.get(f"{name}-to") or high
    first, last = _whole(low), _whole(high)
    return None if not first and last is None else Between(first or 0, last)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def without(query: QueryDict, *names: str, **values: str) -> str:
    """The address's query without these names and without a place on the way, and with some values: `?a=b`."""
    kept = query.copy()
    for name in (*names, *PLACES, *values):
        kept.pop(name, None)
    for name in [name for name in kept if not kept[name]]:
        kept.pop(name)
    for name, value in values.items():
        kept[name] = value
    return f"?{kept.urlencode()}" if kept else "?"


def chips(asked: Asked, query: QueryDict) -> list[tuple[str, str]]:
    """(words, query without it) of everything that leaves rows out."""
    found: list[tuple[str, tuple[str, ...]]] = []
    if asked.text:
        found.append((f"“{asked.text}”", ("search",)))
    if asked.state:
        found.append((RowState(asked.state).label, ("state",)))
    if asked.cause:
        found.append((asked.cause, ("cause",)))
    for chosen, words, name in (
        (asked.fit, FITS, "fit"),
        (asked.judged, JUDGED, "judged"),
        (asked.agrees, AGREES, "agrees"),
    ):
        found += [(words[chosen], (name,))] if chosen else []
    found += [(f"finish reason {asked.finish}", ("finish",))] if asked.finish else []
    found += [(f"{name} is {value}", (f"f.{name}",)) for name, value in asked.values]
    found += [(f"expected {asked.expected}", ("expected",))] if asked.expected else []
    found += [(f"answered {asked.answered}", ("answered",))] if asked.answered else []
    for name, between in asked.between.items():
        found.append((_range_words(name, between), (name, f"{name}-from", f"{name}-to")))
    return [(words, without(query, *names)) for words, names in found]


def _range_words(name: str, between: Between) -> str:
    show = dollars if name == "cost" else number
    if between.high is None:
        return f"{MEASURES[name]} from {show(between.low)}"
    return f"{MEASURES[name]} {show(between.low)} to {show(between.high)}"
