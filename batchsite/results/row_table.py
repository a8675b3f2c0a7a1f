"""A page of the table of results, and the pages beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.results.models import Summary
from batchsite.results.row_filter import RowFilter
from batchsite.results.row_orders import Place, place_in
from batchsite.results.row_search import Search
from batchsite.results.table_columns import TableColumn, columns_of
from batchsite.results.table_rows import TableRow, rows_of

PAGE = 50


@dataclass(frozen=True)
class RowPage:
    """A page of the table, and the places of the pages beside it."""

    lines: Sequence[TableRow]
    columns: Sequence[TableColumn]
    previous: Place | None
    next: Place | None
    searched_to: int | None = None
    """The search stopped at this row; it continues behind `next`."""
    share: int = 0
    """Per cent of the rows that were scanned by then."""
    found: str | None = None
    """The rows found so far, if the search continues."""
    unsorted: str = ""
    """As in `row_search.SearchResult`; so is `as_of`."""
    as_of: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Whether there are no other rows."""
        return bool(self.lines) and self.previous is None and self.next is None and self.searched_to is None

    @property
    def count(self) -> int | None:
        """The number of all rows, if the page has room for them. None if there are more, or may be."""
        is_whole = self.previous is None and self.next is None and self.searched_to is None
        return len(self.lines) if is_whole else None

    @property
    def is_wide(self) -> bool:
        """Whether there are more columns than fit side by side, so that the table scrolls."""
        return sum(column.pixels for column in self.columns) > 1030


def page_of(
    batch: Batch,
    row_filter: RowFilter,
    query: QueryDict,
    summary: Summary | None,
    columns: Sequence[TableColumn] | None = None,
) -> RowPage:
    """Returns the page that the address names by `after`, `before` or `at`; `columns` default to those of the address.

    A search may take several requests; `rows` are those found by earlier ones.
    """
    at = place_in(query.get("at"))
    after = Place(0, at.row - row_filter.direction) if at and not row_filter.measure else place_in(query.get("after"))
    before = None if at else place_in(query.get("before"))
    shown = [column for column in columns or columns_of(batch, query) if column.chosen]
    search = Search(batch, row_filter, summary)
    if before is not None:
        return _backwards(search, shown, before)
    kept = [place for text in query.get("rows", "").split(".") if (place := place_in(text))][:PAGE]
    found = search.find(after, 1, PAGE + 1 - len(kept))
    places = [*kept, *found.places]
    more, places = len(places) > PAGE, places[:PAGE]
    begin = query.get("begin") if kept or "begin" in query else after
    lines = rows_of(search, [place.row for place in places], shown)
    return RowPage(
        lines=lines,
        columns=shown,
        previous=(places[0] if places else _behind(after, row_filter)) if begin else None,
        next=places[-1] if more else found.reached,
        searched_to=found.reached.row if found.reached and len(places) < PAGE else None,
        share=_share(batch, row_filter, found.reached),
        found=".".join(map(str, places)) or None,
        unsorted=found.unsorted,
        as_of=found.as_of,
    )


def _behind(place: Place | None, row_filter: RowFilter) -> Place | None:
    """Returns a place just behind another, so that the page before it ends with that one."""
    return Place(place.value, place.row + row_filter.direction) if place else None


def _share(batch: Batch, row_filter: RowFilter, reached: Place | None) -> int:
    last = batch.rows.last
    if reached is None or not last or row_filter.measure:
        return 0
    done = reached.row if row_filter.direction > 0 else last - reached.row
    return 100 * done // last


def _backwards(search: Search, shown: list[TableColumn], before: Place) -> RowPage:
    found = search.find(before, -1, PAGE + 1)
    more, places = len(found.places) > PAGE, found.places[:PAGE][::-1]
    lines = rows_of(search, [place.row for place in places], shown)
    previous = places[0] if places and more else found.reached
    following = places[-1] if places else Place(before.value, before.row - search.row_filter.direction)
    return RowPage(lines, shown, previous, following, unsorted=found.unsorted, as_of=found.as_of)
