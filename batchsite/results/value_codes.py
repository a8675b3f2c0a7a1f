"""Finds rows by what their answers hold: by the codes of the summary, or by reading answers while it has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from batchsite.batches.models import Batch, Result
from batchsite.batches.states import RowState
from batchsite.results import answer_fields, summaries, tallies
from batchsite.results.models import Codes, Summary
from batchsite.results.row_filter import RowFilter
from batchsite.results.tallies import MOST, OTHER, RIGHT, WRONG, Tally, Values

AGREES = {"right": RIGHT, "wrong": WRONG}
MOST_PAGES = 200
"""Pages of codes in memory at once, one byte per row."""


@dataclass
class Finder:
    """Finds the rows of a batch whose answers pass a filter. Reads each page of codes once."""

    batch: Batch
    summary: Summary | None
    row_filter: RowFilter
    _wants: dict[str, int] | None = None
    _pages: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        summary = self.summary
        if summary is not None and summary.shown and summaries.is_current(self.batch, summary):
            self._wants = wanted_codes(self.row_filter, tallies.load(summary.shown))

    @property
    def is_fast(self) -> bool:
        """Whether codes answer it; otherwise answers are read."""
        return self._wants is not None

    def rows(self, low: int, high: int) -> set[int]:
        """Returns those of rows `low` to `high` that pass the filter."""
        if self._wants is None:
            return self._read(low, high)
        found: set[int] = set()
        firsts = range(low - (low - 1) % summaries.SLICE, high + 1, summaries.SLICE)
        self._fetch(firsts)
        for first in firsts:
            rows = self._of_page(first)
            if rows is None:
                rows = self._read(max(low, first), min(high, first + summaries.SLICE - 1))
            found.update(row for row in rows if low <= row <= high)
        return found

    def at_most(self, low: int, high: int) -> int:
        """Returns an upper bound of the rows `low` to `high` that pass the filter; quick if codes answer it."""
        firsts, wants = range(low - (low - 1) % summaries.SLICE, high + 1, summaries.SLICE), self._wants or {}
        self._fetch(firsts)
        if NOBODY in wants.values():
            return 0
        if not all(self._pages.get((name, first)) for name in wants for first in firsts):
            self._wants = None  # a newer count has replaced them
            return high - low + 1
        return sum(min(self._pages[name, first].count(code) for name, code in wants.items()) for first in firsts)

    def among(self, rows: Sequence[int]) -> set[int]:
        """Returns those of some rows that pass the filter. Only if codes answer it, after `at_most` has read them."""
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
        """Returns the rows of the page of codes that begins with `first`. None if a newer count has replaced it."""
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
        """As `rows`, but reads the answers themselves."""
        row_filter, shape = self.row_filter, answer_fields.shape_in(self.batch)
        answers = Result.objects.filter(
            holding([value for _, value in row_filter.values], is_text=shape is None),
            batch_id=self.batch.pk,
            state=RowState.SUCCEEDED,
            row__gte=low,
            row__lte=high,
        )
        compares = bool(row_filter.agrees or row_filter.expected or row_filter.answered)
        cells = summaries.expected_cells(self.batch, low, high) if compares else []
        name = summaries.compared_field(self.batch, self.summary or Summary())
        found = set()
        for row, answer in answers.values_list("row", "answer"):
            values = answer_fields.values_in(shape, answer)
            if any(values.get(field) != value for field, value in row_filter.values):
                continue
            if not compares or _compares(row_filter, values.get(name, ""), cells[row - low] if cells else ""):
                found.add(row)
        return found


def holding(values: list[str], *, is_text: bool) -> Q:
    """Returns a cheap condition that answers with these values meet: they contain the texts as JSON writes them."""
    plain = [value for value in values if value.isascii() and value.isprintable() and not set(value) & set('"\\/')]
    chosen = Q()
    for value in plain if not is_text else values:
        chosen &= Q(answer__contains=value)
    return chosen


def _compares(row_filter: RowFilter, given: str, expected: str) -> bool:
    given, expected = answer_fields.label(given), answer_fields.label(expected)
    if not expected:
        return False
    if row_filter.agrees and (row_filter.agrees == "right") != (given == expected):
        return False
    if row_filter.expected and answer_fields.label(row_filter.expected) != expected:
        return False
    return not row_filter.answered or answer_fields.label(row_filter.answered) == given


NOBODY = -1
"""The code of a value that no row has."""


def wanted_codes(row_filter: RowFilter, tally: Tally) -> dict[str, int] | None:
    """Returns {name of codes: the wanted code}. None if codes cannot tell, because not every value has one."""
    wants: dict[str, int | None] = {}
    for name, value in row_filter.values:
        known = tally.fields.get(name)
        wants[f"field {name}"] = _code(known, value) if known else NOBODY
    compares = bool(row_filter.agrees or row_filter.expected or row_filter.answered)
    if compares and not tally.compared:
        return {"agrees": NOBODY}
    if row_filter.agrees:
        wants["agrees"] = AGREES[row_filter.agrees]
    for name, text in (("expected", row_filter.expected), ("answered", row_filter.answered)):
        if text:
            code = tally.labels.codes.get(answer_fields.label(text))
            wants[name] = code or (None if len(tally.labels.codes) >= MOST else NOBODY)
    return None if None in wants.values() else {name: code for name, code in wants.items() if code is not None}


def _code(known: Values, value: str) -> int | None:
    """Returns the code of a value, `NOBODY` if no row has it. None if it may be among the values without a code."""
    return known.codes.get(value) or (None if known.counts[OTHER] else NOBODY)
