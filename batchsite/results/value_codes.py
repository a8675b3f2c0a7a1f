"""Rows found by what their answers hold: by the codes of the summary, or by reading while those are not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.results import answer_fields, summaries, tallies
from batchsite.results.models import Codes, Summary
from batchsite.results.row_filter import Asked
from batchsite.results.tallies import MOST, OTHER, RIGHT, WRONG, Tally, Values

AGREES = {"right": RIGHT, "wrong": WRONG}
MOST_PAGES = 200
"""Pages of codes that are held at once, a byte a row."""


@dataclass
class Finder:
    """Finds the rows of a batch whose answers are as an address asks. Pages of codes are read once."""

    batch: Batch
    summary: Summary | None
    asked: Asked
    _wants: dict[str, int] | None = None
    _pages: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        summary = self.summary
        if summary is not None and summary.shown and summaries.is_current(self.batch, summary):
            self._wants = wanted_codes(self.asked, tallies.load(summary.shown))

    @property
    def is_fast(self) -> bool:
        """Whether codes answer it; otherwise answers are read."""
        return self._wants is not None

    def rows(self, low: int, high: int) -> set[int]:
        """Those of rows `low`..`high` that are as asked."""
        if self._wants is None:
            return self._read(low, high)
        found: set[int] = set()
        firsts = range(low - (low - 1) % summaries.SLICE, high + 1, summaries.SLICE)
        self._fetch(firsts)
        for first in firsts:
            some = self._of_page(first)
            if some is None:
                some = self._read(max(low, first), min(high, first + summaries.SLICE - 1))
            found.update(row for row in some if low <= row <= high)
        return found

    def at_most(self, low: int, high: int) -> int:
        """No more rows than so many of `low`..`high` are as asked; quick, where codes answer it."""
        firsts, wants = range(low - (low - 1) % summaries.SLICE, high + 1, summaries.SLICE), self._wants or {}
        self._fetch(firsts)
        if NOBODY in wants.values():
            return 0
        if not all(self._pages.get((name, first)) for name in wants for first in firsts):
            self._wants = None  # a newer sum took their place meanwhile
            return high - low + 1
        return sum(min(self._pages[name, first].count(code) for name, code in wants.items()) for first in firsts)

    def among(self, rows: Sequence[int]) -> set[int]:
        """Those of some rows that are as asked, where codes answer it and `at_most` has read them."""
        found = set(rows) if NOBODY not in (self._wants or {}).values() else set()
        for name, code in (self._wants or {}).items():
            found = {row for row in found if self._code_of(name, row) == code}
        return found

    def _code_of(self, name: str, row: int) -> int:
        place = (row - 1) % summaries.SLICE
        page = self._pages.get((name, row - place), b"")
        return page[place] if place < len(page) else 0

    def _fetch(self, firsts: range) -> None:
        """Read the pages of codes that begin with `firsts` and were not read yet, in one go."""
        wants = self._wants or {}
        keys = [(name, first) for name in wants for first in firsts if (name, first) not in self._pages]
        if not keys or NOBODY in wants.values():
            return
        if len(self._pages) + len(keys) > MOST_PAGES:
            self._pages.clear()
        pages = Codes.objects.filter(summary=self.summary, edition=self.summary.edition if self.summary else 0)
        pages = pages.filter(name__in=sorted(wants), first__gte=firsts[0], first__lte=firsts[-1])
        for name, first, data in pages.values_list("name", "first", "data"):
            self._pages[name, first] = tallies.unpacked(bytes(data))

    def _of_page(self, first: int) -> Iterable[int] | None:
        """The rows of the page of codes that begins with `first`; None where a newer sum took its place meanwhile."""
        if NOBODY in (self._wants or {}).values():
            return []
        wanted = [(self._codes(name, first), code) for name, code in sorted((self._wants or {}).items())]
        if any(not data for data, _ in wanted):
            return None
        (codes, code), *also = wanted
        places = tallies.places(codes, code)
        return [first + place for place in places if all(data[place : place + 1] == bytes([v]) for data, v in also)]

    def _codes(self, name: str, first: int) -> bytes:
        key = (name, first)
        if key not in self._pages:
            page = Codes.objects.filter(summary=self.summary, name=name, first=first)
            data = (
                page.filter(edition=self.summary.edition if self.summary else 0).values_list("data", flat=True).first()
            )
            if len(self._pages) >= MOST_PAGES:
                self._pages.clear()
            self._pages[key] = tallies.unpacked(bytes(data)) if data else b""
        return self._pages[key]

    def _read(self, low: int, high: int) -> set[int]:
        """As `rows`, from the answers themselves."""
        asked, shape = self.asked, answer_fields.shape_in(self.batch)
        answers = Result.objects.filter(
            holding([value for _, value in asked.values], is_text=shape is None),
            batch_id=self.batch.pk,
            state=RowState.SUCCEEDED,
            row__gte=low,
            row__lte=high,
        )
        compares = bool(asked.agrees or asked.expected or asked.answered)
        cells = summaries.expected_cells(self.batch, low, high) if compares else []
        name = summaries.compared_field(self.batch, self.summary or Summary())
        found = set()
        for row, answer in answers.values_list("row", "answer"):
            values = answer_fields.values_in(shape, answer)
            if any(values.get(field) != value for field, value in asked.values):
                continue
            if not compares or _compares(asked, values.get(name, ""), cells[row - low] if cells else ""):
                found.add(row)
        return found


def holding(values: list[str], *, is_text: bool) -> Q:
    """A cheap first choice of answers: those in which the texts stand somewhere, as JSON writes them."""
    plain = [value for value in values if value.isascii() and value.isprintable() and not set(value) & set('"\\/')]
    chosen = Q()
    for value in plain if not is_text else values:
        chosen &= Q(answer__contains=value)
    return chosen


def _compares(asked: Asked, given: str, expected: str) -> bool:
    given, expected = answer_fields.label(given), answer_fields.label(expected)
    if not expected:
        return False
    if asked.agrees and (asked.agrees == "right") != (given == expected):
        return False
    if asked.expected and answer_fields.label(asked.expected) != expected:
        return False
    return not asked.answered or answer_fields.label(asked.answered) == given


NOBODY = -1
"""The code of a value that no row holds."""


def wanted_codes(asked: Asked, tally: Tally) -> dict[str, int] | None:
    """{name of codes: the one that is wanted}; None where codes cannot tell, as not every value has one."""
    wants: dict[str, int | None] = {}
    for name, value in asked.values:
        known = tally.fields.get(name)
        wants[f"field {name}"] = _code(known, value) if known else NOBODY
    compares = bool(asked.agrees or asked.expected or asked.answered)
    if compares and not tally.compared:
        return {"agrees": NOBODY}
    if asked.agrees:
        wants["agrees"] = AGREES[asked.agrees]
    for name, text in (("expected", asked.expected), ("answered", asked.answered)):
        if text:
            code = tally.labels.codes.get(answer_fields.label(text))
            wants[name] = code or (None if len(tally.labels.codes) >= MOST else NOBODY)
    return None if None in wants.values() else {name: code for name, code in wants.items() if code is not None}


def _code(known: Values, value: str) -> int | None:
    """The code of a value, `NOBODY` where no row has it; None where it may be among those without a code."""
    return known.codes.get(value) or (None if known.counts[OTHER] else NOBODY)
