"""What the pages of datasets show, read in few queries and by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Lower

from batchsite.datasets import file_details
from batchsite.datasets.models import Dataset, DatasetState, Row
from batchsite.datasets.row_text_search import find_rows
from batchsite.key_pages import SortKey, page_by_key
from batchsite.teams.models import Team, User

PAGE = 50
SHOWN_BATCHES = 10
ROWS = 50
MOST_SHOWN = 2_000
"""Characters of a cell in the table of rows; the page of one row shows more."""
MOST_OF_A_CELL = 200_000


SORTS = {
    "name": SortKey(Lower("name")),
    "rows": SortKey(F("row_count"), "-"),
    "size": SortKey(F("size"), "-"),
    "when": SortKey(F("pk"), "-"),
}
"""By when it was uploaded is by its id."""
NEWEST = "-when"


@dataclass(frozen=True)
class Listing:
    """A page of the list, and the ids next to which the pages beside it end and begin."""

    datasets: Sequence[Dataset]
    previous: int | None = None
    next: int | None = None

    @property
    def is_live(self) -> bool:
        return any(dataset.state == DatasetState.IMPORTING for dataset in self.datasets)


@dataclass(frozen=True)
class RowPage:
    """Some rows, and the first row numbers of the previous and the next page."""

    rows: list[tuple[int, Row]]
    previous: int | None
    next: int | None
    searched_to: int | None = None
    """The row at which the search stopped; it continues after it."""
    found: str = ""
    """The rows found so far, if the search goes on."""

    @property
    def first(self) -> int:
        return self.rows[0][0] if self.rows else 0

    @property
    def last(self) -> int:
        return self.rows[-1][0] if self.rows else 0


def datasets_of(team: Team) -> QuerySet[Dataset]:
    """Returns what the team may see: nothing of other teams, nothing deleted."""
    heavy = ("problems", "questions", "answers", "understood", "profile")
    return Dataset.objects.filter(team=team, deleted_at=None).select_related("created_by", "team").defer(*heavy)


def listing(
    team: Team,
    search: str = "",
    *,
    person: int | None = None,
    sort: str = "",
    after: int | None = None,
    before: int | None = None,
) -> Listing:
    """A page of the team's datasets; `after` and `before` are the ids next to which it begins or ends."""
    found = _in_lists(team)
    found = found.filter(name__icontains=search) if search else found
    found = found.filter(created_by=person) if person else found
    page = page_by_key(found, datasets_of(team), SORTS, sort or NEWEST, size=PAGE, after=after, before=before)
    return Listing(page.records, page.previous, page.next)


def _in_lists(team: Team) -> QuerySet[Dataset]:
    """With `is_replaced`: whether a newer version of the table has come."""
    newer = Dataset.objects.filter(replaces=OuterRef("pk"), deleted_at=None)
    return datasets_of(team).annotate(is_replaced=Exists(newer))


def listed(team: Team, pks: Sequence[int]) -> Listing:
    """Returns the datasets of a page that is already shown: they keep their places whatever became of them."""
    known = _in_lists(team).in_bulk(pks[:PAGE])
    return Listing([known[pk] for pk in pks if pk in known])


def same_file(dataset: Dataset) -> Dataset | None:
    """Returns the first dataset of the team that came from the very same file before this one. None if there is none.

    The one that it replaces does not count, as whoever replaced it knows that file.
    """
    if not dataset.digest:
        return None
    others = datasets_of(dataset.team).filter(digest=dataset.digest, pk__lt=dataset.pk)
    return others.exclude(pk=dataset.replaces_id or 0).order_by("pk").first()


@dataclass(frozen=True)
class Versions:
    """The dataset that one replaces, and those that replace it, the newest first; none that is deleted."""

    before: Dataset | None
    after: list[Dataset]


def versions(dataset: Dataset) -> Versions:
    mine = datasets_of(dataset.team)
    before = mine.filter(pk=dataset.replaces_id).first() if dataset.replaces_id else None
    return Versions(before, list(mine.filter(replaces=dataset).order_by("-pk")[:SHOWN_BATCHES]))


def answers_before(dataset: Dataset) -> dict[str, str]:
    """Returns the previous version's answers: the same question most likely has the same answer."""
    before = versions(dataset).before
    return {**(before.given if before else {}), **dataset.given}


def decisions(dataset: Dataset) -> list[tuple[file_details.Decision, User | None]]:
    """What people decided about how the file is read, and who."""
    found = file_details.decisions(dataset)
    people = User.objects.in_bulk({one.by for one in found if one.by})
    return [(one, people.get(one.by or 0)) for one in found]


def row_page(dataset: Dataset, first: int) -> RowPage:
    """Returns the rows from number `first` on, or the last ones if that is beyond the end."""
    first = max(1, min(first, dataset.row_count))
    last = min(first + ROWS - 1, dataset.row_count)
    rows = [(number, [cell[:MOST_SHOWN] for cell in cells]) for number, cells in dataset.rows(first, last)]
    return RowPage(rows, max(1, first - ROWS) if first > 1 else None, last + 1 if last < dataset.row_count else None)


def searched_page(dataset: Dataset, text: str, first: int, earlier: Sequence[int]) -> RowPage:
    """Up to a page of rows with a text in a cell, from number `first` on; `earlier` are those found before."""
    found = find_rows(dataset, text, first, max(1, ROWS - len(earlier)))
    numbers = [*earlier[:ROWS], *found.rows]
    cells = dataset.pick(numbers)
    rows = [(number, [cell[:MOST_SHOWN] for cell in cells[number]]) for number in numbers if number in cells]
    goes_on = found.reached is not None and len(numbers) < ROWS
    behind = found.reached + 1 if found.reached is not None else None
    return RowPage(
        rows,
        previous=None,
        next=behind,
        searched_to=found.reached if goes_on else None,
        found=".".join(map(str, numbers)) if goes_on else "",
    )


def row_cells(dataset: Dataset, number: int) -> list[tuple[str, str]] | None:
    """(column, cell) of one row; None where the dataset has no such row."""
    if not 1 <= number <= dataset.row_count:
        return None
    return list(zip(dataset.columns, (cell[:MOST_OF_A_CELL] for cell in dataset.row(number)), strict=True))
